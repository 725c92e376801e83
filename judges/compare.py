"""`python -m judges.compare`: the engine's `covers` beside cvc5, on random pairs and on AWS's own policies.

Every counterexample, of either side, is asked of `evaluate` and of the naive evaluator. Exit 1 where the
two disagree or a counterexample does not replay.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final, Literal, TypeAlias

from judges.cvc5_judge import judge
from judges.pairs import ACTIONS, Policies, managed_pair, random_pair
from judges.samples import Decide, allows, asks
from narrowgate.adapters.action_data import action_list
from narrowgate.policy import Document, evaluate, from_value
from narrowgate.policy.actions import ActionList
from narrowgate.policy.comparison import covers
from narrowgate.policy.global_keys import GLOBAL_KEYS
from narrowgate.policy.request_context import Request
from narrowgate.policy.service import Columns
from narrowgate.policy.verdict import Proved, Refuted

Universe: TypeAlias = Literal["open", "closed"]
Pairs: TypeAlias = "Iterator[tuple[Policies, Policies]]"
NAIVE: Final = Path(__file__).parents[1] / "tests"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one side says, why where it cannot say, its counterexample, and the milliseconds it took."""

    word: str
    why: str
    milliseconds: float
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair, both answers, and what is wrong: the empty string where nothing is."""

    number: int
    universe: Universe
    a: Policies
    b: Policies
    engine: Answer
    judge: Answer
    wrong: str


@dataclass(slots=True)
class Tally:
    """What is kept of a run: counts, times, reasons, and whole only what is wrong."""

    name: str
    words: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    engine: list[float] = field(default_factory=list)
    judge: list[float] = field(default_factory=list)
    wrong: list[Compared] = field(default_factory=list)

    def add(self, compared: Compared) -> None:
        """Counts one pair."""
        self.words[compared.engine.word, compared.judge.word] += 1
        self.engine.append(compared.engine.milliseconds)
        self.judge.append(compared.judge.milliseconds)
        for side, answer in (("engine", compared.engine), ("cvc5", compared.judge)):
            if answer.word == "unknown":
                self.reasons[f"{side}: {answer.why}"] += 1
        if compared.wrong:
            self.wrong.append(compared)


def ask_engine(a: Policies, b: Policies, universe: Universe, actions: ActionList) -> Answer:
    """The engine's answer."""
    start = perf_counter()
    verdict = covers(a, b, universe=universe, actions=actions if universe == "closed" else None)
    took = (perf_counter() - start) * 1000
    if isinstance(verdict, Proved):
        return Answer("covers", "", took)
    if isinstance(verdict, Refuted):
        return Answer("exceeds", "", took, verdict.counterexample.request)
    return Answer("unknown", "; ".join(verdict.why), took)


def _several(universe: Universe, actions: ActionList) -> Callable[[str], bool]:
    """Which keys AWS lists with many values: that is data, so both sides have it from one place."""
    key_type = actions.key_type if universe == "closed" else GLOBAL_KEYS.get
    return lambda key: (key_type(key) or "").startswith("ArrayOf")


def ask_judge(a: Policies, b: Policies, universe: Universe, actions: ActionList, timeout_ms: int) -> Answer:
    """cvc5's answer."""
    start = perf_counter()
    known = actions.names if universe == "closed" else None
    found = judge(a, b, known, timeout_ms, several=_several(universe, actions))
    took = (perf_counter() - start) * 1000
    if found.verdict != "exceeds":
        return Answer(found.verdict, found.why, took)
    return Answer("exceeds", "", took, asks(found.action, found.resource, found.context))


def wrong(a: Policies, b: Policies, answers: Sequence[Answer], deciders: Sequence[tuple[str, Decide]]) -> str:
    """What is wrong with the engine's answer and the judge's, or the empty string."""
    words = {answer.word for answer in answers}
    found = ["one says covers, the other exceeds"] if words == {"covers", "exceeds"} else []
    for side, answer in zip(("engine", "cvc5"), answers, strict=True):
        if answer.request is None:
            continue
        for name, decide in deciders:
            if not allows(decide, b, answer.request) or allows(decide, a, answer.request):
                found.append(f"the counterexample of {side} does not replay in {name}")
    return "; ".join(found)


def compared(pairs: Pairs, universe: Universe, actions: ActionList, timeout_ms: int) -> Iterator[Compared]:
    """Each pair, asked of both."""
    deciders = _deciders()
    for number, (a, b) in enumerate(pairs):
        answers = ask_engine(a, b, universe, actions), ask_judge(a, b, universe, actions, timeout_ms)
        yield Compared(number, universe, a, b, *answers, wrong(a, b, answers, deciders))


def _deciders() -> list[tuple[str, Decide]]:
    """Those who confirm a counterexample; the naive evaluator is only there in a checkout."""
    if (NAIVE / "policy" / "naive.py").is_file() and str(NAIVE) not in sys.path:
        sys.path.insert(0, str(NAIVE))
    try:
        from policy.naive import decide
    except ImportError:
        print("without the naive evaluator: it cannot be imported", file=sys.stderr)
        return [("evaluate", evaluate)]
    return [("evaluate", evaluate), ("the naive evaluator", decide)]


