"""The engine in a process of its own: `python -m bench.policy_ours PART FILE`, figures as JSON on standard output.

FILE is what `bench.policy_work` makes. Requests are new objects, each with a resource that was never asked before.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from bench.policy_clock import Figures, added, each_timed, timed
from bench.policy_work import WARMING, Json, by_policy, numbered, variant
from narrowgate.policy import Evaluator, Kind, Layers, Policy, Request, Requester, explain, parse, request
from narrowgate.policy.loading import load

PASSES: Final = 5
EXPLAINED: Final = 400


@dataclass(frozen=True, slots=True)
class Group:
    """Questions against the same documents, and the evaluator of these."""

    layers: Layers
    evaluator: Evaluator
    questions: Sequence[Json]


Groups: TypeAlias = tuple[Group, ...]


def grouped(layers: Layers, questions: Sequence[Json]) -> Group:
    """The questions against those documents."""
    return Group(layers, Evaluator(layers), questions)


def suites(work: Json) -> dict[str, Groups]:
    """The groups of each suite: every question to its own policy, to ten together, to all layers; and all policies."""
    policies = {name: loaded(text, "identity") for name, text in work["policies"].items()}
    ten = tuple(policies[name] for name in work["ten"])
    return {
        "single": questioned(policies, work["questions"]),
        "ten": (grouped(Layers(identity=ten), work["questions"]),),
        "layers": (grouped(_all_layers(ten, work["layers"]), work["layered"]),),
        "managed": questioned(policies, work["own"]),
    }


def questioned(policies: Mapping[str, Policy], questions: Sequence[Json]) -> Groups:
    """Each question to the policy that it was made from."""
    return tuple(grouped(Layers(identity=(policies[name],)), own) for name, own in by_policy(questions).items())


def _all_layers(identity: tuple[Policy, ...], texts: Json) -> Layers:
    return Layers(
        identity,
        boundaries=tuple(loaded(text, "boundary") for text in texts["boundaries"]),
        session=loaded(texts["session"][0], "identity"),
        scps=tuple(tuple(loaded(text, "scp") for text in level) for level in texts["scps"]),
        rcps=tuple(tuple(loaded(text, "rcp") for text in level) for level in texts["rcps"]),
        resource=loaded(texts["resource"][0], "resource"),
        endpoints=tuple(loaded(text, "resource") for text in texts["endpoints"]),
    )


def loaded(text: str, kind: Kind) -> Policy:
    """The policy of a text. Raises ValueError for faults."""
    made = load(text, kind)
    if not isinstance(made, Policy):
        raise ValueError(f"a policy of the benchmark has faults: {made}")
    return made


@cache
def _requester(fields: tuple[tuple[str, str], ...]) -> Requester:
    return Requester(**dict(fields))  # type: ignore[arg-type]


Asked: TypeAlias = tuple[Requester, str, str, Json, str]


def asked(question: Json, number: int) -> Asked:
    """The arguments of `request`; its resource is new, its principal is not."""
    fields = variant(question, number)
    who = _requester(tuple(fields["principal"].items()))
    # Where the ARN names an account, it is the one that counts; another is refused.
    named = fields["resource"].split(":", 5)[4:5]
    account = named[0] if named and named[0].isdecimal() else fields["resource_account"]
    return who, fields["action"], fields["resource"], dict(fields["context"]), account


def asked_of(group: Group, first: int, turns: int) -> Iterator[Asked]:
    """Each question so many times, each time with the next number."""
    return (asked(question, number) for question, number in numbered(group.questions, first, turns))


def decide(work: Json) -> Figures:
    """Warm decisions: alone, and with the making of the requests; the outcomes of the first pass."""
    made: Figures = {"rates": {}, "with_building": {}, "mix": {}, "answers": {}}
    for name, groups in suites(work).items():
        variants = 1 if name == "managed" else int(work["variants"])
        _run([(group.evaluator, [request(*it) for it in asked_of(group, WARMING, 1)]) for group in groups])
        outcomes = [_outcomes(group, variants) for group in groups]
        made["answers"][name] = [word for each in outcomes for word in each]
        made["mix"][name] = Counter(made["answers"][name])
        made["rates"][name] = added([_pass(groups, variants, number + 1) for number in range(PASSES)])
        made["with_building"][name] = added([_building_pass(groups, variants, n + 21) for n in range(PASSES)])
    return made


def _outcomes(group: Group, variants: int) -> list[str]:
    return [group.evaluator.evaluate(request(*it)).outcome for it in asked_of(group, 0, variants)]


def _pass(groups: Groups, variants: int, number: int) -> Figures:
    ready = [
        (group.evaluator, [request(*it) for it in asked_of(group, number * 100_000, variants)]) for group in groups
    ]
    return timed(sum(len(requests) for _, requests in ready), lambda: _run(ready))


def _run(ready: Sequence[tuple[Evaluator, Sequence[Request]]]) -> None:
    for evaluator, requests in ready:
        evaluate = evaluator.evaluate
        for each in requests:
            evaluate(each)


def _building_pass(groups: Groups, variants: int, number: int) -> Figures:
    ready = [(group.evaluator, list(asked_of(group, number * 100_000, variants))) for group in groups]

    def run() -> None:
        for evaluator, arguments in ready:
            evaluate = evaluator.evaluate
            for who, action, resource, context, account in arguments:
                evaluate(request(who, action, resource, context, account))

    return timed(sum(len(arguments) for _, arguments in ready), run)


def explaining(work: Json) -> Figures:
    """Explanations of the questions; each compiles its documents anew, as a person's single question does."""
    rates: Figures = {}
    for name, groups in suites(work).items():
        ready = [(request(*it), group.layers) for group in groups for it in asked_of(group, 0, 1)][:EXPLAINED]

        def run(ready: Sequence[tuple[Request, Layers]] = ready) -> None:
            for each, layers in ready:
                explain(each, layers)

        run()
        rates[name] = timed(len(ready), run)
    return {"rates": rates}


