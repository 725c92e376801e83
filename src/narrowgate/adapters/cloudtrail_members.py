"""A value of an event in AWS's member names, by botocore's shape of it.

Most services' events have the API's names with a small first letter. EC2's have those of its XML (`instancesSet`,
lists in `items`), of its query form for newer operations (`{"tag": 1, "content": ...}`), S3's those of headers.

INVARIANT: what has no certain place in the shape is told by its path, never left out in silence.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias

from narrowgate.catalogue.rule import RESERVED
from narrowgate.secret import Secret

Shape: TypeAlias = Any
"""A shape of botocore's. Its class follows from `type_name`, which its types do not tell."""
HIDDEN: Final = frozenset({"HIDDEN_DUE_TO_SECURITY_REASONS", "<sensitiveDataRemoved>", "***", "****"})
"""What CloudTrail writes in place of a value that it keeps secret."""
DEEPEST: Final = 64
_WRAPPERS: Final = ("items", "item", "member")
# Not the API's: the position in a list of EC2's query form, XML's namespace.
_NO_MEMBERS: Final = frozenset({"tag", "xmlns"})
# What the items of a set hold, where neither its name nor theirs is the member's.
_HELD: Final[Mapping[str, str]] = {"groupname": "SecurityGroups"}
# What a request to S3 is sent and signed with.
_TRANSPORT: Final = re.compile(
    r"host|list-type|x-id|authorization|awsaccesskeyid|signature|expires"
    r"|x-amz-(?:date|algorithm|credential|signedheaders|expires|signature|security-token|content-sha256|user-agent)"
    r"|x-amz-(?:decoded-content-length|sdk-checksum-algorithm|trailer|checksum-mode|checksum-type|checksum-.*)",
    re.IGNORECASE,
)
# Where CloudTrail's name is like none of the API's.
_OWN_NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("s3", "bucketName"): "Bucket",
    ("s3", "bucketPolicy"): "Policy",
    ("ec2", "attributeType"): "Attribute",
    ("ec2", "zone"): "AvailabilityZone",
}


@dataclass(slots=True)
class Placing:
    """One value being placed: whose it is, and by their paths what had no place (`lost`) or was `hidden`."""

    service: str
    lost: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def structure(self, shape: Shape, found: Mapping[str, Any], path: str = "", deep: int = 0) -> Any:
        """The members of a structure by their names in the API."""
        placed: dict[str, Any] = {}
        for key, value in found.items():
            if self._says_nothing(shape, key, value):
                continue
            where = f"{path}.{key}" if path else key
            names = self._named(shape, key, value)
            if len(names) != 1 or names[0] in placed:
                self._header(shape, key, value, where, placed)
                continue
            made = self.value(shape.members[names[0]], value, where, deep + 1)
            if made is not None:
                placed[names[0]] = made
        return placed

    def value(self, shape: Shape, value: Any, path: str, deep: int) -> Any:
        """The value in the shape; None where it has no place."""
        if deep > DEEPEST:
            return self._lose(path)
        if isinstance(value, str) and value in HIDDEN:
            return self._hide(shape, value, path)
        match shape.type_name:
            case "structure":
                return self._group(shape, value, path, deep)
            case "list":
                return self._list(shape, value, path, deep)
            case "map":
                return self._map(shape, value, path, deep)
        return self._scalar(shape, value, path)

    def _group(self, shape: Shape, value: Any, path: str, deep: int) -> Any:
        if getattr(shape, "is_document_type", False):
            return value
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if shape.name == "AttributeValue" and isinstance(value, str | int | float):
            # DynamoDB's events tell keys without their types, which decide nothing.
            return {"S": str(value)}
        return self.structure(shape, value, path, deep) if isinstance(value, dict) else self._lose(path)

    def _list(self, shape: Shape, value: Any, path: str, deep: int) -> Any:
        element = shape.member
        listed = [
            self.value(element, _content(element, each), f"{path}[]", deep + 1)
            for each in _elements(element, value)
            if each not in (None, {})
        ]
        return [each for each in listed if each is not None]

    def _map(self, shape: Shape, value: Any, path: str, deep: int) -> Any:
        if not isinstance(value, dict):
            return self._lose(path)
        made = {key: self.value(shape.value, each, f"{path}.{key}", deep + 1) for key, each in value.items()}
        return {key: each for key, each in made.items() if each is not None}

    def _scalar(self, shape: Shape, value: Any, path: str) -> Any:
        value = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(value, dict) and shape.type_name == "string" and _is_policy(shape, path):
            value = json.dumps(value, sort_keys=True)
        if isinstance(value, dict | list) or value is None:
            return self._lose(path)
        made = _typed(shape.type_name, value)
        if made is None or (isinstance(made, str) and not _is_plain(made)):
            return self._lose(path)
        return Secret(str(made)) if shape.metadata.get("sensitive") else made

    def _hide(self, shape: Shape, value: str, path: str) -> Any:
        """A value that CloudTrail keeps secret. Tags decide requests, so that theirs are missed."""
        if shape.type_name in ("string", "blob"):
            self.hidden.append(path)
            return value
        return self._lose(path) if "tag" in path.lower() else self.hidden.append(path)

    def _lose(self, path: str) -> None:
        self.lost.append(path)

    def _says_nothing(self, shape: Shape, key: str, value: Any) -> bool:
        if value in (None, {}, []) or (key == "tag" and isinstance(value, int)):
            return True
        if key == "xmlns" or self.service != "s3":
            return key == "xmlns"
        # `acl: ""` is the address of what the operation is about.
        return value in ("", [""]) or bool(_TRANSPORT.fullmatch(key) and not _exact(shape, key))

    def _named(self, shape: Shape, key: str, value: Any) -> list[str]:
        own = _OWN_NAMES.get((self.service, key), "")
        found = [own] if own in shape.members else _exact(shape, key)
        return found or (_ec2_named(shape, key, value) if self.service == "ec2" else [])

    def _header(self, shape: Shape, key: str, value: Any, path: str, placed: dict[str, Any]) -> None:
        """Headers that make one map together (`x-amz-meta-...`); anything else is lost."""
        for name, member in shape.members.items():
            start = str(member.serialization.get("name", ""))
            if member.serialization.get("location") == "headers" and key.lower().startswith(start.lower()):
                placed.setdefault(name, {})[key[len(start) :]] = value if isinstance(value, str) else str(value)
                return
        self._lose(path)


