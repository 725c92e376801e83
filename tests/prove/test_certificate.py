"""The certificate: what the whole comes to, that it says everything, and that it is the same each time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from itertools import product
from typing import Any, Final, get_args

import pytest
from prove.example import INSTALLER, derived, document, evidence, happening, happenings, known

from narrowgate.calls import call
from narrowgate.derive.evidence import LeftOut
from narrowgate.policy import Layers, Unknown
from narrowgate.prove.certificate import (
    CLAIMS,
    Certificate,
    Claim,
    Outcome,
    Versions,
    as_data,
    certificate,
    containment_claim,
    minimality_claim,
    sufficiency_claim,
    unscoped_of,
    whole,
)
from narrowgate.prove.containment import contained
from narrowgate.prove.minimality import minimal
from narrowgate.prove.sufficiency import sufficient

VERSIONS: Final = Versions("0.1.0", "1.40.0", "0.1.202610271")
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


def claims(layers: Layers | None = None) -> list[Claim]:
    made = derived()
    found = sufficient(evidence(), INSTALLER, layers or Layers(identity=made.documents), known())
    return [
        containment_claim(contained(made.documents, made.documents, known()), "the boundary"),
        minimality_claim(minimal(evidence(), made.documents, INSTALLER, known())),
        sufficiency_claim(found),
    ]


def certified(given: list[Claim] | None = None) -> Certificate:
    made = derived()
    unscoped = unscoped_of(made.grants)
    return certificate(evidence(), made.documents, given or claims(), VERSIONS, unscoped=unscoped)


def test_what_is_derived_is_certified() -> None:
    made = certified()
    assert (made.outcome, made.standing) == ("proved", "in the model")
    assert [(claim.name, claim.outcome) for claim in made.claims] == [
        ("sufficient", "proved"),
        ("enforced", "not asked"),
        ("minimal", "proved"),
        ("contained", "proved"),
        ("live", "not asked"),
    ]
    assert made.phases == (("preflight", 2), ("install", 8), ("teardown", 4))
    assert made.documents[0].sha256 == hashlib.sha256(derived().documents[0].text().encode()).hexdigest()
    assert ("ec2:DescribeVpcs", "*") in {(each.action, each.resource) for each in made.unscoped}
    assert all(each.why and each.calls for each in made.unscoped)


def test_it_is_the_same_data_each_time() -> None:
    texts = {json.dumps(as_data(certified())) for _ in range(2)}
    assert len(texts) == 1
    data: Any = json.loads(texts.pop())
    assert list(data)[:3] == ["outcome", "standing", "whose"]
    assert "made" not in data and data["versions"]["catalogue_operations"] > 500


def test_when_it_was_made_is_told_only_where_somebody_told() -> None:
    made = certificate(evidence(), derived().documents, claims(), VERSIONS, made="2026-11-24")
    assert as_data(made)["made"] == "2026-11-24"


@pytest.mark.parametrize("outcomes", list(product(OUTCOMES, repeat=2)), ids=" and ".join)
def test_the_whole_is_proved_only_if_everything_asked_is(outcomes: tuple[Outcome, ...]) -> None:
    asked = {each for each in outcomes if each != "not asked"}
    assert (whole(outcomes) == "proved") is (asked == {"proved"})
    assert (whole(outcomes) == "refuted") is ("refuted" in asked)
    assert (whole(outcomes) == "not asked") is (not asked)


def test_only_aws_confirms_live() -> None:
    assert certified([Claim("live", "proved")]).standing == "confirmed live"
    for outcome in ("refuted", "unknown", "not asked"):
        assert certified([Claim("live", outcome)]).standing == "in the model"


def test_a_claim_twice_is_no_certificate() -> None:
    with pytest.raises(ValueError, match="once"):
        certified([Claim("live", "proved"), Claim("live", "refuted")])


def test_misses_are_told_with_their_fix() -> None:
    claim = sufficiency_claim(sufficient(evidence(), INSTALLER, Layers(), known()))
    made = certified([claim])
    assert made.outcome == "refuted" and len(claim.details) == 27
    data: Any = as_data(made)
    first = data["claims"][CLAIMS.index("sufficient")]["details"][0]
    assert first["phase"] == "preflight" and first["layer"] == "identity" and first["source"]
    assert first["fix"][0]["statement"]["Action"] == "ec2:DescribeVpcs"


def test_what_is_spare_and_what_is_allowed_are_told() -> None:
    more = document(
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:*:vpc/*"}]})
    )
    claim = minimality_claim(minimal(evidence(), (*derived().documents, more), INSTALLER, known()))
    assert claim.outcome == "refuted"
    kinds = {each.text.partition(":")[0] for each in claim.details}
    assert {"no call misses it", "allowed, and should not be"} <= kinds


def test_an_unknown_comparison_is_told() -> None:
    claim = containment_claim(Unknown(("too much",)), "the vendor's file")
    assert (claim.outcome, claim.details[0].text) == ("unknown", "too much")


def test_what_was_left_out_is_told_and_nothing_is_then_proved() -> None:
    found = evidence((*happenings(), happening(call("ec2", "InventSomething"))))
    aside = LeftOut("ec2:RunInstances", "AWS answered UnauthorizedOperation", serious=False)
    found = replace(found, left_out=(*found.left_out, aside), blind=("data events",))
    layers = Layers(identity=derived().documents)
    claim = sufficiency_claim(sufficient(found, INSTALLER, layers, known()))
    made = certificate(found, derived().documents, [claim], VERSIONS)
    assert (made.outcome, made.blind) == ("unknown", ("data events",))
    assert [each.what for each in made.left_out] == ["ec2:InventSomething"]
    assert "ec2:InventSomething" in claim.details[0].text
