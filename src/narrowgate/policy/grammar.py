"""From a text or a decoded value to a Document, or to everything wrong with it. Pure.

The rules are those of the grammar page and of IAM's MalformedPolicyDocument answers:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from narrowgate.policy.document import (
    NEW_VERSION,
    OLD_VERSION,
    Document,
    Effect,
    Kind,
    Meaning,
    Patterns,
    Statement,
    Version,
)
from narrowgate.policy.elements import (
    Reading,
    described,
    read_actions,
    read_conditions,
    read_principals,
    read_resources,
)
from narrowgate.policy.place import NOWHERE, Fault, Faults, fault_at, shown
from narrowgate.policy.placeholder import variable_faults
from narrowgate.policy.reader import Member, Node, Scan, scan, scan_value

LONGEST: Final = 524_288
"""The longest text that is read at all: four times what CreatePolicy takes, since AWS's own managed
policies are longer than that (AWSSupportServiceRolePolicy)."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_SID: Final = re.compile(r"[A-Za-z0-9]*")

TOP: Final = ("Version", "Id", "Statement")
PAIRS: Final = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
PARTS: Final = frozenset(("Sid", "Effect", "Condition", *(name for pair in PAIRS for name in pair)))

IDENTITY_FORBIDS: Final = frozenset({"Principal", "NotPrincipal"})
FORBIDDEN: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType(
    {
        "identity": IDENTITY_FORBIDS,
        "boundary": IDENTITY_FORBIDS,
        "scp": IDENTITY_FORBIDS,
        "rcp": frozenset({"NotPrincipal", "NotAction"}),
        "trust": frozenset({"Resource", "NotResource", "NotAction", "NotPrincipal"}),
        "resource": frozenset(),
    }
)
"""The statement elements that a kind of document cannot have."""

NAMES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "identity": "an identity policy",
        "boundary": "a permissions boundary",
        "scp": "an SCP",
        "rcp": "an RCP",
        "trust": "a trust policy",
        "resource": "a resource policy",
    }
)


def parse(text: str, kind: Kind, *, variables: Mapping[str, str] = _NONE, lenient: bool = False) -> Document | Faults:
    """The document that a JSON text spells, or every fault found, with line and column.

    `variables` gives values to the placeholders of vendor files, `$NAME` and `${NAME}`: usually
    `AWS_ACCOUNT_ID`, `AWS_REGION`, `AWS_PARTITION`. One left over in an ARN is a fault. `lenient`
    keeps conditions whose operator does not exist or whose value does not fit: `evaluate` says so.
    """
    if len(text) > LONGEST:
        return Faults((fault_at(NOWHERE, f"longer than {LONGEST} characters; no policy is"),))
    return _document(scan(text), Reading(kind, variables, lenient))


def from_value(
    value: Mapping[str, object], kind: Kind, *, variables: Mapping[str, str] = _NONE, lenient: bool = False
) -> Document | Faults:
    """The same for a document that arrives decoded; places are then paths only, line 0."""
    return _document(scan_value(value), Reading(kind, variables, lenient))


def _document(found: Scan, reading: Reading) -> Document | Faults:
    reading.faults.extend((*variable_faults(reading.variables), *found.faults))
    made = None if found.node is None else _read_document(reading, found.node)
    if reading.faults or made is None:
        return Faults(reading.found())
    return made


def _read_document(reading: Reading, node: Node) -> Document | None:
    if not node.is_object:
        reading.fault(node.place, f"a policy document is an object, not {described(node)}")
        return None
    parts = _parts(reading, node, frozenset(TOP), "a policy document")
    version = _version(reading, parts.get("Version"), node)
    name = _id(reading, parts.get("Id"))
    if "Statement" not in parts:
        reading.fault(node.place, "has no Statement")
        return None
    statements = _statements(replace(reading, version=version or ""), parts["Statement"].node)
    return Document(reading.kind, statements, version, name)


def _parts(reading: Reading, node: Node, known: frozenset[str], what: str) -> dict[str, Member]:
    """The members of an object by name; a name that is not known is a fault."""
    for member in node.members:
        if member.key not in known:
            near = next((name for name in known if name.lower() == member.key.lower()), None)
            hint = f"; write `{near}`" if near else ""
            reading.fault(member.place, f"{shown(member.key)} is not an element of {what}{hint}")
    return {member.key: member for member in node.members if member.key in known}


def _version(reading: Reading, member: Member | None, node: Node) -> Version | None:
    """The Version; Organizations takes the newer one only, and takes it for granted nowhere."""
    organizational = reading.kind in ("scp", "rcp")
    if member is None:
        if organizational:
            reading.fault(node.place, f"{NAMES[reading.kind]} must have the Version `{NEW_VERSION}`")
        return None
    match member.node.value:
        case "2012-10-17":
            return NEW_VERSION
        case "2008-10-17" if not organizational:
            return OLD_VERSION
    choice = f"`{NEW_VERSION}`" if organizational else f"`{NEW_VERSION}` or `{OLD_VERSION}`"
    reading.fault(member.node.place, f"Version must be {choice}, not {described(member.node)}")
    return None


