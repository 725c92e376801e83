"""Every enforcement scenario through boto3's core, without a socket: code, status, words, and what was left undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from enforcement.support import staged

from bench.enforcement import answer, effects, judged, set_up
from bench.enforcement_callers import caller
from bench.enforcement_table import Expected, Outcome, Scenario, faults, filled, scenarios

ALL = scenarios()


def _marked() -> Iterator[object]:
    for scenario in ALL:
        marks = [] if scenario.quick else [pytest.mark.slow]
        if scenario.open:
            marks.append(pytest.mark.xfail(reason=scenario.open, strict=True))
        yield pytest.param(scenario, marks=marks, id=f"{scenario.topic}: {scenario.name}")


@pytest.mark.parametrize("scenario", tuple(_marked()))
def test_the_sandbox_answers_as_aws(scenario: Scenario) -> None:
    with staged() as (_, stage):
        set_up(stage, scenario)
        who = caller(stage, scenario.who)
        played = judged(scenario, stage, who, answer(stage, scenario, who))
        assert played.faults == ()
        assert effects(stage, scenario) == ()


def test_the_table_is_as_large_as_promised_and_names_nothing_twice() -> None:
    assert len(ALL) >= 160
    assert [name for name, count in Counter(each.name for each in ALL).items() if count > 1] == []
    allowed = sum(each.is_allowed for each in ALL)
    # A gate that always says the same must not look good.
    assert min(allowed, len(ALL) - allowed) > len(ALL) / 4


def test_an_answer_that_differs_is_a_fault() -> None:
    wanted = Expected("AccessDenied", 403, ("because no identity-based policy",))
    assert faults(wanted, Outcome("AccessDenied", 403, "... because no identity-based policy ...")) == ()
    assert faults(wanted, Outcome("AccessDenied", 400, "because no identity-based policy"))
    assert faults(wanted, Outcome("AccessDenied", 403, "with an explicit deny"))
    assert faults(wanted, Outcome("UnauthorizedOperation", 403, "because no identity-based policy"))
    assert faults(wanted, Outcome("", 200))
    assert faults(Expected(), Outcome("AccessDenied", 403))


def test_a_name_that_nothing_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"nothing given is called `<nobody\.arn>`"):
        filled({"Resource": ["<nobody.arn>"]}, {"somebody.arn": "arn"})
    assert filled("${aws:username} of <a.b>", {"a.b": "x"}) == "${aws:username} of x"
