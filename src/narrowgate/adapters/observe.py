"""Reads many things at once: drives their scripts in rounds, each round's calls made together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from narrowgate.calls import Call, Reply, World
from narrowgate.resource import Observed, Resource, Script

WORKERS = 24


def observe(resources: Sequence[Resource], world: World, *, whole: bool = False) -> dict[str, Observed]:
    """What is there of each resource, by address; identical calls are made once."""
    return run({r.address: r.read(whole) for r in resources}, world)


def run(scripts: Mapping[str, Script], world: World) -> dict[str, Observed]:
    """The result of each script. An error of any call ends the whole observation."""
    answers: dict[Call, Reply | None] = {}
    results: dict[str, Observed] = {}
    asking: dict[str, tuple[Script, Call | tuple[Call, ...]]] = {}

    def advance(name: str, script: Script, reply: Any) -> None:
        try:
            question = next(script) if reply is _START else script.send(reply)
        except StopIteration as end:
            results[name] = end.value
        else:
            asking[name] = (script, question)

    for name, script in scripts.items():
        advance(name, script, _START)
    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="read") as pool:
        while asking:
            round_, asking = asking, {}
            wanted = (c for _, question in round_.values() for c in _calls(question))
            fresh = [c for c in dict.fromkeys(wanted) if c not in answers]
            answers.update(zip(fresh, _together(pool, world, fresh), strict=True))
            for name, (script, question) in round_.items():
                replies = tuple(answers[c] for c in _calls(question))
                advance(name, script, replies if isinstance(question, tuple) else replies[0])
    return results


_START = object()


def _calls(question: Call | tuple[Call, ...]) -> tuple[Call, ...]:
    return question if isinstance(question, tuple) else (question,)


def _together(pool: ThreadPoolExecutor, world: World, calls: Iterable[Call]) -> list[Reply | None]:
    futures = [pool.submit(world, call) for call in calls]
    return [future.result() for future in futures]


def dispatch(worlds: Mapping[str, World], otherwise: World) -> World:
    """A World that answers `sink` and `journal` calls locally and sends the rest to AWS."""

    def ask(call: Call) -> Reply | None:
        local: Callable[[Call], Reply | None] = worlds.get(call.service, otherwise)
        return local(call)

    return ask
