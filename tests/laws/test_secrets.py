"""Law: the secret is in the sinks and nowhere else, whatever is written, shown, raised or repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.account import CSV, ENV_YAML, PARAMETER, SECRET, Setting, yes
from support.worlds import Wrap

from narrowgate.calls import Call, Reply, World
from narrowgate.cli import view
from narrowgate.errors import AwsError, NarrowgateError
from narrowgate.rotation import Pace
from narrowgate.verbs import planning
from narrowgate.verbs.rotate import Asked, rotate
from narrowgate.verbs.setup import setup
from narrowgate.verbs.status import status
from narrowgate.verbs.teardown import teardown

SWIFT = Asked(Pace(timedelta(seconds=4), timedelta(seconds=4)))


class Keeper:
    """Keeps every secret that CreateAccessKey gave, to look for it."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    def __call__(self, world: World) -> World:
        def ask(call: Call) -> Reply | None:
            reply = world(call)
            if call.operation == "CreateAccessKey" and reply is not None:
                secret = reply.group("AccessKey")["SecretAccessKey"]
                self.secrets.append(secret.reveal())  # type: ignore[union-attr]
            return reply

        return ask


def files(folder: Path) -> Iterator[Path]:
    sinks = {folder / CSV["path"], folder / ENV_YAML["path"]}
    return (p for p in folder.rglob("*") if p.is_file() and p not in sinks)


def test_no_artefact_holds_a_secret(setting: Setting, capfd: pytest.CaptureFixture[str]) -> None:
    keeper = Keeper()
    shown: list[str] = []
    with setting.site(keeper) as site:
        planned = planning.make(site)
        (setting.folder / "plan.json").write_text(json.dumps(planning.bound(site, planned)))
        shown += [repr(planned), *(line.text for line in view.planned(site, planned, policies=True))]
        shown.append(json.dumps(view.planned_data(site, planned)))
        shown.append(repr(setup(site, yes)))
        shown.append(repr(rotate(site, SWIFT, yes)))
        shown += [repr(status(site)), repr(site), repr(planning.make(site))]
        shown.append(json.dumps(planning.bound(site, planning.make(site))))
        shown += [line.text for line in view.planned(site, planning.make(site))]
    assert len(set(keeper.secrets)) == 2
    held = setting.csv()
    assert held is not None and held[1] in keeper.secrets
    shown += [*setting.heard.said, *map(repr, setting.heard.steps), *capfd.readouterr()]
    shown += [p.read_text(errors="replace") for p in files(setting.folder)]
    with setting.site() as site:
        shown.append(repr(teardown(site, yes)))
    for secret in keeper.secrets:
        assert not [text for text in shown if secret in text]


def failing(at: int) -> Wrap:
    """Refuses the `at`-th write with AWS's words."""
    count = iter(range(1000))

    def wrap(world: World) -> World:
        def ask(call: Call) -> Reply | None:
            if not call.reads_only and next(count) == at:
                raise AwsError(f"`{call.name}` failed with ServiceFailure: {call!r}", code="ServiceFailure")
            return world(call)

        return ask

    return wrap


@pytest.mark.slow
def test_no_error_holds_a_secret(setting: Setting) -> None:
    """Every write fails in turn, and so does a sink; neither the error's text nor its chain tells a secret."""
    keeper = Keeper()
    setting.write(credentials=[CSV, SECRET, PARAMETER])
    failures = 0
    for at in range(14):
        try:
            with setting.site(keeper, failing(at)) as site:
                setup(site, yes)
        except NarrowgateError as error:
            failures += 1
            chain: BaseException | None = error
            while chain is not None:
                assert not [s for s in keeper.secrets if s in f"{chain} {chain!r} {chain.__dict__}"]
                chain = chain.__cause__ or chain.__context__
        with setting.site() as site:
            teardown(site, yes)
    assert failures > 10 and keeper.secrets