def _id(reading: Reading, member: Member | None) -> str | None:
    """The Id, which the grammar page bars from identity policies; the Organizations pages lack it."""
    if member is None:
        return None
    if reading.kind not in ("resource", "trust"):
        reading.fault(member.place, f"{NAMES[reading.kind]} cannot have an Id")
    return reading.string(member.node)


def _statements(reading: Reading, node: Node) -> tuple[Statement, ...]:
    if not node.is_object and not node.nodes:
        what = "an empty list" if node.is_list else described(node)
        reading.fault(node.place, f"Statement must be an object or a list of them, not {what}")
    nodes = (node,) if node.is_object else node.nodes
    found = tuple(s for n in nodes if (s := _statement(reading, n)))
    _fault_repeated_sids(reading, nodes)
    return found


def _fault_repeated_sids(reading: Reading, nodes: tuple[Node, ...]) -> None:
    """IAM: "Statement IDs (SID) in a single policy must be unique". Empty ones may repeat."""
    seen: set[str] = set()
    for member in (m for node in nodes for m in node.members if m.key == "Sid"):
        sid = member.node.value
        if isinstance(sid, str) and sid in seen:
            reading.fault(member.node.place, f"the Sid {shown(sid)} is here twice; a Sid must be unique")
        if isinstance(sid, str) and sid:
            seen.add(sid)


def _statement(reading: Reading, node: Node) -> Statement | None:
    if not node.is_object:
        reading.fault(node.place, f"a statement is an object, not {described(node)}")
        return None
    parts = _parts(reading, node, PARTS, "a statement")
    reading.note(_shape_faults(reading.kind, node, parts))
    action = parts.get("Action") or parts.get("NotAction")
    resource = parts.get("Resource") or parts.get("NotResource")
    principal = parts.get("Principal") or parts.get("NotPrincipal")
    condition = parts.get("Condition")
    made = Statement(
        effect=_effect(reading, parts.get("Effect")),
        actions=read_actions(reading, action) if action else Patterns(()),
        resources=read_resources(reading, resource) if resource else None,
        principals=read_principals(reading, principal) if principal else None,
        conditions=read_conditions(reading, condition) if condition else (),
        sid=_sid(reading, parts.get("Sid")),
        place=node.place,
    )
    reading.note(_effect_faults(reading.kind, made))
    return made


def _shape_faults(kind: Kind, node: Node, parts: Mapping[str, Member]) -> Iterator[Fault]:
    """What is missing, what is there twice, what this kind of document cannot have."""
    for name in sorted(FORBIDDEN[kind] & parts.keys()):
        yield fault_at(parts[name].place, f"{NAMES[kind]} cannot have {name}")
    for pair in PAIRS:
        present = [parts[name] for name in pair if name in parts]
        allowed = [name for name in pair if name not in FORBIDDEN[kind]]
        if len(present) == 2:
            yield fault_at(present[1].place, f"{pair[0]} and {pair[1]} exclude each other")
        if not present and allowed:
            yield fault_at(node.place, f"the statement has no {' or '.join(allowed)}")
    if "Effect" not in parts:
        yield fault_at(node.place, "the statement has no Effect")


def _effect(reading: Reading, member: Member | None) -> Effect:
    if member is not None:
        match member.node.value:
            case "Allow":
                return "Allow"
            case "Deny":
                return "Deny"
        reading.fault(member.node.place, f"Effect must be `Allow` or `Deny`, not {described(member.node)}")
    return "Deny"


def _sid(reading: Reading, member: Member | None) -> str | None:
    """The Sid: letters and digits in IAM's own documents; other services allow more.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    """
    sid = reading.string(member.node) if member else None
    if member and sid and reading.kind in ("identity", "boundary", "trust") and not _SID.fullmatch(sid):
        reading.fault(member.node.place, f"the Sid {shown(sid)} may have only letters and digits")
    return sid


def _effect_faults(kind: Kind, statement: Statement) -> Iterator[Fault]:
    """What cannot be allowed: everyone but some, and anything by an RCP of one's own."""
    principals = statement.principals
    if statement.effect == "Deny":
        return
    if principals and principals.negated and kind == "resource":
        yield fault_at(principals.place, "NotPrincipal is supported with Deny only")
    if kind == "rcp" and statement.meaning != _FULL_ACCESS:
        yield fault_at(statement.place, "an RCP can only deny; Allow is for AWS's RCPFullAWSAccess")


_FULL_ACCESS: Final[Meaning] = (
    "Allow",
    (False, frozenset({"*"})),
    (False, frozenset({"*"})),
    (False, frozenset({("AWS", "*")})),
    frozenset(),
)