# Names


def _exact(shape: Shape, key: str) -> list[str]:
    """The members of that name, or else those that are sent under it; capitals and dashes do not matter."""
    named, sent = _index(shape)
    wanted = _bare(key)
    return named.get(wanted) or sent.get(wanted, [])


# A file has the same few operations over and over; their shapes live as long as botocore's models.
@lru_cache(maxsize=4_096)
def _index(shape: Shape) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    named: dict[str, list[str]] = {}
    sent: dict[str, list[str]] = {}
    for name, member in shape.members.items():
        named.setdefault(_bare(name), []).append(name)
        sent.setdefault(_bare(str(member.serialization.get("name", ""))), []).append(name)
    return named, sent


def _ec2_named(shape: Shape, key: str, value: Any) -> list[str]:
    """The members that a name of EC2's XML may mean: by the set's name, then by what its items hold."""
    wanted, held = _single(_bare(key).removesuffix("set")), _held(value)
    members = [n for n, each in shape.members.items() if each.type_name == "list" or not _is_set(value)]
    found = [name for name in members if wanted in map(_single, _names_of(shape, name))]
    if len(found) == 1 or len(held) != 1:
        return found
    scalars = [name for name in members if _is_scalars(shape.members[name])]
    for fits in (str.__eq__, str.endswith):
        if near := [n for n in scalars if any(fits(_single(each), held[0]) for each in _names_of(shape, n))]:
            return near
    return [_HELD[held[0]]] if _HELD.get(held[0]) in scalars else found


def _names_of(shape: Shape, name: str) -> Iterator[str]:
    member = shape.members[name]
    yield _bare(name)
    for each in (member, member.member) if member.type_name == "list" else (member,):
        if (sent := _bare(str(each.serialization.get("name", "")))) not in ("", "item"):
            yield sent


def _held(value: Any) -> list[str]:
    """The members that the items of a set have: `instanceid` of `{"items": [{"instanceId": ...}]}`."""
    items = value.get("items", value.get("item")) if isinstance(value, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return []
    return sorted({_bare(key) for item in items for key in item})


def _is_set(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and not value.keys().isdisjoint(_WRAPPERS))


def _is_scalars(shape: Shape) -> bool:
    return bool(shape.type_name == "list") and shape.member.type_name not in ("structure", "list", "map")


def _bare(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def _single(name: str) -> str:
    if name.endswith("ss"):
        return name
    return name.removesuffix("es") if name.endswith("sses") else name.removesuffix("s")


# Values


def _elements(element: Shape, value: Any) -> Iterable[Any]:
    """The elements of a list, in whatever wrapper; one alone may stand without."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        inner = {key: each for key, each in value.items() if key not in _NO_MEMBERS}
        names = (*_WRAPPERS, str(element.serialization.get("name", "")))
        if len(inner) == 1 and next(iter(inner)) in names and not _is_own(element, inner):
            return _elements(element, next(iter(inner.values())))
    return (value,)


def _is_own(element: Shape, inner: Mapping[str, Any]) -> bool:
    """Whether it is no wrapper but a structure with a member of that name, or a text under its own name."""
    name, value = next(iter(inner.items()))
    if element.type_name != "structure":
        return not isinstance(value, list) and name not in _WRAPPERS
    return name not in _WRAPPERS and bool(_exact(element, name))


def _content(element: Shape, value: Any) -> Any:
    """What an item of a list holds where the list is of texts: `{"instanceId": "i-1"}`, `{"content": "sg-1"}`."""
    if element.type_name in ("structure", "list", "map") or not isinstance(value, dict):
        return value
    inner = [each for key, each in value.items() if key not in _NO_MEMBERS and each is not None]
    return inner[0] if len(inner) == 1 else value


def _typed(kind: str, value: Any) -> Any:
    """The scalar in the API's type; None where it cannot be that."""
    match kind, value:
        case "boolean", "true" | "false" | "True" | "False":
            return value.lower() == "true"
        case "boolean", _:
            return value if isinstance(value, bool) else None
        case (("integer" | "long"), str()):
            return int(value) if re.fullmatch(r"-?\d{1,18}", value) else None
        case (("string" | "character"), bool()):
            return "true" if value else "false"
        case (("string" | "character"), int() | float()):
            return str(value)
    return value


def _is_policy(shape: Shape, path: str) -> bool:
    return "policy" in f"{shape.name} {path.rpartition('.')[2]}".lower()


def _is_plain(text: str) -> bool:
    """Whether no policy or reader could take the text for something else: no id that stands for another, no half."""
    return RESERVED not in text and not any("\ud800" <= each <= "\udfff" for each in text)
