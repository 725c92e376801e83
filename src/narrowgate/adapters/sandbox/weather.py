"""What AWS's bad days do to a call: late identities, throttling, server errors, lost connections, slowness. Pure.

    consistency=5,ec2:consistency=8,throttle=0.3,fail=0.1,drop-before=0.05,drop-after=0.05,slow=0.2..1.5,seed=7

A setting holds everywhere, for a service (`ec2:throttle=0.5`) or for one operation
(`iam:CreateAccessKey:drop-after=1`); the narrower one wins. What is not set is off.
INVARIANT: what happens to a call follows from the settings and its number alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from narrowgate.adapters.sandbox.answer import Fault
from narrowgate.adapters.sandbox.request import Style

Told: TypeAlias = Literal["throttled", "fails", "unavailable"]
Dropped: TypeAlias = Literal["dropped-before", "dropped-after"]

LONGEST: Final = 600.0
"""The most seconds of a delay."""
FIRST_SEED: Final = 1
OFF: Final = "off"

_RATES: Final = ("throttle", "fail", "drop_before", "drop_after")
_ENTRY: Final = re.compile(r"(?:([a-z][a-z0-9-]*):(?:([A-Z][A-Za-z0-9]*):)?)?([a-z-]+)=(.*)")
_NUMBER: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,400})?")
_SEED: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Climate:
    """What may happen to one call.

    `consistency`: seconds until a change of IAM is seen. `throttle`, `fail`, `drop_before`, `drop_after`:
    rates from 0 to 1. `slow`: the least and the most seconds added to an answer. Raises ValueError.
    """

    consistency: float = 0.0
    throttle: float = 0.0
    fail: float = 0.0
    drop_before: float = 0.0
    drop_after: float = 0.0
    slow: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in _RATES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"`{_spelled(name)}` is a share of calls: give a number from 0 to 1")
        if not 0 <= self.consistency <= LONGEST:
            raise ValueError(f"`consistency` is in seconds: give a number from 0 to {LONGEST:.0f}")
        if not 0 <= self.slow[0] <= self.slow[1] <= LONGEST:
            raise ValueError(f"`slow` is in seconds: give one number, or the least and the most, up to {LONGEST:.0f}")


FAIR: Final = Climate()


@dataclass(frozen=True, slots=True)
class Weather:
    """The settings. `special` has the climates of a service (`ec2`) or an operation (`ec2:RunInstances`), whole.

    Canonical: sorted, without those that differ in nothing from the wider one. Prints as what `parse_weather` reads.
    """

    general: Climate = FAIR
    special: tuple[tuple[str, Climate], ...] = ()
    seed: int = FIRST_SEED

    def __post_init__(self) -> None:
        kept: dict[str, Climate] = {}
        for scope, climate in sorted(self.special):
            # A service sorts before its operations, so what an operation departs from is known.
            if climate != kept.get(_wider(scope), self.general):
                kept[scope] = climate
        object.__setattr__(self, "special", tuple(kept.items()))

    @property
    def is_off(self) -> bool:
        """Whether nothing ever happens, whatever the seed."""
        return self.general == FAIR and not self.special

    @property
    def services(self) -> frozenset[str]:
        """The services that have settings of their own."""
        return frozenset(scope.partition(":")[0] for scope, _ in self.special)

    @property
    def longest_delay(self) -> float:
        """The largest `consistency` of all, in seconds."""
        return max(climate.consistency for climate in (self.general, *(c for _, c in self.special)))

    def over(self, service: str, operation: str = "") -> Climate:
        """The climate of an operation, or of a service."""
        if not self.special:
            return self.general
        special = dict(self.special)
        return special.get(f"{service}:{operation}", special.get(service, self.general))

    def __str__(self) -> str:
        parts = list(_differences("", self.general, FAIR))
        for scope, climate in self.special:
            parts += _differences(f"{scope}:", climate, dict(self.special).get(_wider(scope), self.general))
        parts += [f"seed={self.seed}"] if self.seed != FIRST_SEED else []
        return ",".join(parts) or OFF


CALM: Final = Weather()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What happens to one call.

    `throttled`, `fails` (500) and `unavailable` (503): refused before it has any effect.
    `dropped-before` and `dropped-after`: the connection ends without an answer, before or after the
    effect. `slow`: seconds until the answer, or until the connection ends.
    """

    trouble: Told | Dropped | None = None
    slow: float = 0.0


