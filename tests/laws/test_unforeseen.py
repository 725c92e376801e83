"""What AWS or somebody else does in the middle of a run: told, looked at again, never gone past."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from support.account import Setting, yes

from narrowgate.calls import Call, Fields, Reply, World
from narrowgate.errors import AwsError, OutcomeUnknown, Refused
from narrowgate.verbs.setup import setup
from narrowgate.verbs.teardown import teardown

pytestmark = pytest.mark.slow
Wrap = Callable[[World], World]


def once(operation: str, instead: Callable[[World, Call], Reply | None]) -> Wrap:
    """The first call of the operation goes another way."""
    seen: list[Call] = []

    def wrap(world: World) -> World:
        def ask(call: Call) -> Reply | None:
            if call.operation == operation and not seen:
                seen.append(call)
                return instead(world, call)
            return world(call)

        return ask

    return wrap


def test_what_aws_keeps_after_a_teardown_is_listed(setting: Setting) -> None:
    with setting.site() as site:
        setup(site, yes)

    def forgetful(world: World) -> World:
        return lambda call: Fields() if call.operation == "DeletePolicy" else world(call)

    with setting.site(forgetful) as site:
        done = teardown(site, yes)
    assert [identity.rpartition("/")[2] for identity in done.left] == [
        "ManageIguazioSystems",
        "AssignPrivateIPAddresses",
    ]
    with setting.site() as site:
        assert teardown(site, yes).left == ()


def test_a_thing_that_an_earlier_try_made_is_gone_on_with(setting: Setting) -> None:
    def made_before(world: World, call: Call) -> Reply | None:
        world(call)
        raise AwsError("it is there", code="EntityAlreadyExists")

    with setting.site(once("CreateUser", made_before)) as site:
        setup(site, yes)
    with setting.site() as site:
        assert setup(site, yes).steps == 0
    assert len(setting.keys("Provazio")) == 1


def test_a_run_does_not_go_beyond_what_was_approved(setting: Setting) -> None:
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})

    def meddled(world: World, call: Call) -> Reply | None:
        world(call)
        setting.iam().update_assume_role_policy(RoleName="IguazioDataScienceNode", PolicyDocument=document)
        raise OutcomeUnknown("no answer", code="NoAnswer")

    with (
        setting.site(once("AttachRolePolicy", meddled)) as site,
        pytest.raises(Refused, match=r"the account changed during the run.*UpdateAssumeRolePolicy"),
    ):
        setup(site, yes)
    with setting.site() as site:
        assert setup(site, yes).steps > 0
