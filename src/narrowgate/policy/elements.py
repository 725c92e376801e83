"""The elements of a statement: from a Node to a value, or a fault with its place. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeAlias

from narrowgate.policy.condition import Operator, operator_fault, parse_operator
from narrowgate.policy.document import NEW_VERSION, Condition, Kind, Patterns, Principal, Principals, Text
from narrowgate.policy.place import Fault, Place, fault_at, shown
from narrowgate.policy.placeholder import fill, leftover_in_arn, leftover_in_value, leftover_message
from narrowgate.policy.principal import TYPES, principal_fault
from narrowgate.policy.reader import Member, Node, Number
from narrowgate.policy.resource import resource_fault, variable_fault

_ACTION = re.compile(r"[A-Za-z0-9.-]+:[A-Za-z0-9*?]+")
# `aws:RequestTag/any tag key`: tag keys may have spaces, colons and + - = . _ : / @.
_KEY = re.compile(r"[A-Za-z0-9./_-]+:[A-Za-z0-9_.:/=+@ \u00a0-\u00ff-]+")
# AWS's pattern of a policy document, applied to what the JSON means as well.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\u00ff]")


def is_legal(text: str) -> bool:
    """Whether a text has only the characters that AWS takes in a policy document."""
    return _ILLEGAL.search(text) is None


def is_condition_key(text: str) -> bool:
    """Whether a text has the form of a condition key."""
    return _KEY.fullmatch(text) is not None


LONGEST_TEXT: Final = 32_768
"""Characters of one text, which is more than AWS takes in a whole document but for a few services."""

MOST_FAULTS: Final = 1_000
"""Faults of one document that are named: each costs the spelling of its path."""

Judge: TypeAlias = Callable[[str], "str | None"]
"""What is wrong with a string; None when nothing is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One document being read: its kind and version, and the faults found so far.

    `lenient`: conditions that cannot be evaluated are kept as they are written, and are no fault.
    """

    kind: Kind
    variables: Mapping[str, str]
    lenient: bool = False
    version: str = ""
    faults: list[Fault] = field(default_factory=list)

    def fault(self, place: Place, message: str) -> None:
        """Notes what is wrong at a place; nothing more where enough is."""
        if len(self.faults) <= MOST_FAULTS:
            self.faults.append(fault_at(place, message))

    def note(self, found: Iterable[Fault]) -> None:
        """Notes faults that were found, as far as there are not enough."""
        self.faults.extend(islice(found, max(0, MOST_FAULTS + 1 - len(self.faults))))

    def found(self) -> tuple[Fault, ...]:
        """The faults in the order of the text, at most MOST_FAULTS; a last one tells that there are more."""
        named = sorted(self.faults, key=lambda fault: (fault.line, fault.column))
        if len(named) <= MOST_FAULTS:
            return tuple(named)
        return (*named[:MOST_FAULTS], Fault("", 1, 1, f"more is wrong: these are {MOST_FAULTS} of the faults"))

    def string(self, node: Node, *, what: str = "text") -> str | None:
        """The string of a node with its placeholders filled; None, and a fault, for anything else."""
        if not isinstance(node.value, str):
            self.fault(node.place, f"must be {what}, not {described(node)}")
            return None
        if _is_too_long(self, node, node.value):
            return None
        if bad := _ILLEGAL.search(node.value):
            self.fault(node.place, f"the character U+{ord(bad.group()):04X}; AWS takes U+0020 to U+00FF")
            return None
        return fill(node.value, self.variables)

    def strings(self, node: Node, judge: Judge) -> tuple[Text, ...]:
        """One string or a list of them, each judged; an empty list is a fault."""
        if node.is_list and not node.nodes:
            self.fault(node.place, "an empty list; name at least one")
        found: list[Text] = []
        for item in node.nodes if node.is_list else (node,):
            text = self.string(item)
            if text is not None and (message := judge(text)):
                self.fault(item.place, message)
            elif text is not None:
                found.append(Text(text, item.place))
        return tuple(found)


def _is_too_long(reading: Reading, node: Node, text: str) -> bool:
    if len(text) <= LONGEST_TEXT:
        return False
    reading.fault(node.place, f"a text of {len(text)} characters; no policy has more than {LONGEST_TEXT}")
    return True


def described(node: Node) -> str:
    """A value as a message names it."""
    if node.is_object:
        return "an object"
    if node.is_list:
        return "a list"
    if isinstance(node.value, Number):
        return "a number"
    return "null" if node.value is None else f"{shown(str(node.value))}"


def read_actions(reading: Reading, member: Member) -> Patterns:
    """An Action or NotAction element."""
    judge = _trust_action_fault if reading.kind == "trust" else action_fault
    return Patterns(reading.strings(member.node, judge), member.key == "NotAction", member.place)


def action_fault(text: str) -> str | None:
    """What is wrong with an action: `*`, or a vendor, one colon, and a name that may be a pattern.

    A wildcard in the vendor (`*:*`, `ec*:Run`) is refused: AWS documents wildcards for names only.
    """
    if text == "*" or _ACTION.fullmatch(text):
        return None
    if left := leftover_in_arn(text):
        return leftover_message(left)
    vendor, _, name = text.partition(":")
    if not name or not vendor:
        return f"{shown(text)} must be prefaced by a vendor, such as `ec2:`"
    if ":" in name:
        return f"{shown(text)} can contain only one colon"
    if not re.fullmatch(r"[A-Za-z0-9.-]+", vendor):
        return f"{shown(vendor)} is not a vendor; wildcards can stand only after the colon"
    return f"{shown(name)} is not the name of an action; it has letters, digits, `*` and `?`"


# What AWS answers to others: "AssumeRole policy may only specify STS AssumeRole actions".
TRUST_ACTIONS: Final = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:decodeauthorizationmessage",
        "sts:getaccesskeyinfo",
        "sts:getcalleridentity",
        "sts:getfederationtoken",
        "sts:getservicebearertoken",
        "sts:getsessiontoken",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)


def _trust_action_fault(text: str) -> str | None:
    if (wrong := action_fault(text)) or text.lower() in TRUST_ACTIONS:
        return wrong
    return f"{shown(text)} is not an action of a trust policy, such as `sts:AssumeRole`"


def read_resources(reading: Reading, member: Member) -> Patterns:
    """A Resource or NotResource element."""
    uses_variables = reading.version == NEW_VERSION

    def judge(text: str) -> str | None:
        return resource_fault(text) or (variable_fault(text) if uses_variables else None)

    return Patterns(reading.strings(member.node, judge), member.key == "NotResource", member.place)


def read_principals(reading: Reading, member: Member) -> Principals:
    """A Principal or NotPrincipal element: `"*"`, or a map of types to one name or a list."""
    node, negated = member.node, member.key == "NotPrincipal"
    if node.value == "*":
        return Principals((Principal("AWS", "*", node.place),), negated, member.place)
    if reading.kind == "rcp":
        reading.fault(node.place, 'the principal of an RCP can only be `"*"`')
    elif not node.members:
        reading.fault(node.place, f'must be `"*"` or an object such as {{"AWS": ...}}, not {described(node)}')
    found = [principal for entry in node.members for principal in _principals(reading, entry)]
    return Principals(tuple(found), negated, member.place)


def _principals(reading: Reading, entry: Member) -> list[Principal]:
    if entry.key not in TYPES:
        reading.fault(entry.place, f"{shown(entry.key)} is not a type of principal: {', '.join(TYPES)}")
        return []
    if entry.key == "CanonicalUser" and reading.kind == "trust":
        reading.fault(entry.place, "a trust policy cannot name a canonical user")
        return []

    def judge(text: str) -> str | None:
        left = leftover_in_arn(text)
        wrong = leftover_message(left) if left else principal_fault(entry.key, text)
        return wrong and f"{shown(text)}: {wrong}"

    return [Principal(entry.key, t.value, t.place) for t in reading.strings(entry.node, judge)]


def read_conditions(reading: Reading, member: Member) -> tuple[Condition, ...]:
    """A Condition element. An empty one is none; an operator without keys is refused."""
    if not member.node.is_object:
        reading.fault(member.node.place, f"must be an object of operators, not {described(member.node)}")
    return tuple(c for entry in member.node.members for c in _operator_conditions(reading, entry))


def _operator_conditions(reading: Reading, entry: Member) -> list[Condition]:
    operator = parse_operator(entry.key)
    if operator is None and not reading.lenient:
        reading.fault(entry.place, operator_fault(entry.key))
        return []
    if not entry.node.members:
        reading.fault(entry.node.place, f"must be an object of condition keys, not {_emptily(entry.node)}")
    seen: dict[str, str] = {}
    for item in entry.node.members:
        if seen.setdefault(item.key.lower(), item.key) != item.key:
            reading.fault(item.place, f"the key {shown(item.key)} is here twice, in another case")
        if not is_condition_key(item.key):
            reading.fault(item.place, f"{shown(item.key)} is not a condition key, such as `aws:SourceIp`")
    return [Condition(entry.key, m.key, _values(reading, operator, m), m.place) for m in entry.node.members]


def _emptily(node: Node) -> str:
    return "an empty one" if node.is_object else described(node)


def _values(reading: Reading, operator: Operator | None, member: Member) -> tuple[Text, ...]:
    node = member.node
    if node.is_list and not node.nodes:
        reading.fault(node.place, "an empty list; no value could match")
    found = [v for n in (node.nodes if node.is_list else (node,)) if (v := _value(reading, operator, n))]
    if operator and operator.form.single and not reading.lenient and len({v.value.lower() for v in found}) > 1:
        reading.fault(node.place, f"`{operator.name}` takes one of `true` and `false`, not both")
    return tuple(found)


def _value(reading: Reading, operator: Operator | None, node: Node) -> Text | None:
    text = _scalar(node) or reading.string(node, what="text, a number or a boolean")
    if text is None or _is_too_long(reading, node, text):
        return None
    if left := leftover_in_value(text):
        reading.fault(node.place, leftover_message(left))
        return None
    if operator is None:
        return Text(text, node.place)
    takes_variables = operator.takes_variables and reading.version == NEW_VERSION
    if not operator.reads(text, variables=takes_variables) and not reading.lenient:
        reading.fault(node.place, f"{shown(text)} does not fit `{operator.name}`: {operator.form.words}")
    elif takes_variables and (wrong := variable_fault(text)):
        reading.fault(node.place, wrong)
    else:
        return Text(text, node.place)
    return None


def _scalar(node: Node) -> str | None:
    """The spelling of a number or boolean, which AWS takes with and without quotes."""
    match node.value:
        case Number():
            return node.value.text
        case bool():
            return "true" if node.value else "false"
    return None
