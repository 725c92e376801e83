"""Parameters out of the fields of a form, for the query protocol and EC2's. Pure.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html and aws-ec2-query-protocol.html
The fields become a tree first, so that the cost is that of what was sent, not that of the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from narrowgate.adapters.sandbox.scalars import Unfit, of_text
from narrowgate.adapters.sandbox.shapes import MAX_DEPTH, Node
from narrowgate.calls import Fields, Value

Tree: TypeAlias = "dict[str, Tree] | str"

# What every query service takes beside an operation's own parameters.
COMMON: Final = frozenset({"Action", "Version"})


def params_of(node: Node, fields: Iterable[tuple[str, str]], *, strict: bool) -> Fields:
    """The parameters of an operation; with `strict` (EC2) one that it has not is refused. Raises Unfit."""
    tree = _tree((name, value) for name, value in fields if name not in COMMON)
    made = _structure(node, tree, "", strict)
    assert isinstance(made, Fields)
    return made


def _tree(fields: Iterable[tuple[str, str]]) -> Tree:
    root: dict[str, Tree] = {}
    for name, value in fields:
        *stems, leaf = name.split(".")
        if len(stems) > MAX_DEPTH:
            raise Unfit("malformed", name[:60], "nested too deeply")
        branch = root
        for stem in stems:
            below = branch.setdefault(stem, {})
            if not isinstance(below, dict):
                raise Unfit("malformed", name, "both a value and a structure")
            branch = below
        # Two values for one name: a reader further on could take the other one.
        if leaf in branch:
            raise Unfit("malformed", name, "given more than once")
        branch[leaf] = value
    return root


def _value(node: Node, tree: Tree, where: str, strict: bool) -> Value:
    match node.kind:
        case "structure":
            return _structure(node, tree, where, strict)
        case "list":
            return _list(node, tree, where, strict)
        case "map":
            return _map(node, tree, where, strict)
    if not isinstance(tree, str):
        raise Unfit("wrong", where, f"a structure where a {node.kind} is expected")
    return of_text(node, tree, where)


def _structure(node: Node, tree: Tree, where: str, strict: bool) -> Value:
    if isinstance(tree, str):
        raise Unfit("wrong", where, "a text where a structure is expected")
    made: dict[str, Value] = {}
    for wire, below in tree.items():
        path = f"{where}.{wire}" if where else wire
        found = node.by_wire.get(wire)
        if found:
            made[found[0]] = _value(found[1], below, path, strict)
        elif strict:
            raise Unfit("unknown", path)
    for name in node.required:
        if name not in made:
            raise Unfit("missing", f"{where}.{name}" if where else name)
    return Fields(made)


def _list(node: Node, tree: Tree, where: str, strict: bool) -> Value:
    # An empty list is an empty text.
    if tree == "":
        return ()
    flat = node.flattened or node.pool.protocol == "ec2"
    below = tree if flat else _only(tree, node.element.wire or "member", where)
    return tuple(_value(node.element, each, path, strict) for path, each in _numbered(below, where))


def _map(node: Node, tree: Tree, where: str, strict: bool) -> Value:
    if tree == "":
        return Fields()
    below = tree if node.flattened else _only(tree, "entry", where)
    made: dict[str, Value] = {}
    names = (node.key.wire or "key", node.value.wire or "value")
    for path, each in _numbered(below, where):
        if not isinstance(each, dict) or set(each) != set(names):
            raise Unfit("malformed", path, f"an entry has {names[0]} and {names[1]}")
        key = _value(node.key, each[names[0]], path, strict)
        if not isinstance(key, str) or key in made:
            raise Unfit("malformed", path, "a key is given more than once")
        made[key] = _value(node.value, each[names[1]], path, strict)
    return Fields(made)


def _only(tree: Tree, name: str, where: str) -> Tree:
    if not isinstance(tree, dict) or set(tree) != {name}:
        raise Unfit("malformed", where, f"a list has elements {where}.{name}.1 and on")
    return tree[name]


def _numbered(tree: Tree, where: str) -> list[tuple[str, Tree]]:
    """The elements in order. Their numbers go from 1 without a gap: readers differ in what a gap means."""
    if not isinstance(tree, dict):
        raise Unfit("wrong", where, "a text where a list is expected")
    numbers = [str(number) for number in range(1, len(tree) + 1)]
    if not all(number in tree for number in numbers):
        raise Unfit("malformed", where, "the numbers of a list go from 1 without a gap")
    return [(f"{where}.{number}", tree[number]) for number in numbers]
