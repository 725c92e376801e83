"""What a recording tells: whose calls, which of them failed, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from narrowgate.adapters.recorded_calls import completed, holder_of, recorded_calls
from narrowgate.adapters.sandbox.recording import Recorded, Result
from narrowgate.calls import EMPTY, Fields, call
from narrowgate.catalogue.facts import Place
from narrowgate.derive.evidence import Evidence, evidence_of
from narrowgate.errors import UsageError

ANN = "arn:aws:iam::123456789012:user/ann"
BOB = "arn:aws:iam::123456789012:user/bob"
ALLOWED = Fields(outcome="allowed", requests=())
DENIED = Fields(outcome="implicitDeny", layer="identity", requests=())


def line(  # noqa: PLR0913  # each is a member of the line
    operation: str = "CreateUser",
    *,
    service: str = "iam",
    who: str = ANN,
    key: str = "AKIAANN",
    region: str = "us-east-1",
    status: int = 200,
    error: str = "",
    decision: Fields = ALLOWED,
    ids: Mapping[str, object] | None = None,
    lost: int = 0,
    **params: object,
) -> Recorded:
    made = call(service, operation, **(params or {"UserName": "x"}))
    result = Result(status, error, Fields(ids or {}))
    return Recorded(datetime(2026, 1, 1, tzinfo=UTC), 1, who, key, region, made, result, decision, lost=lost)


def evidence(*lines: Recorded) -> Evidence:
    found = recorded_calls(lines, "a.jsonl")
    return completed(evidence_of(found.happenings, found.place, found.origin), found.asked)


def test_the_happenings_have_what_the_lines_have() -> None:
    found = recorded_calls([line(ids={"User": {"Arn": "a"}})], "a.jsonl")
    (happening,) = found.happenings
    assert happening.call == call("iam", "CreateUser", UserName="x")
    assert happening.reply == Fields(User=Fields(Arn="a"))
    assert happening.source == "a.jsonl line 1"
    assert happening.principal == ANN
    assert (happening.failed, happening.without_effect) == ("", False)
    assert found.origin.whose == f"{ANN} in a.jsonl"
    assert found.origin.left_out == ()


def test_the_place_is_the_principals_account_and_the_region_of_most_regional_calls() -> None:
    who = "arn:aws-cn:iam::999999999999:user/x"
    lines = [line(who=who, region="cn-north-1") for _ in range(3)]
    lines += [line("CreateVpc", service="ec2", who=who, region="cn-northwest-1", CidrBlock="10.0.0.0/16")]
    assert recorded_calls(lines, "a").place == Place("aws-cn", "999999999999", "cn-northwest-1")


@pytest.mark.parametrize("wanted", ["", "carol"])
def test_one_of_several_principals_must_be_chosen(wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        recorded_calls([line(), line(who=BOB), line(who=BOB)], "a.jsonl", principal=wanted)
    assert f"there are {ANN} (1 call), {BOB} (2 calls)" in caught.value.message


@pytest.mark.parametrize("wanted", [BOB, "bob"])
def test_the_calls_of_the_others_are_told_of(wanted: str) -> None:
    found = recorded_calls([line(), line(who=BOB, UserName="y")], "a.jsonl", principal=wanted)
    assert [each.call.params.text("UserName") for each in found.happenings] == ["y"]
    assert [(each.what, each.serious) for each in found.origin.left_out] == [("1 call", False)]
    assert ANN in found.origin.left_out[0].why


def test_the_sessions_of_a_role_are_one_principal() -> None:
    role = "arn:aws:sts::123456789012:assumed-role/node"
    lines = [line(who=f"{role}/one"), line(who=f"{role}/two")]
    assert holder_of(f"{role}/one") == role
    assert len(recorded_calls(lines, "a", principal=role).happenings) == 2
    assert len(recorded_calls(lines, "a", principal=f"{role}/one").happenings) == 2
    assert len(recorded_calls(lines, "a", principal="node").happenings) == 2


def test_an_empty_recording_is_refused() -> None:
    with pytest.raises(UsageError, match=r"a\.jsonl is empty: nothing was called while it was recorded"):
        recorded_calls([], "a.jsonl")


def test_a_recording_of_nobody_is_refused() -> None:
    lines = [line(who="", key="", status=403, error="InvalidClientTokenId", decision=EMPTY)]
    with pytest.raises(UsageError, match="no call of anybody who proved who it was"):
        recorded_calls(lines, "a.jsonl")


def test_missing_lines_are_serious() -> None:
    found = evidence(line(), line(lost=3))
    (left,) = found.left_out
    assert (left.what, left.serious) == ("3 calls", True)
    assert "before line 2" in left.why


def test_what_was_denied_is_not_needed() -> None:
    found = evidence(line(), line("DeleteUser", status=403, error="AccessDenied", decision=DENIED))
    assert [use.name for use in found.uses] == ["iam:CreateUser"]
    assert [(left.what, left.serious) for left in found.left_out] == [("iam:DeleteUser", False)]


def test_what_was_allowed_and_failed_is_needed_and_made_nothing() -> None:
    tags = [{"Key": "k", "Value": "v"}]
    there = line("CreateRole", status=409, error="EntityAlreadyExists", RoleName="r", Tags=tags)
    found = evidence(there)
    assert [use.name for use in found.uses] == ["iam:CreateRole"]
    assert found.made == {}
    assert found.left_out == ()


def test_a_dry_run_is_no_failure() -> None:
    dry = line("CreateVpc", service="ec2", status=412, error="DryRunOperation", CidrBlock="10.0.0.0/16", DryRun=True)
    found = evidence(dry)
    assert [use.name for use in found.uses] == ["ec2:CreateVpc"]
    assert (found.made, found.left_out) == ({}, ())


def test_a_dropped_connection_may_have_been_a_call() -> None:
    before = line("CreateVpc", service="ec2", who="", status=0, decision=EMPTY, CidrBlock="10.0.0.0/16")
    after = line("DeleteUser", status=0)
    found = evidence(before, after, line("GetUser"))
    assert [use.name for use in found.uses] == ["ec2:CreateVpc", "iam:DeleteUser", "iam:GetUser"]
    assert found.made == {}


@pytest.mark.parametrize("is_asked_again", [True, False])
def test_what_was_throttled_matters_unless_it_was_asked_again(is_asked_again: bool) -> None:
    throttled = line("DeleteUser", who="", status=400, error="Throttling", decision=EMPTY)
    found = evidence(line(), throttled, *([line("DeleteUser")] if is_asked_again else []))
    (left,) = found.left_out
    assert (left.what, left.serious) == ("iam:DeleteUser", not is_asked_again)
    assert "Throttling" in left.why


def test_an_operation_that_the_catalogue_does_not_know_is_serious() -> None:
    unknown = line("CreateEverything", status=501, error="NotImplemented", decision=EMPTY)
    found = evidence(line(), unknown)
    assert [(left.what, left.serious) for left in found.left_out] == [("iam:CreateEverything", True)]


def test_what_the_gate_decided_beyond_the_calls_is_needed() -> None:
    subnet, table = (f"arn:aws:ec2:us-east-1:123456789012:{kind}" for kind in ("subnet/subnet-1", "route-table/rtb-1"))
    asked = [{"action": "ec2:DisassociateRouteTable", "resource": r, "outcome": "allowed"} for r in (table, subnet)]
    gate = Fields(outcome="allowed", requests=asked)
    call_ = line("DisassociateRouteTable", service="ec2", decision=gate, AssociationId="rtbassoc-1")
    (use,) = evidence(call_).uses
    named = [(each.action, each.resource) for each in use.authorizations]
    assert ("ec2:DisassociateRouteTable", subnet) in named
    # The catalogue asks for the table by an id that stands for it.
    assert ("ec2:DisassociateRouteTable", table) not in named
