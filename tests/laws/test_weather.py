"""Laws: AWS behind itself, throttling, two runs at once. Nobody sleeps: waiting is on evidence, with backoff."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.account import PARAMETER, SECRET, Setting, yes
from support.worlds import Counter, Lagging, throttling

from narrowgate.errors import Refused
from narrowgate.rotation import Pace
from narrowgate.verbs import planning
from narrowgate.verbs.rotate import Asked, rotate
from narrowgate.verbs.setup import setup
from narrowgate.verbs.teardown import teardown

SWIFT = Asked(Pace(timedelta(seconds=4), timedelta(seconds=4)))


def check(setting: Setting) -> None:
    (key,) = setting.keys()
    for held in setting.held():
        assert held is not None and held[0] == key
        assert setting.cloud.caller(setting.region, held).endswith("/Provazio")


@pytest.mark.slow
@pytest.mark.parametrize("cloudy", [False, True], ids=["files", "clouds"])
def test_a_lag_of_five_seconds_is_waited_out_by_evidence(setting: Setting, cloudy: bool) -> None:
    if cloudy:
        setting.write(credentials=[SECRET, PARAMETER])
    before = setting.census()
    lag = Lagging(setting.cloud.clock, 5.0)
    with setting.site(lag=lag) as site:
        assert setup(site, yes).findings == ()
        assert planning.make(site).plan.is_empty
    assert lag.late > 0
    check(setting)
    first = setting.keys()
    with setting.site(lag=lag) as site:
        assert rotate(site, SWIFT, yes).waiting == ""
    check(setting)
    assert setting.keys() != first
    with setting.site(lag=lag) as site:
        assert teardown(site, yes).left == ()
    assert setting.census() == before
    pauses = setting.cloud.clock.sleeps
    assert len(set(pauses)) > 3, "a fixed sleep"


@pytest.mark.slow
def test_no_pause_when_nothing_is_late(setting: Setting) -> None:
    with setting.site() as site:
        setup(site, yes)
        teardown(site, yes)
    assert setting.cloud.clock.sleeps == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_throttling_of_a_third_of_all_calls_is_waited_out(setting: Setting, seed: int) -> None:
    before = setting.census()
    with setting.site(throttling(0.3, seed)) as site:
        setup(site, yes)
    check(setting)
    with setting.site(throttling(0.3, seed)) as site:
        rotate(site, SWIFT, yes)
    check(setting)
    with setting.site(throttling(0.3, seed)) as site:
        assert teardown(site, yes).left == ()
    assert setting.census() == before


@pytest.mark.slow
def test_the_second_of_two_runs_is_refused_and_makes_no_write(setting: Setting) -> None:
    calls = Counter()
    with setting.site() as first, setting.site(calls) as second:
        first.journal.lock()
        for verb in (
            lambda: setup(second, yes),
            lambda: rotate(second, SWIFT, yes),
            lambda: teardown(second, yes),
        ):
            with pytest.raises(Refused, match="another narrowgate command is at work") as caught:
                verb()
            assert caught.value.exit_code == 3
        assert calls.writes == []
        first.journal.close()
        setup(second, yes)
    check(setting)
