"""The evaluators of moto and of ministack: `policy_peer.py NAME FILE SECONDS`, run with the Python that has them.

Standard library only but for the peer, so that it runs in any environment. The policies are read once; the requests
are asked in the same order and with the same resources as ours, until the time is up.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from bench.policy_clock import Figures, each_timed, timed
from bench.policy_work import WARMING, Json, by_policy, numbered, variant

WARM: Final = 20
Ask: TypeAlias = Callable[[Sequence[Any], Json], str]
"""The decision on a request, given the policies as the peer reads them."""


def moto() -> tuple[Callable[[str], Any], Ask]:
    """How moto reads and decides: each policy by itself, a Deny first, conditions hardly; as its server does."""
    from moto.iam.access_control import IAMPolicy, PermissionResult

    def ask(policies: Sequence[Any], asked: Json) -> str:
        permitted = False
        for policy in policies:
            found = policy.is_action_permitted(asked["action"], asked["resource"])
            if found == PermissionResult.DENIED:
                return "explicitDeny"
            permitted = permitted or found == PermissionResult.PERMITTED
        return "allowed" if permitted else "implicitDeny"

    return IAMPolicy, ask


def ministack() -> tuple[Callable[[str], Any], Ask]:
    """How ministack reads and decides, given the whole context."""
    from ministack.core.iam_evaluator import (  # type: ignore[import-not-found]
        EvalContext,
        evaluate,
        parse_policy_document,
    )

    words = {"Allow": "allowed", "Deny": "explicitDeny", "ImplicitDeny": "implicitDeny"}

    def ask(policies: Sequence[Any], asked: Json) -> str:
        arn, context = asked["principal"]["arn"], asked["context"]
        made = EvalContext(
            principal_arn=arn,
            principal_type="User" if ":user/" in arn else "AssumedRole",
            principal_account=arn.split(":")[4],
            action=asked["action"],
            resource_arn=asked["resource"],
            region=context.get("aws:RequestedRegion", ""),
            source_ip=context.get("aws:SourceIp", ""),
            secure_transport=context.get("aws:SecureTransport") == "true",
            service_context=asked["lower"],
        )
        return words[evaluate(made, list(policies)).decision]

    return parse_policy_document, ask


def _prepared(question: Json, number: int) -> Json:
    made = variant(question, number)
    return {**made, "lower": {key.lower(): value for key, value in made["context"].items()}}


def measured(peer: tuple[Callable[[str], Any], Ask], work: Json, seconds: float) -> Figures:
    """Rates and answers of the suites that a peer without other layers can do, its load time and its cold time."""
    read, ask = peer
    policies = {name: read(text) for name, text in work["policies"].items()}
    ten = [policies[name] for name in work["ten"]]
    groups, turns = by_policy(work["questions"]), work["variants"]
    single = [_decided(ask, [policies[name]], own, turns, seconds / len(groups)) for name, own in groups.items()]
    suites = {"single": single, "ten": [_decided(ask, ten, work["questions"], turns, seconds)]}
    first = {question["policy"]: question for question in reversed(work["own"])}
    items = [(text, _prepared(first[name], 0)) for name, text in work["policies"].items()]
    return {
        "rates": {name: _added([figures for figures, _ in runs]) for name, runs in suites.items()},
        "answers": {name: [answers for _, answers in runs] for name, runs in suites.items()},
        "load": timed(len(policies), lambda: [read(text) for text in work["policies"].values()]),
        "cold": each_timed(items, lambda item: _word(ask, [read(item[0])], item[1])),
    }


def _added(runs: Sequence[Mapping[str, Any]]) -> Figures:
    return {name: sum(run[name] for run in runs) for name in ("count", "wall", "cpu")}


def _decided(
    ask: Ask, policies: Sequence[Any], questions: Sequence[Json], turns: int, seconds: float
) -> tuple[Figures, list[str]]:
    """So many requests as the time allows, but each question once; what has no answer is `error`."""
    requests = [_prepared(*each) for each in numbered(questions, 0, turns)]
    for question, number in numbered(questions[:WARM], WARMING, 1):
        _word(ask, policies, _prepared(question, number))
    answers: list[str] = []
    until = time.perf_counter() + seconds

    def run() -> None:
        for number, each in enumerate(requests):
            if number >= len(questions) and time.perf_counter() > until:
                return
            answers.append(_word(ask, policies, each))

    figures = timed(0, run)
    return {**figures, "count": len(answers)}, answers


def _word(ask: Ask, policies: Sequence[Any], asked: Json) -> str:
    try:
        return ask(policies, asked)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return "error"


if __name__ == "__main__":
    chosen = {"moto": moto, "ministack": ministack}[sys.argv[1]]()
    print(json.dumps(measured(chosen, json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")), float(sys.argv[3]))))
