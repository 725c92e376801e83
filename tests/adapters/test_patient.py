"""`patient` repeats what was not carried out, never a write that may have been; `prove_key` wants answers in a row."""

from __future__ import annotations

import pytest
from support.clock import FakeClock

from narrowgate.adapters.evidence import IN_A_ROW, prove_key
from narrowgate.adapters.patient import NOT_CARRIED_OUT, PATIENCE, TELL_AFTER, UNREACHED_PATIENCE, patient
from narrowgate.calls import Call, Fields, Reply, World, call
from narrowgate.errors import AwsError, NarrowgateError, NotPermitted, OutcomeUnknown

READ, WRITE = call("iam", "GetUser"), call("iam", "CreateAccessKey", UserName="u")
ARN = "arn:aws:iam::123456789012:user/u"


def failing(times: int, error: NarrowgateError) -> tuple[World, list[Call]]:
    made: list[Call] = []

    def world(asked: Call) -> Reply | None:
        made.append(asked)
        if len(made) <= times:
            raise error
        return Fields(Arn=ARN)

    return world, made


@pytest.mark.parametrize("code", sorted(NOT_CARRIED_OUT))
@pytest.mark.parametrize("asked", [READ, WRITE])
def test_what_was_not_carried_out_is_sent_again(code: str, asked: Call) -> None:
    clock = FakeClock()
    world, made = failing(4, AwsError("later", code=code))
    assert patient(world, clock)(asked) is not None
    assert len(made) == 5 and len(set(clock.sleeps)) == 4


def test_only_a_read_is_repeated_after_no_answer() -> None:
    lost = OutcomeUnknown("?", code="NoAnswer")
    world, made = failing(1, lost)
    assert patient(world, FakeClock())(READ) is not None and len(made) == 2
    world, made = failing(1, lost)
    with pytest.raises(OutcomeUnknown):
        patient(world, FakeClock())(WRITE)
    assert len(made) == 1


def test_patience_ends() -> None:
    clock = FakeClock()
    world, _ = failing(10**6, AwsError("later", code="Throttling"))
    with pytest.raises(AwsError):
        patient(world, clock)(READ)
    assert PATIENCE / 2 < clock.monotonic() <= PATIENCE


def test_what_cannot_be_reached_is_given_up_sooner() -> None:
    clock = FakeClock()
    world, _ = failing(10**6, AwsError("no way", code="NotReached"))
    with pytest.raises(AwsError):
        patient(world, clock)(READ)
    assert UNREACHED_PATIENCE / 3 < clock.monotonic() <= UNREACHED_PATIENCE


def test_what_is_not_aws_is_not_asked_again() -> None:
    world, made = failing(10**6, OutcomeUnknown("a login page", code="NotAws"))
    with pytest.raises(OutcomeUnknown):
        patient(world, FakeClock())(READ)
    assert len(made) == 1


def test_a_long_wait_is_told_once_and_a_short_one_never() -> None:
    told: list[str] = []
    world, _ = failing(10**6, OutcomeUnknown("?", code="NoAnswer"))
    clock = FakeClock()
    asks = patient(world, clock, tell=told.append)
    with pytest.raises(OutcomeUnknown):
        asks(READ)
    (said,) = told
    assert said.startswith("AWS does not answer `iam:GetUser` (NoAnswer); trying for another 5")
    with pytest.raises(OutcomeUnknown):
        asks(READ)
    assert len(told) == 2
    told.clear()
    world, _ = failing(3, OutcomeUnknown("?", code="NoAnswer"))
    clock = FakeClock()
    patient(world, clock, tell=told.append)(READ)
    assert clock.monotonic() < TELL_AFTER and told == []


def test_a_key_is_proved_by_answers_in_a_row() -> None:
    unknown = NotPermitted("no", code="InvalidClientTokenId")
    answers = iter([True, False, True, True, False] + [True] * 20)

    def world(asked: Call) -> Reply | None:
        if asked.service == "sts":
            return Fields(Arn=ARN)
        if not next(answers):
            raise unknown
        return Fields()

    clock = FakeClock()
    proof = prove_key(world, ARN, call("ec2", "DescribeInstances"), clock)
    assert proof.permitted and len(clock.sleeps) == 2
    assert len(list(answers)) == 20 - IN_A_ROW


def test_a_denied_read_proves_the_key_and_is_told_apart() -> None:
    def world(asked: Call) -> Reply | None:
        if asked.service == "sts":
            return Fields(Arn=ARN)
        raise NotPermitted("no", code="UnauthorizedOperation")

    assert not prove_key(world, ARN, call("ec2", "DescribeInstances"), FakeClock()).permitted


def test_another_users_key_and_a_key_that_never_works_are_errors() -> None:
    read = call("ec2", "DescribeInstances")
    with pytest.raises(AwsError, match="belongs to"):
        prove_key(lambda _: Fields(Arn="arn:aws:iam::1:user/else"), ARN, read, FakeClock())
    world, _ = failing(10**6, NotPermitted("no", code="AuthFailure"))
    with pytest.raises(AwsError, match="not accepted"):
        prove_key(world, ARN, read, FakeClock())
