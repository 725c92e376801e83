"""What identity providers say of a session in their tokens: its tags, its name, its source identity. Pure.

STS asks for more actions when a token has these, so they must be read. Whether a token is genuine is not
judged here, nor who the provider says that somebody is. A token that cannot be read says nothing.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from types import MappingProxyType
from typing import Any, Final

from narrowgate.catalogue.rule import tag_context
from narrowgate.policy.request_context import Value

_CLAIM: Final = "https://aws.amazon.com/"
_TAG: Final = "tags/principal_tags/"
_ATTRIBUTE: Final = "https://aws.amazon.com/SAML/Attributes/"
_PRINCIPAL_TAG: Final = "PrincipalTag:"
_END: Final = re.compile(r"</(?:[\w.-]{1,64}:)?Attribute>")
_VALUE: Final = re.compile(r"<(?:[\w.-]{1,64}:)?AttributeValue[^<>]*>([^<]*)")


@dataclass(frozen=True, slots=True)
class Told:
    """What a token says of the session; empty where it says nothing."""

    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    session_name: str = ""

    def tag_keys(self) -> dict[str, Value]:
        """Its tags as condition keys."""
        return {**tag_context(self.tags), **({"sts:TransitiveTagKeys": self.transitive} if self.transitive else {})}

    def source_keys(self) -> dict[str, Value]:
        """Its source identity as a condition key."""
        return {"sts:SourceIdentity": self.source_identity} if self.source_identity else {}


def web_identity(token: str) -> Told:
    """What a JSON Web Token of an OpenID Connect provider says, in nested or in flattened claims."""
    claims = _claims(token)
    nested = claims.get(f"{_CLAIM}tags")
    nested = nested if isinstance(nested, dict) else {}
    tags = {name: text for name, value in _pairs(nested.get("principal_tags")) for text in _texts(value)[:1]}
    for claim, value in claims.items():
        name = claim.removeprefix(_CLAIM)
        if name != claim and name.startswith(_TAG):
            tags |= {name.removeprefix(_TAG): text for text in _texts(value)[:1]}
    transitive = _texts(nested.get("transitive_tag_keys")) or _texts(claims.get(f"{_CLAIM}tags/transitive_tag_keys"))
    source = _texts(claims.get(f"{_CLAIM}source_identity"))
    return Told(MappingProxyType(tags), transitive, next(iter(source), ""))


def saml(assertion: str) -> Told:
    """What a SAML assertion in base64 says in its attributes."""
    found = dict(_attributes(_decoded(assertion)))
    tags = {name.removeprefix(_PRINCIPAL_TAG): v[0] for name, v in found.items() if name.startswith(_PRINCIPAL_TAG)}
    source, session = (next(iter(found.get(name, ())), "") for name in ("SourceIdentity", "RoleSessionName"))
    return Told(MappingProxyType(tags), found.get("TransitiveTagKeys", ()), source, session)


def _attributes(document: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """AWS's attributes with their values. A name ends at its quote, an attribute at its end tag."""
    for piece in document.split(_ATTRIBUTE)[1:]:
        name = re.split("[\"']", piece, maxsplit=1)[0]
        values = _VALUE.findall(_END.split(piece, maxsplit=1)[0])
        if values:
            yield unescape(name), tuple(unescape(value).strip() for value in values)


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        found = json.loads(_decoded(parts[1])) if len(parts) == 3 else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _decoded(text: str) -> str:
    """The text behind base64, in either alphabet, with or without padding; empty where it is none."""
    plain = re.sub(r"\s", "", text).replace("+", "-").replace("/", "_").rstrip("=")
    try:
        return urlsafe_b64decode(plain + "=" * (-len(plain) % 4)).decode()
    except ValueError:
        return ""


def _pairs(value: object) -> Iterator[tuple[str, object]]:
    yield from value.items() if isinstance(value, dict) else ()


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(each for each in listed if isinstance(each, str))
