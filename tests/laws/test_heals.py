"""Laws: a command cut anywhere is healed by running it again; an answer lost anywhere changes nothing.

A cut is before or after any effect: a write to AWS, a sink's write, a line of the journal. After it nothing of the
process has an effect any more, and the next command begins with what is on disk, as after SIGKILL.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from support.account import CSV, ENV_YAML, PARAMETER, SECRET, Census, Cloud, Setting, yes
from support.worlds import Counter, Cut, Dropping, Fuse, When

from narrowgate.errors import OutcomeUnknown
from narrowgate.rotation import Pace
from narrowgate.verbs import planning
from narrowgate.verbs.rotate import Asked, rotate
from narrowgate.verbs.setup import setup
from narrowgate.verbs.site import Site
from narrowgate.verbs.teardown import teardown

FILES = (CSV, ENV_YAML)
CLOUDS = (SECRET, PARAMETER)
SWIFT = Asked(Pace(timedelta(seconds=4), timedelta(seconds=4)))
Verb = Literal["setup", "rotate", "teardown"]
VERBS: tuple[Verb, ...] = ("setup", "rotate", "teardown")
MOST_EFFECTS = 80


def do(setting: Setting, verb: Verb, fuse: Fuse | None = None) -> None:
    with setting.site(fuse=fuse) as site:
        run(site, verb)


def run(site: Site, verb: Verb) -> None:
    if verb == "setup":
        setup(site, yes)
    elif verb == "rotate":
        rotate(site, SWIFT, yes)
    else:
        assert teardown(site, yes).left == ()


def cut(setting: Setting, verb: Verb, fuse: Fuse) -> bool:
    """Whether the command came to its end before the fuse blew."""
    try:
        do(setting, verb, fuse)
    except Cut:
        assert fuse.blown
        return False
    return True


def check_settled(setting: Setting) -> None:
    """One key, every sink holds it and nothing else, it works, and nothing is left to do."""
    keys = setting.keys()
    assert len(keys) == 1
    for held in setting.held():
        assert held is not None and held[0] == keys[0]
        assert setting.cloud.caller(setting.region, held).endswith("/Provazio")
    with setting.site() as site:
        planned = planning.make(site)
        assert planned.plan.is_empty
        assert planning.drifted(site, planned) == ()


def shape(census: Census) -> Census:
    """A census without the ids of keys."""
    return {**census, "users": [{**u, "Keys": len(u["Keys"])} for u in census["users"]]}


def healed(setting: Setting, verb: Verb, fuse: Fuse) -> bool:
    """Cut the verb there, run it again, look; whether it came to its end before the fuse blew."""
    ended = cut(setting, verb, fuse)
    do(setting, verb)
    if verb == "teardown":
        assert setting.census() == EMPTY, fuse.names
        assert not any((setting.csv(), setting.yaml())), fuse.names
    else:
        check_settled(setting)
    return ended


def story(setting: Setting, when: When, numbers: range) -> None:
    """Setup, rotate and teardown, each cut at the same number of effects, each time run again."""
    do(setting, "setup")
    settled = shape(setting.census())
    over: set[Verb] = set()
    for at in numbers:
        _begin_anew(setting)
        for verb in VERBS:
            if verb in over:
                do(setting, verb)
            elif healed(setting, verb, Fuse(at, when)):
                over.add(verb)
            assert verb != "setup" or shape(setting.census()) == settled
        if len(over) == len(VERBS):
            return
    raise AssertionError("it never came to its end")


EMPTY: Census = {k: [] for k in ("users", "roles", "policies", "profiles", "groups", "secrets", "parameters")}


def _begin_anew(setting: Setting) -> None:
    setting.cloud.wipe()
    for path in (setting.folder / "out", setting.folder / ".narrowgate"):
        for file in path.glob("*"):
            file.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("start", [0, 1], ids=["even", "odd"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("sinks", [FILES, CLOUDS], ids=["files", "clouds"])
def test_a_cut_at_any_effect_is_healed_by_the_same_command(
    cloud: Cloud, tmp_path: Path, when: When, sinks: tuple[dict[str, str], ...], start: int
) -> None:
    story(Setting(cloud, tmp_path, sinks=sinks), when, range(start, MOST_EFFECTS, 2))


@pytest.mark.slow
def test_a_cut_at_every_thirtieth_effect_is_healed_by_the_same_command(setting: Setting) -> None:
    story(setting, "before", range(2, MOST_EFFECTS, 30))


def writes(setting: Setting, verb: Verb) -> list[str]:
    """The names of the writes to AWS that the verb makes."""
    counter = Counter()
    with setting.site(counter) as site:
        run(site, verb)
    return sorted(set(counter.writes))


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_to_any_write_of_setup_duplicates_nothing(cloud: Cloud, tmp_path: Path, when: When) -> None:
    setting = Setting(cloud, tmp_path, sinks=(CSV, SECRET, PARAMETER))
    names = writes(setting, "setup")
    assert {"iam:CreateAccessKey", "iam:CreateUser", "secretsmanager:PutSecretValue"} <= set(names)
    for name in names:
        _begin_anew(setting)
        dropping = Dropping(name, when)
        with setting.site(dropping) as site:
            setup(site, yes)
        assert dropping.lost
        check_settled(setting)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["rotate", "teardown"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_to_any_other_write_is_healed_by_running_it_again(
    setting: Setting, verb: Verb, when: When
) -> None:
    do(setting, "setup")
    for name in writes(setting, verb):
        if verb == "teardown":
            do(setting, "setup")
        try:
            with setting.site(Dropping(name, when)) as site:
                run(site, verb)
        except OutcomeUnknown:
            do(setting, verb)
        if verb == "rotate":
            check_settled(setting)
        else:
            assert setting.census() == EMPTY


@pytest.mark.slow
def test_a_key_whose_answer_is_lost_with_every_answer_is_never_a_third(setting: Setting) -> None:
    """The answer to CreateAccessKey is lost in each of several rotations: one key stays in the end."""
    do(setting, "setup")
    for _ in range(3):
        try:
            with setting.site(Dropping("iam:CreateAccessKey")) as site:
                rotate(site, SWIFT, yes)
        except OutcomeUnknown:
            assert len(setting.keys()) == 2
    do(setting, "rotate")
    check_settled(setting)