def loading(work: Json) -> Figures:
    """All managed policies from their texts, for the first time in this process; beside it the strict reader."""
    texts = list(work["policies"].values())
    return {
        "load": timed(len(texts), lambda: [load(text, "identity") for text in texts]),
        "parse": timed(len(texts), lambda: [parse(text, "identity") for text in texts]),
        "json": timed(len(texts), lambda: [json.loads(text) for text in texts]),
    }


def cold(work: Json) -> Figures:
    """A policy that was never seen: its text read, its first request decided. Also with nothing remembered."""
    first = {question["policy"]: question for question in reversed(work["own"])}
    items = [(text, request(*asked(first[name], 0))) for name, text in work["policies"].items()]
    # The first few warm the interpreter up, and are not counted.
    few = max(1, len(items) // 30)

    def run(item: tuple[str, Request]) -> None:
        policy = load(item[0], "identity")
        assert isinstance(policy, Policy)
        Evaluator(Layers(identity=(policy,))).evaluate(item[1])

    for item in items[:few]:
        run(item)
    return {
        "cold": each_timed(items[few:], run),
        "forgetful": each_timed(items, run, forgetting()),
    }


def forgetting() -> Callable[[], None]:
    """What empties every cache that the engine keeps at module level."""
    modules = [module for name, module in sys.modules.items() if name.startswith("narrowgate.policy")]
    found = {id(it): it.cache_clear for module in modules for it in vars(module).values() if hasattr(it, "cache_clear")}
    clears = tuple(found.values())

    def forget() -> None:
        for clear in clears:
            clear()

    return forget


def main(part: str, path: Path) -> None:
    """Measure one part and print its figures."""
    work = json.loads(path.read_text(encoding="utf-8"))
    print(json.dumps(PARTS[part](work)))


PARTS: Final[Mapping[str, Callable[[Json], Figures]]] = {
    "decide": decide,
    "explain": explaining,
    "load": loading,
    "cold": cold,
}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
