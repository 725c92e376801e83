"""The pairs of policies that are compared: unlike ones, all pairs of a sample, and near-equal mutants. Seeded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from random import Random
from typing import Any, Final

from bench.policy_questions import SEED
from bench.policy_work import Json
from narrowgate.policy import Document, from_value

PAIRS: Final = 1_000
SAMPLE: Final = 200
UNLIKE: Final = 0.5
"""The share of the pairs that are two policies of AWS; the others are one and a mutant of it."""


def pairs(policies: Mapping[str, Json], actions: Sequence[str], count: int = PAIRS) -> list[Json]:
    """So many pairs: `kind`, `a` and `b` as decoded documents. `actions` are the known ones.

    The first few are as mixed as all of them, so that a slow judge may take a part.
    """
    rng = Random(SEED)
    unlike = int(count * UNLIKE)
    made = [*_unlike(rng, policies, unlike), *_near(policies, actions, count - unlike)]
    rng.shuffle(made)
    return made


def sample(policies: Mapping[str, Json], count: int = SAMPLE) -> list[str]:
    """The names of the policies of which all pairs are compared."""
    return sorted(Random(SEED).sample(sorted(policies), min(count, len(policies))))


def _unlike(rng: Random, policies: Mapping[str, Json], count: int) -> Iterator[Json]:
    """Ordered pairs of a sample that is just large enough."""
    size = next(n for n in range(2, len(policies) + 1) if n * (n - 1) >= count or n == len(policies))
    chosen = rng.sample(sorted(policies), size)
    for one, other in list(permutations(chosen, 2))[:count]:
        yield {"kind": "unlike", "a": policies[one], "b": policies[other]}


def _near(policies: Mapping[str, Json], actions: Sequence[str], count: int) -> Iterator[Json]:
    """A policy and a mutant of it, either way round."""
    from judges.pairs import managed_pair

    names, number = sorted(policies), 0
    while count:
        rng = Random(f"{SEED} {number}")
        number += 1
        name = rng.choice(names)
        document = from_value(policies[name], "identity")
        if not isinstance(document, Document):
            continue
        # Of one policy alone a pair is either that policy twice, which is drawn anew, or a mutant of it.
        (a,), (b,) = managed_pair(rng, {name: document}, actions)
        if a.text() != b.text():
            count -= 1
            yield {"kind": "near", "a": _decoded(a), "b": _decoded(b)}


def _decoded(document: Document) -> Any:
    return json.loads(document.text())
