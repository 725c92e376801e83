"""The weather: what its text says, that it can be replayed, that its rates are true and leave each other alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from botocore import parsers
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.adapters.patient import NOT_CARRIED_OUT
from narrowgate.adapters.sandbox.answer import error
from narrowgate.adapters.sandbox.request import Style
from narrowgate.adapters.sandbox.weather import (
    CALM,
    LONGEST,
    NOTHING,
    Climate,
    Forecast,
    Told,
    Weather,
    fault,
    forecast,
    parse_weather,
)

LAW = settings(deadline=None)
RATE = st.floats(0, 1)
SECONDS = st.floats(0, LONGEST)
CLIMATES = st.builds(
    Climate, SECONDS, RATE, RATE, RATE, RATE, st.tuples(SECONDS, SECONDS).map(lambda two: (min(two), max(two)))
)
# `consistency` is a service's, so an operation's climate has the same.
SERVICES = st.sampled_from(["ec2", "ec2-instance-connect", "iam", "sts"])
SPECIAL = st.dictionaries(SERVICES, st.tuples(CLIMATES, st.dictionaries(st.sampled_from(["Run", "Get"]), CLIMATES)))
EXAMPLE = "consistency=5,ec2:consistency=8,throttle=0.3,fail=0.1,drop-before=0.05,drop-after=0.05,slow=0.2..1.5,seed=7"
MANY = 4000


@st.composite
def weathers(draw: st.DrawFn) -> Weather:
    """Any weather that a text can ask for."""
    special = {}
    for service, (climate, operations) in draw(SPECIAL).items():
        special[service] = climate
        for name, other in operations.items():
            special[f"{service}:{name}"] = replace(other, consistency=climate.consistency)
    return Weather(draw(CLIMATES), tuple(special.items()), draw(st.integers(0, 10**18 - 1)))


def troubles(weather: Weather, count: int = MANY, service: str = "iam") -> list[str | None]:
    return [forecast(weather, number, service, "CreateUser").trouble for number in range(count)]


def numbers(weather: Weather, *kinds: str) -> set[int]:
    return {number for number, trouble in enumerate(troubles(weather)) if trouble in kinds}


@LAW
@given(weathers())
def test_what_is_printed_is_read_back(weather: Weather) -> None:
    assert parse_weather(str(weather)) == weather
    assert "e" not in str(weather).partition("slow=")[2].partition(",")[0]


def test_the_example() -> None:
    weather = parse_weather(EXAMPLE)
    assert weather.general == Climate(5, 0.3, 0.1, 0.05, 0.05, (0.2, 1.5))
    assert (weather.over("ec2").consistency, weather.over("sts").consistency, weather.longest_delay) == (8, 5, 8)
    assert weather.seed == 7 and weather.services == {"ec2"} and not weather.is_off
    assert str(weather) == (
        "consistency=5,throttle=0.3,fail=0.1,drop-before=0.05,drop-after=0.05,slow=0.2..1.5,ec2:consistency=8,seed=7"
    )


@pytest.mark.parametrize("text", ["", "  ", "off"])
def test_it_is_off_by_default(text: str) -> None:
    assert parse_weather(text) == CALM == Weather()
    assert str(CALM) == "off" and CALM.is_off
    assert {forecast(CALM, number, "iam") for number in range(100)} == {NOTHING} == {Forecast()}


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("seed=7", "seed=7"),
        ("throttle=0", "off"),
        ("slow=1..1", "slow=1"),
        (" throttle = 0.30 , seed=1", None),
        (" throttle=0.30 , seed=1", "throttle=0.3"),
        ("throttle=0.3,ec2:throttle=0.3", "throttle=0.3"),
        ("throttle=0.3,iam:throttle=0", "throttle=0.3,iam:throttle=0"),
        ("ec2:RunInstances:fail=1,ec2:fail=0.5", "ec2:fail=0.5,ec2:RunInstances:fail=1"),
        ("fail=0.000001", "fail=0.000001"),
    ],
)
def test_one_weather_has_one_spelling(text: str, printed: str | None) -> None:
    if printed is None:
        with pytest.raises(ValueError, match="is no setting"):
            parse_weather(text)
    else:
        assert str(parse_weather(text)) == printed


def test_a_narrower_setting_wins_and_leaves_the_others() -> None:
    weather = parse_weather("throttle=0.2,ec2:fail=0.1,ec2:RunInstances:drop-after=1")
    assert weather.over("ec2", "RunInstances") == Climate(throttle=0.2, fail=0.1, drop_after=1)
    assert weather.over("ec2", "DescribeVpcs") == Climate(throttle=0.2, fail=0.1)
    assert weather.over("iam", "RunInstances") == Climate(throttle=0.2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("throtle=0.3", "`throtle` is no weather: choose from consistency, throttle, fail, drop-before"),
        ("throttle", "`throttle` is no setting: write `throttle=0.3`"),
        ("throttle=0.3;fail=1", "`throttle=0.3;fail=1`: `0.3;fail=1` is no number|is no number"),
        ("throttle=1.01", "`throttle` is a share of calls: give a number from 0 to 1"),
        ("throttle=30%", "`30%` is no number. write it as `0.3`"),
        ("throttle=-1", "is no number"),
        ("throttle=nan", "is no number"),
        ("throttle=1e-3", "is no number"),
        ("throttle=", "`` is no number"),
        ("throttle=٣", "is no number"),
        ("consistency=601", "give a number from 0 to 600"),
        ("slow=2..1", "the least and the most"),
        ("slow=1..2..3", "is no number"),
        ("slow=..1", "is no number"),
        ("fail=0.1,fail=0.1", "`fail=0.1`: it is set twice"),
        ("ec2:seed=1", "there is one seed for all. write `seed=1`"),
        ("seed=x", "a seed is a whole number"),
        ("ec2:RunInstances:consistency=1", "write `ec2:consistency=1`"),
        ("ec2:runinstances:fail=1", "is no setting"),
        ("EC2:fail=1", "is no setting"),
        ("fail=0.1,,", "`` is no setting"),
        ("off,fail=1", "`off` is no setting"),
    ],
)
def test_a_text_that_says_nothing_is_told_what_to_say(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_weather(text)


@LAW
@given(st.text(alphabet="ec2iamRun:=.,-019 xslowfailthrottle\x00é", max_size=30))
def test_any_other_text_is_a_value_error_or_a_weather(text: str) -> None:
    try:
        weather = parse_weather(text)
    except ValueError:
        return
    assert parse_weather(str(weather)) == weather


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.5, float("inf")])
def test_no_climate_has_a_rate_that_is_none(bad: float) -> None:
    for rates in ((bad, 0, 0, 0), (0, bad, 0, 0), (0, 0, bad, 0), (0, 0, 0, bad)):
        with pytest.raises(ValueError, match="from 0 to 1"):
            Climate(0, *rates)
    with pytest.raises(ValueError, match="from 0 to 600"):
        Climate(bad if bad != 1.5 else 601)
    with pytest.raises(ValueError, match="up to 600"):
        Climate(slow=(0, bad if bad != 1.5 else 601))


def test_the_same_seed_and_calls_give_the_same_weather() -> None:
    weather = parse_weather(EXAMPLE)
    first = [forecast(weather, number, "iam", "GetUser") for number in range(MANY)]
    assert first == [forecast(weather, number, "iam", "GetUser") for number in range(MANY)]
    # In whatever order they are asked for.
    assert first[::-1] == [forecast(weather, number, "iam", "GetUser") for number in reversed(range(MANY))]
    other = replace(weather, seed=8)
    assert first != [forecast(other, number, "iam", "GetUser") for number in range(MANY)]


PINNED = [
    *("unavailable", "throttled", None, None, None, "dropped-before"),
    *(None, "fails", "throttled", "throttled", None, "dropped-after"),
]


def test_a_seed_means_the_same_weather_in_every_version() -> None:
    weather = parse_weather("throttle=0.2,fail=0.2,drop-before=0.1,drop-after=0.2,seed=7")
    assert troubles(weather, 12) == PINNED


@pytest.mark.parametrize(
    ("setting", "kinds"),
    [
        ("throttle", ("throttled",)),
        ("fail", ("fails", "unavailable")),
        ("drop-before", ("dropped-before",)),
        ("drop-after", ("dropped-after",)),
    ],
)
def test_a_rate_is_the_share_of_calls(setting: str, kinds: tuple[str, ...]) -> None:
    for rate in (0.05, 0.3):
        share = len(numbers(parse_weather(f"{setting}={rate}"), *kinds)) / MANY
        # Five standard deviations.
        assert abs(share - rate) < 5 * (rate * (1 - rate) / MANY) ** 0.5
    assert set(troubles(parse_weather(f"{setting}=1"))) == set(kinds)


def test_seeds_and_kinds_are_independent() -> None:
    """Half of what is throttled with one seed is throttled with the next, and as much fails."""
    half = numbers(parse_weather("throttle=0.5"), "throttled")
    for other in (
        numbers(parse_weather("throttle=0.5,seed=2"), "throttled"),
        numbers(parse_weather("fail=0.5"), "fails", "unavailable"),
        numbers(parse_weather("drop-before=0.5"), "dropped-before"),
    ):
        assert abs(len(half & other) / MANY - 0.25) < 0.035


def test_one_rate_does_not_shift_the_draws_of_another() -> None:
    throttled = numbers(parse_weather("throttle=0.3"), "throttled")
    failing = numbers(parse_weather("fail=0.3"), "fails", "unavailable")
    lost = numbers(parse_weather("drop-after=0.3"), "dropped-after")
    early = numbers(parse_weather("drop-before=0.3"), "dropped-before")
    together = parse_weather("throttle=0.3,fail=0.3,drop-before=0.3,drop-after=0.3,slow=1..2")
    assert numbers(together, "dropped-before") == early
    assert numbers(together, "throttled") == throttled - early
    assert numbers(together, "fails", "unavailable") == failing - throttled - early
    assert numbers(together, "dropped-after") == lost - failing - throttled - early
    # A higher rate only adds.
    assert throttled < numbers(parse_weather("throttle=0.4"), "throttled")
    # Nor does what one service has.
    assert numbers(parse_weather("throttle=0.3,ec2:throttle=0.9"), "throttled") == throttled


def test_slowness_is_spread_over_its_range_and_troubles_nothing() -> None:
    weather = parse_weather("slow=0.2..1.5,throttle=0.3")
    drawn = [forecast(weather, number, "iam").slow for number in range(MANY)]
    assert 0.2 <= min(drawn) < 0.21 and 1.49 < max(drawn) < 1.5
    assert abs(sum(drawn) / MANY - 0.85) < 0.03
    assert numbers(weather, "throttled") == numbers(parse_weather("throttle=0.3"), "throttled")
    assert forecast(parse_weather("slow=2"), 1, "iam").slow == 2


# Not in botocore's stubs: its lists of codes and statuses, and that a parser needs no shape for an error.
THROTTLED: Any = ThrottledRetryableChecker
TRANSIENT: Any = TransientRetryableChecker
NO_SHAPE: Any = None


@pytest.mark.parametrize("style", get_args(Style))
@pytest.mark.parametrize("trouble", get_args(Told))
def test_every_client_knows_what_the_trouble_is(style: Style, trouble: Told) -> None:
    """botocore's own parser reads the code, and its own rules of retrying know it for what it is."""
    answer = error(style, fault(trouble, style))
    headers = {name.lower(): value for name, value in answer.headers}
    raw = {"status_code": answer.status, "headers": headers, "body": answer.body}
    parsed = parsers.create_parser(style).parse(raw, NO_SHAPE)
    assert parsed["Error"]["Code"] == fault(trouble, style).code
    assert parsed["Error"]["Message"]
    if trouble == "throttled":
        assert (
            parsed["Error"]["Code"] in THROTTLED._THROTTLED_ERROR_CODES and parsed["Error"]["Code"] in NOT_CARRIED_OUT
        )
    else:
        assert answer.status in TRANSIENT._TRANSIENT_STATUS_CODES
        assert parsed["Error"]["Code"] not in THROTTLED._THROTTLED_ERROR_CODES


@pytest.mark.parametrize(
    ("trouble", "style", "service", "code", "status"),
    [
        ("throttled", "query", "iam", "Throttling", 400),
        ("throttled", "ec2", "ec2", "RequestLimitExceeded", 503),
        ("throttled", "json", "dynamodb", "ThrottlingException", 400),
        ("throttled", "rest-xml", "s3", "SlowDown", 503),
        ("throttled", "rest-xml", "route53", "Throttling", 400),
        ("fails", "query", "sts", "InternalFailure", 500),
        ("fails", "ec2", "ec2", "InternalError", 500),
        ("fails", "json", "dynamodb", "InternalServerError", 500),
        ("unavailable", "query", "iam", "ServiceUnavailable", 503),
        ("unavailable", "ec2", "ec2", "Unavailable", 503),
    ],
)
def test_services_tell_of_it_in_their_own_words(
    trouble: Told, style: Style, service: str, code: str, status: int
) -> None:
    told = fault(trouble, style, service)
    assert (told.code, told.status) == (code, status)