NOTHING: Final = Forecast()


def forecast(weather: Weather, number: int, service: str, operation: str = "") -> Forecast:
    """What happens to the `number`-th of all calls, reads among them. `service` is botocore's name.

    Every kind of trouble has draws of its own, so that one rate never shifts another's. Of several at
    once the outermost is met: a connection that never arrived, the throttle at the door, the failure
    inside, the answer that is lost. A rate is thus a share of those calls that come so far.
    """
    if weather.is_off:
        return NOTHING
    climate = weather.over(service, operation)
    least, most = climate.slow
    slow = least + (most - least) * _draw(weather.seed, number, "slow") if most else 0.0
    return Forecast(_trouble(climate, weather.seed, number), slow)


def fault(trouble: Told, style: Style, service: str = "") -> Fault:
    """The error with which a service tells of the trouble."""
    return _OF_SERVICE.get((trouble, service)) or _OF_STYLE[trouble, style]


def parse_weather(text: str) -> Weather:
    """The weather that a text asks for; an empty one and `off` ask for none. Raises ValueError with what to do."""
    if text.strip() in ("", OFF):
        return CALM
    given: dict[str, dict[str, str]] = {}
    for part in text.split(","):
        scope, name, value = _entry(part.strip())
        if name in given.setdefault(scope, {}):
            raise ValueError(f"`{part.strip()}`: it is set twice. leave one out")
        given[scope][name] = value
    seed = _seed(given.get("", {}).pop("seed", str(FIRST_SEED)))
    general = _climate(FAIR, given.pop("", {}))
    climates: dict[str, Climate] = {}
    for scope in sorted(given):
        climates[scope] = _climate(climates.get(_wider(scope), general), given[scope])
    return Weather(general, tuple(climates.items()), seed)


def _entry(part: str) -> tuple[str, str, str]:
    """Scope, setting and value of one part."""
    if not (found := _ENTRY.fullmatch(part)):
        raise ValueError(
            f"`{part}` is no setting: write `throttle=0.3`, `ec2:throttle=0.3` or `ec2:RunInstances:throttle=0.3`"
        )
    service, operation, name, value = found.groups()
    if name not in _SETTINGS and name != "seed":
        raise ValueError(f"`{name}` is no weather: choose from {', '.join(_SETTINGS)}, seed")
    if name == "seed" and service:
        raise ValueError(f"`{part}`: there is one seed for all. write `seed={value}`")
    if name == "consistency" and operation:
        raise ValueError(f"`{part}`: consistency is a service's. write `{service}:consistency={value}`")
    return f"{service or ''}{':' if operation else ''}{operation or ''}", name, value.strip()


def _climate(wider: Climate, given: Mapping[str, str]) -> Climate:
    """The wider climate with what is given changed."""
    values: dict[str, float | tuple[float, float]] = {}
    for name, text in given.items():
        values[_SETTINGS[name]] = _range(text) if name == "slow" else _number(name, text)
    return replace(wider, **values)  # type: ignore[arg-type]  # only `slow` is a pair


def _number(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"`{name}={text}`: `{text}` is no number. write it as `0.3`")
    return float(text)


def _range(text: str) -> tuple[float, float]:
    least, dots, most = text.partition("..")
    return _number("slow", least), _number("slow", most if dots else least)


def _seed(text: str) -> int:
    if not _SEED.fullmatch(text):
        raise ValueError(f"`seed={text}`: a seed is a whole number of up to 18 digits. write it as `seed=7`")
    return int(text)


def _wider(scope: str) -> str:
    return scope.partition(":")[0] if ":" in scope else ""


def _spelled(name: str) -> str:
    return name.replace("_", "-")