def small_list(names: Sequence[str] = ACTIONS) -> ActionList:
    """The known actions of the random pairs, without details."""
    count = len(names)
    columns = Columns("R" * count, (0,) * count, "0" * count)
    return ActionList(tuple(sorted(names, key=str.lower)), lambda: columns, lambda service: None)


def managed_policies() -> dict[str, Document]:
    """AWS's managed policies, by name."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    read = {name: from_value(p["Document"], "identity") for name, p in json.loads(aws_managed_policies_data).items()}
    return {name: document for name, document in read.items() if isinstance(document, Document)}


def random_pairs(seed: int, count: int) -> Pairs:
    """So many random pairs; each has a generator of its own, so that any can be made alone."""
    return (random_pair(Random(f"{seed} {number}")) for number in range(count))


def managed_pairs(seed: int, count: int, actions: ActionList) -> Pairs:
    """So many pairs of managed policies and mutants."""
    policies = managed_policies()
    return (managed_pair(Random(f"{seed} {number}"), policies, actions.names) for number in range(count))


def tallied(name: str, results: Iterable[Compared]) -> Tally:
    """The results counted, with progress on stderr."""
    tally = Tally(name)
    for number, result in enumerate(results, 1):
        tally.add(result)
        if number % 100 == 0:
            print(f"{name}: {number}, {len(tally.wrong)} wrong", file=sys.stderr, flush=True)
    return tally


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share lies; 0 where there is none."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def table(tallies: Sequence[Tally]) -> Iterator[str]:
    """The table of a run: who says what, then the times."""
    for tally in tallies:
        agreed = sum(n for (one, other), n in tally.words.items() if one == other != "unknown")
        yield f"{tally.name}: {sum(tally.words.values())} pairs, {agreed} agreed, {len(tally.wrong)} wrong"
        for (one, other), n in sorted(tally.words.items()):
            yield f"  engine {one:8} cvc5 {other:8} {n:6}"
        for reason, n in tally.reasons.most_common():
            yield f"  undecided {n:4}  {reason}"
        for words, share in (("median", 0.5), ("p99", 0.99)):
            ours, theirs = quantile(tally.engine, share), quantile(tally.judge, share)
            ratio = theirs / ours if ours else 0.0
            yield f"  {words:6} engine {ours:9.3f} ms  cvc5 {theirs:9.3f} ms  {ratio:7.1f} times"


def whole(result: Compared) -> Iterator[str]:
    """A disagreement with everything that is needed to look at it."""
    yield f"pair {result.number}, {result.universe}: {result.wrong}"
    for side, documents in (("a", result.a), ("b", result.b)):
        yield from (f"  {side}: {document.text()}" for document in documents)
    for side, answer in (("engine", result.engine), ("cvc5", result.judge)):
        asked = answer.request
        shown = f": {asked.action} on {asked.resource} with {dict(asked.context)}" if asked else ""
        yield f"  {side} says {answer.word} {answer.why}{shown}"


def as_json(tallies: Sequence[Tally]) -> str:
    """The run as JSON: counts, reasons, times in milliseconds, what is wrong as text."""
    rows = []
    for tally in tallies:
        words = {f"{one}/{other}": n for (one, other), n in sorted(tally.words.items())}
        times = {
            side: {"median": quantile(values, 0.5), "p99": quantile(values, 0.99)}
            for side, values in (("engine", tally.engine), ("cvc5", tally.judge))
        }
        wrong_ones = ["\n".join(whole(result)) for result in tally.wrong]
        rows.append(
            {"name": tally.name, "words": words, "reasons": dict(tally.reasons), "times": times, "wrong": wrong_ones}
        )
    return json.dumps(rows, indent=2) + "\n"


def _run(chosen: argparse.Namespace, universe: Universe) -> Iterator[Tally]:
    small, whole_list = small_list(), action_list()
    pairs = random_pairs(chosen.seed, chosen.random)
    yield tallied(f"random, {universe}", compared(pairs, universe, small, chosen.timeout))
    pairs = managed_pairs(chosen.seed, chosen.managed, whole_list)
    yield tallied(f"managed, {universe}", compared(pairs, universe, whole_list, chosen.timeout))


def main(arguments: Sequence[str] | None = None, out: Callable[[str], object] = print) -> int:
    """Runs both sides and prints the table; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m judges.compare", description=__doc__)
    parser.add_argument("--random", type=int, default=5000, metavar="N", help="random pairs (5000)")
    parser.add_argument("--managed", type=int, default=1000, metavar="N", help="pairs of managed policies (1000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--universe", choices=("open", "closed"), action="append", help="default: both")
    parser.add_argument("--timeout", type=int, default=5000, metavar="MS", help="for one question to cvc5 (5000)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args(arguments)
    tallies = [tally for universe in chosen.universe or ("closed", "open") for tally in _run(chosen, universe)]
    for line in table(tallies):
        out(line)
    for line in (line for tally in tallies for result in tally.wrong for line in whole(result)):
        out(line)
    if chosen.json:
        chosen.json.write_text(as_json(tallies))
    return 1 if any(tally.wrong for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
