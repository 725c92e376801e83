"""What a text holds: denials of whatever form, or an encoded message that must be decoded first. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from narrowgate.explain_denial.decoded import from_decoded, inner
from narrowgate.explain_denial.denied import Denied
from narrowgate.explain_denial.event import events, from_event, is_denied
from narrowgate.explain_denial.message import denials, encoded_alone


def read(text: str) -> tuple[Denied, ...]:
    """The denials in a text, in order, each once; none where there is none.

    An encoded message alone is a Denied of which nothing but `encoded` is known.
    """
    if alone := encoded_alone(text):
        return (Denied(service="ec2", encoded=alone),)
    values = tuple(_values(text))
    found = tuple(each for value in values for each in _of_value(value))
    return _each_once(found or (() if any(_is_event(value) for value in values) else denials(text)))


def merged(said: Denied, decoded: Denied) -> Denied:
    """What a message said, with what its encoded part tells: the decoded part knows better, where it knows."""
    return replace(
        decoded,
        principal=decoded.principal or said.principal,
        action=decoded.action or said.action,
        resource=decoded.resource or said.resource,
        layer=decoded.layer or said.layer,
        operation=said.operation,
        code=said.code,
        region=said.region,
        role_arn=said.role_arn,
        policy_arn=said.policy_arn,
        call=said.call,
    )


def _each_once(found: tuple[Denied, ...]) -> tuple[Denied, ...]:
    made: list[Denied] = []
    for each in found:
        if each not in made:
            made.append(each)
    return tuple(made)


def _values(text: str) -> Iterator[object]:
    """The JSON value that the text is, or those of its lines."""
    if text.lstrip()[:1] not in ("{", "["):
        return
    try:
        yield json.loads(text)
    except RecursionError:
        return
    except ValueError:
        for line in text.splitlines():
            if line.strip().startswith("{"):
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError):
                    continue


def _is_event(value: object) -> bool:
    return next(events(value), None) is not None


def _of_value(value: object) -> Iterator[Denied]:
    if isinstance(value, Mapping) and (decoded := inner(value)) is not None:
        if (denied := from_decoded(decoded)) is not None:
            yield denied
        return
    yield from (from_event(event) for event in events(value) if is_denied(event))
