"""The JSON of `aws sts decode-authorization-message`, AWS's and the sandbox's. Pure.

https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
Ours also has `layer`, and tells of each statement its layer and the number of its policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from narrowgate.explain_denial.denied import Denied, Matched, layer_of
from narrowgate.policy.request_context import Value


def inner(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The decoded message in a JSON object: itself, or the text at `DecodedMessage`; None where it is none."""
    text = value.get("DecodedMessage")
    if isinstance(text, str):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, Mapping) or not isinstance(value.get("context"), Mapping):
        return None
    return value if "allowed" in value or "explicitDeny" in value else None


def from_decoded(value: Mapping[str, Any]) -> Denied | None:
    """The denial of a decoded message; None where it tells of an allowed request."""
    if value.get("allowed") is True:
        return None
    told = value["context"]
    principal = told.get("principal")
    arn = principal.get("arn") if isinstance(principal, Mapping) else ""
    action = _text(told.get("action"))
    return Denied(
        principal=_text(arn),
        action=action,
        resource=_text(told.get("resource")),
        layer=layer_of(value.get("layer")),
        how="explicitDeny" if value.get("explicitDeny") is True else "implicitDeny",
        service=action.partition(":")[0],
        context=_context(told),
        statements=tuple(_matched(value)),
        source="decoded",
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _items(value: object) -> list[Any]:
    """A list as it is, or in an object's `items`."""
    found = value.get("items") if isinstance(value, Mapping) else value
    return found if isinstance(found, list) else []


def _matched(value: Mapping[str, Any]) -> Iterator[Matched]:
    for item in _items(value.get("matchedStatements")):
        if isinstance(item, Mapping):
            number = item.get("policy")
            yield Matched(
                _text(item.get("effect")).capitalize(),
                _text(item.get("statementId")),
                layer_of(item.get("layer")),
                number if isinstance(number, int) and not isinstance(number, bool) else None,
            )


def _context(told: Mapping[str, Any]) -> Mapping[str, Value]:
    """The condition keys, in lower case, each with its values; a key without values is absent."""
    found: dict[str, Value] = {}
    for item in _items(told.get("conditions")):
        if isinstance(item, Mapping) and _text(item.get("key")):
            values = [v.get("value") if isinstance(v, Mapping) else v for v in _items(item.get("values"))]
            texts = tuple(v for v in values if isinstance(v, str))
            if texts:
                found[item["key"].lower()] = texts[0] if len(texts) == 1 else texts
    return found
