"""Minimal: what is derived is, each planted fault is noticed, and the quick trial says what the slow one does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from prove.example import HERE, INSTALLER, derived, document, evidence, happenings, known

from narrowgate.catalogue.authorization import Authorization
from narrowgate.derive.evidence import Evidence
from narrowgate.policy import Document, Evaluator, Layers
from narrowgate.prove.alternatives import others_of
from narrowgate.prove.consent import consenting
from narrowgate.prove.forbidden import ForbiddenRequest, generated
from narrowgate.prove.minimality import Beside, Minimal, Minimality, NotMinimal, minimal
from narrowgate.prove.mutants import Mutant, mutants_of
from narrowgate.prove.standing import Standing
from narrowgate.prove.sufficiency import needs_of
from narrowgate.prove.trial import Asked, Trial

Change = Callable[[list[dict[str, Any]]], object]


def one() -> Document:
    (found,) = derived().documents
    return found


def changed(change: Change) -> Document:
    plain = json.loads(one().text())
    change(plain["Statement"])
    return document(json.dumps(plain))


def judged(made: Document, of: Evidence | None = None) -> Minimality:
    return minimal(of or evidence(), (made,), INSTALLER, known(), own=derived().own)


def refuted(found: Minimality) -> NotMinimal:
    assert isinstance(found, NotMinimal)
    return found


def test_what_is_derived_is_minimal() -> None:
    found = judged(one())
    assert isinstance(found, Minimal), found
    assert len(found.kills) > 100 and found.forbidden > 120
    assert all(kill.by for kill in found.kills)


def statement(statements: list[dict[str, Any]], action: str) -> dict[str, Any]:
    return next(each for each in statements if action in str(each["Action"]))


def drop_tag(statements: list[dict[str, Any]]) -> None:
    del statement(statements, "ec2:DeleteVpc")["Condition"]


def pass_anywhere(statements: list[dict[str, Any]]) -> None:
    del statement(statements, "iam:PassRole")["Condition"]


def pass_any_role(statements: list[dict[str, Any]]) -> None:
    statement(statements, "iam:PassRole")["Resource"] = "arn:aws:iam::123456789012:role/*"


def any_region(statements: list[dict[str, Any]]) -> None:
    del statement(statements, "ec2:DescribeVpcs")["Condition"]


def any_account(statements: list[dict[str, Any]]) -> None:
    statement(statements, "iam:PassRole")["Resource"] = "arn:aws:iam::*:role/Node"


def any_moment(statements: list[dict[str, Any]]) -> None:
    del statement(statements, "ec2:CreateTags")["Condition"]["StringEquals"]["ec2:CreateAction"]


def any_tag(statements: list[dict[str, Any]]) -> None:
    del statement(statements, "ec2:CreateTags")["Condition"]["ForAllValues:StringEquals"]


def any_boundary(statements: list[dict[str, Any]]) -> None:
    del statement(statements, "iam:CreateUser")["Condition"]


def boundary_if_given(statements: list[dict[str, Any]]) -> None:
    found = statement(statements, "iam:CreateUser")
    found["Condition"] = {"StringEqualsIfExists": found["Condition"]["StringEquals"]}


def any_policy(statements: list[dict[str, Any]]) -> None:
    del statement(statements, "iam:AttachUserPolicy")["Condition"]


def whole_bucket(statements: list[dict[str, Any]]) -> None:
    found = statement(statements, "s3:GetObject")
    found["Resource"] = [each.replace("release/1/", "") for each in listed(found["Resource"])]


def every_action(statements: list[dict[str, Any]]) -> None:
    statement(statements, "ec2:DeleteVpc")["Action"] = "ec2:*"


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


PLANTED: Final = [
    (drop_tag, "tag", "ec2:DeleteVpc"),
    (pass_anywhere, "key", "iam:PassRole"),
    (pass_any_role, "name", "iam:PassRole"),
    (any_region, "region", "ec2:DescribeVpcs"),
    (any_account, "account", "iam:PassRole"),
    (any_moment, "key", "ec2:CreateTags"),
    (any_tag, "tag key", "ec2:CreateTags"),
    (any_boundary, "key", "iam:CreateUser"),
    (boundary_if_given, "key", "iam:CreateUser"),
    (any_policy, "key", "iam:AttachUserPolicy"),
    (whole_bucket, "prefix", "s3:GetObject"),
    (every_action, "action", "ec2:AcceptVpcPeeringConnection"),
]


@pytest.mark.parametrize(("change", "altered", "action"), PLANTED)
def test_a_planted_width_lets_a_forbidden_request_through(change: Change, altered: str, action: str) -> None:
    made = changed(change)
    found = refuted(judged(made))
    assert (altered, action) in {(each.altered, each.asked.action) for each in found.allowed}


def test_every_wider_mutant_of_the_derived_policy_would_be_told() -> None:
    number, plain = 0, json.loads(one().text())
    for mutant in mutants_of(0, one(), others_of(evidence(), known())):
        if mutant.sense == "wider" and mutant.changed is not None and (number := number + 1) % 20 == 0:
            statements = list(plain["Statement"])
            statements[mutant.statement] = json.loads(mutant.changed.text())["Statement"][0]
            assert refuted(judged(document(json.dumps({**plain, "Statement": statements})))).allowed, mutant


def test_what_is_added_is_redundant() -> None:
    more = {
        "Effect": "Allow",
        "Action": "ec2:DeleteVolume",
        "Resource": "arn:aws:ec2:eu-west-1:123456789012:volume/v-1",
    }
    found = refuted(judged(changed(lambda statements: statements.append(more))))
    assert [each.what for each in found.redundant] == ["without the statement"]


def test_an_action_and_a_resource_that_are_added_are_redundant() -> None:
    def add(statements: list[dict[str, Any]]) -> None:
        made = statement(statements, "iam:PassRole")
        made["Action"] = ["iam:GetRole", *listed(made["Action"])]
        made["Resource"] = [*listed(made["Resource"]), "arn:aws:iam::123456789012:role/Spare"]
        made["Condition"]["StringEquals"]["iam:PassedToService"] = ["ec2.amazonaws.com", "ecs.amazonaws.com"]

    told = {each.what for each in refuted(judged(changed(add))).redundant}
    assert told == {
        "Action without `iam:GetRole`",
        "Resource without `arn:aws:iam::123456789012:role/Spare`",
        "StringEquals iam:PassedToService without `ecs.amazonaws.com`",
    }


def test_without_a_row_of_the_catalogue_its_grant_is_redundant() -> None:
    """A rule that AWS has and the evidence has not: the policy grants what nothing seems to need."""
    whole = evidence()
    uses = tuple(
        replace(use, authorizations=tuple(each for each in use.authorizations if each.action != "iam:PassRole"))
        for use in whole.uses
    )
    found = refuted(judged(one(), replace(whole, uses=uses)))
    place = next(n for n, each in enumerate(one().statements) if each.names_action("iam:PassRole"))
    assert (place, "without the statement") in {(each.statement, each.what) for each in found.redundant}


def test_without_a_call_its_grant_is_redundant() -> None:
    fewer = evidence(tuple(each for each in happenings() if each.call.name != "s3:GetObject"))
    told = [str(each) for each in refuted(judged(one(), fewer)).redundant]
    assert any("s3:GetObject" in each or "arn:aws:s3" in each for each in told)


def test_what_a_profile_forbids_is_asked_too() -> None:
    region = {"aws:RequestedRegion": "eu-west-1"}
    look = ForbiddenRequest("looking around", Authorization("ec2:DescribeVpcs", "*", region))
    stop = ForbiddenRequest("another's instance", Authorization("ec2:StopInstances", "*", region))
    found = minimal(evidence(), (one(),), INSTALLER, known(), beside=Beside((look, stop)))
    assert refuted(found).allowed == (look,)


def test_forbidden_requests_are_none_that_are_needed() -> None:
    made = generated(evidence(), derived().own, known())
    assert len(made) == len({each.name for each in made})
    first = Trial(Standing(INSTALLER, Layers()), (one(),))
    assert not any(first.allowed([first.asked(each.name, each.asked) for each in made]))
    assert {each.altered for each in made} == {
        "tag", "tag key", "key", "region", "account", "prefix", "name", "action"
    }  # fmt: skip


def test_alternatives_are_none_that_are_used() -> None:
    others = others_of(evidence(), known())
    assert others.account != HERE.account and others.region != HERE.region
    assert others.value("ec2:CreateAction", "CreateVpc") not in {"CreateVpc", "CreateSubnet", "RunInstances"}
    assert others.action("ec2:DeleteVpc", "vpc").lower() not in others.actions


def stated(effect: str, actions: Any, resources: Any, conditions: Any = None) -> dict[str, Any]:
    made = {"Effect": effect, **actions, **resources}
    return {**made, "Condition": conditions} if conditions else made


ALL: Final = {"Resource": "*"}
WITH_DENIES: Final = {
    "Version": "2012-10-17",
    "Statement": [
        stated(
            "Allow", {"NotAction": ["iam:*", "s3:*"]}, ALL, {"StringLike": {"aws:RequestedRegion": ["eu-*", "us-*"]}}
        ),
        stated(
            "Allow",
            {"Action": ["iam:PassRole", "iam:CreateUser"]},
            {"NotResource": ["arn:aws:iam::123456789012:role/A", "arn:aws:iam::123456789012:role/Node"]},
        ),
        stated(
            "Deny",
            {"Action": ["ec2:Create*", "ec2:DeleteVpc"]},
            ALL,
            {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-west-2"]}},
        ),
        stated("Deny", {"NotAction": ["ec2:*", "iam:CreateUser"]}, ALL),
        stated(
            "Deny",
            {"Action": "ec2:DeleteVpc"},
            ALL,
            {"StringNotEquals": {"aws:ResourceTag/narrowgate:installation": "demo"}},
        ),
    ],
}


@pytest.mark.parametrize("made", ["derived", "with denies"])
def test_the_quick_trial_is_the_slow_one(made: str) -> None:
    documents = (one(),) if made == "derived" else (document(json.dumps(WITH_DENIES)), one())
    trial, layers = opened(documents), Layers(identity=documents)
    for number, each in enumerate(documents):
        for mutant in mutants_of(number, each, others_of(evidence(), known())):
            quick = trial.killer(mutant)
            slow = slowly(trial, mutant, layers)
            assert (quick in slow) if slow else not quick, mutant


def opened(documents: tuple[Document, ...]) -> Trial:
    first = Trial(Standing(INSTALLER, Layers()), documents)
    needed = [first.asked(str(number), each.asked) for number, each in enumerate(needs_of(evidence()))]
    barred = [first.asked(each.name, each.asked) for each in generated(evidence(), derived().own, known())]
    met = tuple(each for each, allowed in zip(needed, first.allowed(needed), strict=True) if allowed)
    refused = tuple(each for each, allowed in zip(barred, first.allowed(barred), strict=True) if not allowed)
    assert met and refused
    return Trial(Standing(INSTALLER, Layers()), documents, met, refused)


def slowly(trial: Trial, mutant: Mutant, layers: Layers) -> set[str]:
    """Every request that tells the whole mutated document from the original."""
    plain = json.loads(trial.documents[mutant.document].text())
    statements = plain["Statement"]
    if mutant.changed is None:
        del statements[mutant.statement]
    else:
        statements[mutant.statement] = json.loads(mutant.changed.text())["Statement"][0]
    documents = list(layers.identity)
    documents[mutant.document] = document(json.dumps(plain))
    made = Evaluator(Layers(identity=tuple(documents), resource=consenting(HERE.account)))
    asked = trial.needed if mutant.sense == "narrower" else trial.refused
    is_wider = mutant.sense == "wider"
    return {each.name for each in asked if (made.evaluate(each.request).outcome == "allowed") is is_wider}


def test_a_request_is_the_principals() -> None:
    trial = opened((one(),))
    assert all(isinstance(each, Asked) and each.request.principal == INSTALLER for each in trial.needed)
    assert all(each.request.context["aws:username"] == "installer" for each in trial.needed)


def test_what_allows_no_call_is_redundant_though_its_action_is_called() -> None:
    other = {"Effect": "Allow", "Action": "ec2:DeleteVpc", "Resource": "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1"}
    found = refuted(judged(document(json.dumps({"Statement": [other]}))))
    assert [each.what for each in found.redundant] == ["without the statement"]