_SETTINGS: Final = MappingProxyType({_spelled(field.name): field.name for field in fields(Climate)})


def _differences(prefix: str, climate: Climate, wider: Climate) -> Iterator[str]:
    for spelled, name in _SETTINGS.items():
        if (value := getattr(climate, name)) != getattr(wider, name):
            yield f"{prefix}{spelled}={_printed(value)}"


def _printed(value: float | tuple[float, float]) -> str:
    if isinstance(value, tuple):
        least, most = map(_printed, value)
        return least if least == most else f"{least}..{most}"
    # Never an exponent, and never the sign of a negative zero.
    digits = format(Decimal(repr(math.fabs(value))), "f")
    return digits.removesuffix(".0")


def _trouble(climate: Climate, seed: int, number: int) -> Told | Dropped | None:
    if _happens(climate.drop_before, seed, number, "drop-before"):
        return "dropped-before"
    if _happens(climate.throttle, seed, number, "throttle"):
        return "throttled"
    if _happens(climate.fail, seed, number, "fail"):
        return "fails" if _happens(0.5, seed, number, "which failure") else "unavailable"
    if _happens(climate.drop_after, seed, number, "drop-after"):
        return "dropped-after"
    return None


def _happens(rate: float, seed: int, number: int, what: str) -> bool:
    return rate > 0 and _draw(seed, number, what) < rate


def _draw(seed: int, number: int, what: str) -> float:
    """A number from 0 up to 1, the same on every machine and in every version of Python."""
    digest = blake2b(f"narrowgate weather {seed}: {number} {what}".encode(), digest_size=8).digest()
    return float((int.from_bytes(digest, "big") >> 11) / 2**53)


_RATE_EXCEEDED: Final = "Rate exceeded"
_INTERNAL: Final = "The request processing has failed because of an unknown error, exception or failure."
_UNAVAILABLE: Final = "The request has failed due to a temporary failure of the server."
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_OF_STYLE: Final[Mapping[tuple[Told, Style], Fault]] = MappingProxyType(
    {
        ("throttled", "query"): Fault("Throttling", 400, _RATE_EXCEEDED),
        ("throttled", "ec2"): Fault("RequestLimitExceeded", 503, "Request limit exceeded."),
        ("throttled", "json"): Fault("ThrottlingException", 400, _RATE_EXCEEDED),
        ("throttled", "rest-json"): Fault("ThrottlingException", 429, _RATE_EXCEEDED),
        ("throttled", "rest-xml"): Fault("SlowDown", 503, "Please reduce your request rate."),
        ("fails", "query"): Fault("InternalFailure", 500, _INTERNAL),
        ("fails", "ec2"): Fault("InternalError", 500, "An internal error has occurred"),
        ("fails", "json"): Fault("InternalFailure", 500, _INTERNAL),
        ("fails", "rest-json"): Fault("InternalFailure", 500, _INTERNAL),
        ("fails", "rest-xml"): Fault("InternalError", 500, "We encountered an internal error. Please try again."),
        ("unavailable", "query"): Fault("ServiceUnavailable", 503, _UNAVAILABLE),
        ("unavailable", "ec2"): Fault("Unavailable", 503, "The server is overloaded and can't handle the request."),
        ("unavailable", "json"): Fault("ServiceUnavailable", 503, _UNAVAILABLE),
        ("unavailable", "rest-json"): Fault("ServiceUnavailable", 503, _UNAVAILABLE),
        ("unavailable", "rest-xml"): Fault("ServiceUnavailable", 503, "Service is unable to handle request."),
    }
)
# Services that depart from the others of their style.
_OF_SERVICE: Final[Mapping[tuple[str, str], Fault]] = MappingProxyType(
    {
        ("throttled", "route53"): Fault("Throttling", 400, _RATE_EXCEEDED),
        ("throttled", "cloudfront"): Fault("Throttling", 400, _RATE_EXCEEDED),
        ("fails", "dynamodb"): Fault("InternalServerError", 500, "The server encountered an internal error."),
    }
)
