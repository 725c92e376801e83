"""YAML with the line of everything in it, and none of YAML's traps. Pure."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from narrowgate.errors import UsageError

if TYPE_CHECKING:
    from ruamel.yaml import YAML

Location: TypeAlias = tuple[int | str, ...]
"""Keys and positions from the root: `("credentials", 0, "sink")`."""
LONGEST = 100_000
MOST_BRACKETS = 500


def load(text: str, name: str) -> Mapping[str, Any]:
    """The mapping that the text spells. Raises UsageError with the line of what is wrong."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        _refuse_bombs(YAML(typ="rt", pure=True), text, name)
        tree = YAML(typ="rt", pure=True).load(io.StringIO(text))
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        # ruamel has the key only inside its message.
        found = re.search(r'duplicate key "(.*?)"', error.problem or "")
        key = f"the key `{found[1]}`" if found and found[1].isprintable() else "a key"
        raise UsageError(f"{name}:{line}: {key} is written twice; keep one of the two") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        tab = r"'\t'" in (error.problem or "")
        why = "use spaces, YAML does not take tabs" if tab else error.problem or error.context
        raise UsageError(f"{name}:{line}: this is not YAML: {why}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{name}:1: this is not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(tree, Mapping):
        raise UsageError(f"{name}:1: a spec is a list of keys such as `system:` and `region:`; see `narrowgate init`")
    return tree


def _refuse_bombs(yaml: YAML, text: str, name: str) -> None:
    """An alias lets a page of YAML stand for gigabytes, and deep brackets take minutes; a spec has no use for them."""
    if len(text) > LONGEST or text.count("[") + text.count("{") > MOST_BRACKETS:
        raise UsageError(f"{name}:1: this is too long, or has too many brackets, for a spec")
    from ruamel.yaml.tokens import AliasToken

    if "*" in text:
        for token in yaml.scan(io.StringIO(text)):
            if isinstance(token, AliasToken):
                line = token.start_mark.line + 1
                raise UsageError(f"{name}:{line}: the alias `*{token.value}` is not allowed: write the value out")


def plain_of(value: object) -> Any:
    """The same as plain dicts, lists and scalars, for validation."""
    match value:
        case Mapping():
            return {str(k): plain_of(v) for k, v in value.items()}
        case str():
            return str(value)
        case bool():
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case Sequence():
            return [plain_of(v) for v in value]
    return value


def place(tree: Mapping[str, Any], name: str, location: Location) -> str:
    """`platform.yaml:7: installer.user`; the nearest enclosing line where the key itself is absent."""
    line: int = 1
    node: Any = tree
    for step in location:
        marks = getattr(getattr(node, "lc", None), "data", None) or {}
        if step not in marks:
            break
        line = marks[step][0] + 1
        node = node[step]
    return f"{name}:{line}: {'.'.join(str(s) for s in location) or 'spec'}"
