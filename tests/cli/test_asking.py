"""Nothing is touched before the person said yes: on a terminal, and without one."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from cli.person import NARROWGATE, PATIENCE, Person, plain, printed_json, sandbox, wait_for

pytestmark = pytest.mark.slow


def states(person: Person) -> set[str]:
    return {item["state"] for item in person.narrowgate("status", "--json").value["items"]}


@pytest.mark.parametrize("verb", ["setup", "teardown", "rotate"])
def test_without_a_terminal_and_without_yes_it_is_a_usage_error(person: Person, verb: str) -> None:
    if verb != "setup":
        assert person.narrowgate("setup", "--yes").code == 0
    before = states(person)
    done = person.narrowgate(verb)
    assert done.code == 2
    assert "--yes" in done.err
    assert ("`narrowgate plan`" if verb == "setup" else f"`narrowgate {verb} --dry-run`") in done.err
    assert states(person) == before


def test_no_on_a_terminal_touches_nothing(person: Person) -> None:
    done = person.answering("n", "setup")
    assert done.code == 3
    said = plain(done.out)
    assert "iam:CreateUser" in said
    assert "Do this? [y/N]" in said
    assert "you said no; nothing was touched" in said
    assert states(person) == {"missing"}
    assert not (person.folder / "credentials.csv").exists()


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_ctrl_c_at_the_question_touches_nothing(person: Person, key: str) -> None:
    done = person.answering(key, "setup")
    assert done.code == 6
    assert "\nnarrowgate: stopped; nothing was touched" in plain(done.out)
    assert states(person) == {"missing"}


def test_a_narrow_terminal_breaks_no_word(person: Person) -> None:
    rows = plain(person.answering("n", "setup").out).splitlines()
    assert all(len(row) <= 80 for row in rows), max(rows, key=len)
    assert any(row.startswith(" " * 30) for row in rows)


def test_an_empty_answer_means_no(person: Person) -> None:
    assert person.answering("", "setup").code == 3
    assert states(person) == {"missing"}


def test_yes_on_a_terminal_does_it(person: Person) -> None:
    done = person.answering("y", "setup")
    assert done.code == 0, done.out
    assert "done: 10 steps" in plain(done.out)
    assert states(person) == {"there"}


def test_no_at_a_teardown_leaves_everything(person: Person) -> None:
    person.narrowgate("setup", "--yes")
    assert person.answering("n", "teardown").code == 3
    assert states(person) == {"there"}
    assert person.answering("y", "teardown").code == 0
    assert states(person) == {"missing"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_setup_says_so_and_the_next_one_goes_on(tmp_path: Path, number: int) -> None:
    with sandbox(Person(tmp_path), "--state", "state", "--delay", "0.3", "--json") as served:
        person = Person(tmp_path, printed_json(served))
        person.write()
        process = subprocess.Popen(
            [*NARROWGATE, "setup", "--yes"],
            cwd=tmp_path,
            env=person.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = wait_for("iam:Create", process)
        process.send_signal(number)
        said += process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == 6, said
        assert "run the same command again" in said
        assert person.narrowgate("setup", "--yes").code == 0
        assert len(person.narrowgate("status", "--json").value["keys"]) == 1
