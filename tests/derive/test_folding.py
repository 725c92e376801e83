"""Scopes written shorter: what stays the same for every type that AWS knows, and what never changes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from narrowgate.adapters.action_data import action_list
from narrowgate.derive.folding import folded
from narrowgate.derive.scope import Scope
from narrowgate.derive.statements import document_of, statements_of
from narrowgate.policy import Layers, evaluate, request
from narrowgate.policy.actions import ActionList
from narrowgate.policy.comparison import covers
from narrowgate.policy.document import Document
from narrowgate.policy.request_context import Request, Requester
from narrowgate.policy.verdict import Proved, Refuted

ROOT = "arn:aws:ec2:eu-west-1:123456789012:"
WHO = Requester("AWS", "arn:aws:iam::123456789012:user/installer")
OURS = (("StringEquals", "aws:ResourceTag/installation", ("one",)),)
ASKED = (("StringEquals", "aws:RequestTag/installation", ("one",)),)
MADE = (*ASKED, ("StringEquals", "ec2:CreateAction", ("CreateVpc", "RunInstances")))


@cache
def known() -> ActionList:
    return action_list()


def scopes(action: str, *types: str, conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = OURS) -> list[Scope]:
    return [Scope(f"ec2:{action}", f"{ROOT}{type_}", conditions) for type_ in types]


FULL = (
    scopes("TerminateInstances", "instance/*"),
    scopes("AssociateAddress", "elastic-ip/*", "instance/*", "network-interface/*"),
    scopes("DeleteVpc", "vpc/*"),
    scopes("CreateRouteTable", "vpc/*"),
    scopes("AuthorizeSecurityGroupIngress", "security-group/*"),
)
PARTLY = (
    scopes("AssociateAddress", "elastic-ip/*", "instance/*"),
    scopes("AssociateRouteTable", "route-table/*", "subnet/*"),
    scopes("RunInstances", "subnet/*", "security-group/*"),
    scopes("DeleteKeyPair", "key-pair/demo"),
    scopes("AnActionThatNobodyKnows", "vpc/*"),
)


@pytest.mark.parametrize("given", FULL, ids=lambda given: given[0].action)
def test_what_has_no_other_type_is_folded_and_stays_the_same(given: list[Scope]) -> None:
    made = folded(given, known(), exactly=True)
    assert [each.resource for each in made] == [f"{ROOT}*/*"]
    before, after = (document_of(statements_of(each, known())) for each in (given, made))
    assert isinstance(covers([after], [before]), Proved)
    for asked in every_type(given[0].action):
        assert allows(after, asked) == allows(before, asked), asked


def every_type(action: str) -> Iterator[Request]:
    """A request for each type of the action, with the tag where AWS looks at tags of the type."""
    found = known().action(action)
    assert found is not None
    for kind in found.types:
        tagged = any(key.startswith("aws:ResourceTag/") for key in kind.keys or kind.type_keys)
        context = {"aws:ResourceTag/installation": "one"} if tagged else {}
        yield request(WHO, action, f"{ROOT}{kind.name}/x", context)


def allows(document: Document, asked: Request) -> bool:
    return evaluate(asked, Layers(identity=(document,))).outcome == "allowed"


@pytest.mark.parametrize("given", PARTLY, ids=lambda given: given[0].action)
def test_what_would_reach_more_stays_as_it_is_where_it_must_be_exact(given: list[Scope]) -> None:
    assert folded(given, known(), exactly=True) == tuple(given)


def test_where_it_need_not_be_exact_our_own_things_of_other_types_come_within_reach() -> None:
    given = scopes("AssociateRouteTable", "route-table/*", "subnet/*")
    made = folded(given, known(), exactly=False)
    assert [(each.resource, each.conditions) for each in made] == [(f"{ROOT}*/*", OURS)]
    before, after = (document_of(statements_of(each, known())) for each in (given, made))
    assert isinstance(covers([after], [before]), Proved)
    assert isinstance(covers([before], [after]), Refuted)


@pytest.mark.parametrize("exactly", [True, False])
def test_nothing_without_a_tag_of_ours_is_folded(exactly: bool) -> None:
    given = [
        *scopes("TerminateInstances", "instance/*", conditions=()),
        *scopes("CreateInternetGateway", "internet-gateway/*", conditions=ASKED),
        *scopes("StopInstances", "instance/*", conditions=(("StringEquals", "aws:RequestedRegion", ("eu-west-1",)),)),
    ]
    assert folded(given, known(), exactly=exactly) == tuple(given)


def test_tagging_is_folded_where_it_is_bound_to_a_creation() -> None:
    made = folded(scopes("CreateTags", "vpc/*", "instance/*", conditions=MADE), known(), exactly=True)
    assert [(each.resource, each.conditions) for each in made] == [(f"{ROOT}*/*", MADE)]
    bare = scopes("CreateTags", "vpc/*", "instance/*", conditions=ASKED)
    assert folded(bare, known(), exactly=False) == tuple(bare)


def test_two_accounts_or_regions_are_not_one() -> None:
    other = Scope("ec2:TerminateInstances", "arn:aws:ec2:eu-west-1:999999999999:instance/*", OURS)
    given = (*scopes("TerminateInstances", "instance/*"), other)
    assert folded(given, known(), exactly=False) == given


def test_a_folded_scope_is_joined_with_nothing_that_it_would_widen() -> None:
    given = (
        *folded(scopes("TerminateInstances", "instance/*"), known(), exactly=True),
        *scopes("AssociateRouteTable", "route-table/*", "subnet/*"),
    )
    assert {s.actions: s.resources for s in statements_of(given, known())} == {
        ("ec2:TerminateInstances",): (f"{ROOT}*/*",),
        ("ec2:AssociateRouteTable",): (f"{ROOT}route-table/*", f"{ROOT}subnet/*"),
    }
