"""The enforcement scenarios against any AWS-like endpoint: how often its answer is AWS's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import jmespath  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from bench.enforcement_callers import caller
from bench.enforcement_given import give
from bench.enforcement_stage import Caller, Stage
from bench.enforcement_table import Json, Outcome, Scenario, expected, faults, filled, scenarios

Verdict: TypeAlias = Literal[
    "same answer", "same decision", "wrongly allowed", "wrongly refused", "another error", "not possible"
]
VERDICTS: Final[tuple[Verdict, ...]] = (
    "same answer",
    "same decision",
    "wrongly allowed",
    "wrongly refused",
    "another error",
    "not possible",
)
"""Code, status and words; only whether it is refused; the two ways to be wrong; an error that is about neither
who calls nor what they may, which tells nothing of either.

Not possible: what is given could not be made, or the answer was none that a client can read.
"""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What an emulator needs around a scenario. Each returns when it is done.

    `reset` empties it before the scenario; `guard` makes it enforce, between what is given and the call;
    `unguard` lets everything pass again.
    """

    reset: Callable[[], None] = lambda: None
    guard: Callable[[], None] = lambda: None
    unguard: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Played:
    """One scenario as it went; `faults` say how it differs from AWS's answer."""

    scenario: Scenario
    verdict: Verdict
    faults: tuple[str, ...] = ()


def agreement(endpoint: str, admin_key: tuple[str, str], hooks: Hooks | None = None) -> Mapping[Verdict, int]:
    """How many of all scenarios end how at an endpoint, set up through it with the administrator's key."""
    return counts(play(endpoint, admin_key, hooks or Hooks(), scenarios()))


def counts(played: Iterable[Played]) -> Mapping[Verdict, int]:
    """How many ended how; every verdict is there."""
    found = Counter(each.verdict for each in played)
    return {verdict: found[verdict] for verdict in VERDICTS}


def play(endpoint: str, admin_key: tuple[str, str], hooks: Hooks, rows: Iterable[Scenario]) -> tuple[Played, ...]:
    """Scenarios at an endpoint, one after the other."""
    return tuple(_play(Stage(Caller(*admin_key), endpoint), hooks, row) for row in rows)


def _play(stage: Stage, hooks: Hooks, scenario: Scenario) -> Played:
    hooks.reset()
    try:
        set_up(stage, scenario)
        who = caller(stage, scenario.who)
        hooks.guard()
        came = answer(stage, scenario, who)
    # An emulator may lack an operation or a part of a reply, or break; then there is nothing to compare.
    except (ClientError, BotoCoreError, ResponseParserError, LookupError, ValueError) as why:
        return Played(scenario, "not possible", (f"{type(why).__name__}: {why}",))
    finally:
        hooks.unguard()
    return judged(scenario, stage, who, came)


def set_up(stage: Stage, scenario: Scenario) -> None:
    """Make what is given. Raises ClientError where that is refused."""
    for step in scenario.given:
        give(stage, step)


def answer(stage: Stage, scenario: Scenario, who: Caller) -> Outcome:
    """Make the scenario's call."""
    return stage.ask(scenario.call, filled(scenario.params, stage.names), who, scenario.region)


def judged(scenario: Scenario, stage: Stage, who: Caller, came: Outcome) -> Played:
    """How the answer compares with AWS's."""
    wanted = expected(scenario, stage.names, who.arn)
    found = faults(wanted, came)
    if not found:
        return Played(scenario, "same answer")
    if came.code not in ("", "DryRunOperation", *_REFUSALS):
        return Played(scenario, "another error", found)
    if scenario.is_allowed == (came.code not in _REFUSALS):
        return Played(scenario, "same decision", found)
    return Played(scenario, "wrongly refused" if scenario.is_allowed else "wrongly allowed", found)


_REFUSALS: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure", "AuthorizationError"}
    | {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"}
    | {"InvalidSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException"}
    | {"RequestExpired", "ExpiredToken", "ExpiredTokenException", "RequestTimeTooSkewed", "IncompleteSignature"}
    | {"Client.UnauthorizedOperation", "Forbidden"}
)


def effects(stage: Stage, scenario: Scenario) -> tuple[str, ...]:
    """What of the world after the call is not as the scenario says."""
    return tuple(fault for step in scenario.after for fault in _effect(stage, filled(step, stage.names)))


def _effect(stage: Stage, step: Json) -> Iterable[str]:
    if step.get("in") == "member":
        stage = replace(stage, admin=caller(stage, {"member": True}))
    try:
        reply = stage.do(step["call"], step.get("params", {}), region=step.get("region", ""))
    except ClientError as error:
        response: Json = error.response
        code = response["Error"]["Code"]
        return () if code == step.get("code") else (f"{step['call']} afterwards: {error}",)
    if "code" in step:
        return (f"{step['call']} afterwards: no {step['code']}",)
    found = jmespath.search(step["path"], reply)
    return () if found == step["is"] else (f"{step['call']} afterwards: {step['path']} is {found}, not {step['is']}",)
