"""The catalogue's cases: what AWS decides for a call, and what the call will make."""

from __future__ import annotations

from typing import Any

import pytest
from catalogue.catalogued import Case, cases

from narrowgate.calls import call
from narrowgate.catalogue.authorization import Requests, UnknownOperation, effects_of, requests_of
from narrowgate.catalogue.facts import Place, nothing_known
from narrowgate.policy.request_context import several

ALL = tuple(cases())


@pytest.mark.parametrize("case", [c for c in ALL if c.expect is not None], ids=lambda case: case.name)
def test_requests(case: Case) -> None:
    found = requests_of(case.call, case.place, case.facts)
    assert isinstance(found, Requests)
    assert [_plain(each) for each in found.authorizations] == case.expect


def _plain(made: Any) -> dict[str, Any]:
    context = {name: value if isinstance(value, str) else list(value) for name, value in sorted(made.context.items())}
    unknown = {"unknown": list(made.unknown)} if made.unknown else {}
    return {"action": made.action, "resource": made.resource, "context": context, **unknown}


@pytest.mark.parametrize("case", [c for c in ALL if c.effects is not None], ids=lambda case: case.name)
def test_effects(case: Case) -> None:
    found = effects_of(case.call, case.place, case.facts)
    assert not isinstance(found, UnknownOperation)
    told = [
        {
            "type": made.type,
            "arn": made.arn.replace("\ue000", "@"),
            "attribute": made.attribute,
            "tags": dict(made.attributes.tags),
            "keys": {name: list(several(value)) for name, value in sorted(made.attributes.keys.items())},
            "links": {name: list(arns) for name, arns in made.attributes.links.items()},
        }
        for made in found
    ]
    assert told == case.effects


@pytest.mark.parametrize("name", ["iam:CreateEverything", "nonsense:Get", "ec2:"])
def test_an_operation_that_no_table_has_is_named(name: str) -> None:
    service, _, operation = name.partition(":")
    unknown = UnknownOperation(name)
    place = Place("aws", "123456789012", "eu-west-1")
    assert requests_of(call(service, operation), place, nothing_known) == unknown
    assert effects_of(call(service, operation), place, nothing_known) == unknown
    assert name in str(unknown)
