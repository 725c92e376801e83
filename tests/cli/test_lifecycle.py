"""The whole way through the real command: init, plan, setup, status, drift, rotate, teardown."""

from __future__ import annotations

import json
import stat

import pytest
from cli.person import Person

pytestmark = pytest.mark.slow

IDENTITY = {"account", "partition", "region", "system", "caller"}


def test_the_whole_way_on_the_embedded_aws(alone: Person) -> None:
    done = alone.narrowgate("init", "--system", "demo")
    assert done.code == 0
    assert "wrote platform.yaml" in done.out
    for file in ("platform.yaml", "platform.schema.json", ".gitignore"):
        assert (alone.folder / file).is_file()

    done = alone.narrowgate("plan", "--sandbox")
    assert done.code == 0
    for word in ("iam:CreateUser", "Provazio", "10 steps, in 3 rounds", "of 6,144 characters"):
        assert word in done.out
    assert not (alone.folder / "credentials.csv").exists()

    done = alone.narrowgate("drift", "--sandbox")
    assert done.code == 10

    done = alone.narrowgate("setup", "--sandbox", "--yes")
    assert done.code == 0, done.err
    assert "done: 10 steps, verified by looking again" in done.out
    assert "the key works" in done.out
    kept = alone.folder / "credentials.csv"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    first = kept.read_text()

    done = alone.narrowgate("setup", "--sandbox", "--yes")
    assert done.code == 0 and done.out.endswith("nothing to do: the account is as the spec says\n")
    assert kept.read_text() == first

    done = alone.narrowgate("status", "--sandbox")
    assert done.code == 0
    assert "ok iam_user.installer" in done.out
    assert "Active, current" in done.out
    assert "missing" not in done.out

    done = alone.narrowgate("drift", "--sandbox")
    assert done.code == 0
    assert "no drift" in done.out

    done = alone.narrowgate("rotate", "--sandbox", "--yes", "--quiet", "0s", "--grace", "0s")
    assert done.code == 0, done.err
    assert "is deleted, the sinks hold the new one" in done.out
    assert kept.read_text() != first
    assert alone.narrowgate("drift", "--sandbox").code == 0

    done = alone.narrowgate("teardown", "--sandbox", "--yes")
    assert done.code == 0, done.err
    assert "verified by looking again" in done.out
    assert not kept.exists()

    done = alone.narrowgate("teardown", "--sandbox", "--yes")
    assert (done.code, done.out) == (0, "nothing of ours is there\n")
    assert alone.narrowgate("drift", "--sandbox").code == 10


def test_no_secret_is_printed_or_kept_outside_the_sink(person: Person) -> None:
    outputs = [
        person.narrowgate(*command)
        for command in (
            ("plan", "--json"),
            ("setup", "--yes", "--json"),
            ("status", "--json"),
            ("drift", "--json"),
        )
    ]
    secret = (person.folder / "credentials.csv").read_text().splitlines()[1].split(",")[1]
    assert len(secret) == 40
    for done in outputs:
        assert secret not in done.out + done.err
    for file in person.folder.rglob("*"):
        if file.is_file() and file.name != "credentials.csv":
            assert secret.encode() not in file.read_bytes(), file


def test_json_of_every_verb_parses_and_holds_what_is_promised(person: Person) -> None:
    plan = person.narrowgate("plan", "--json").value
    assert {*IDENTITY, "steps", "refusals", "policies", "proofs", "findings", "unsupported"} == plan.keys()
    assert {"address", "name", "change", "call", "params", "why", "principal", "needs"} == plan["steps"][0].keys()
    assert {"address", "name", "source", "size", "quota"} == plan["policies"][0].keys()

    setup = person.narrowgate("setup", "--yes", "--json").value
    assert {*IDENTITY, "steps", "findings", "proof"} == setup.keys()
    assert setup["steps"] == 10
    assert setup["proof"]["permitted"] is True
    assert person.narrowgate("setup", "--yes", "--json").value["steps"] == 0

    status = person.narrowgate("status", "--json").value
    assert {*IDENTITY, "items", "keys", "findings"} == status.keys()
    assert {item["state"] for item in status["items"]} == {"there"}
    assert {"key", "status", "created", "last_used", "current", "sinks"} == status["keys"][0].keys()

    drift = person.narrowgate("drift", "--json").value
    assert {*IDENTITY, "steps", "refusals", "findings"} == drift.keys()
    assert drift["steps"] == []

    rotated = person.narrowgate("rotate", "--yes", "--quiet", "0s", "--grace", "0s", "--json").value
    assert {*IDENTITY, "old", "proof", "waiting"} == rotated.keys()
    assert rotated["old"] == status["keys"][0]["key"]

    dry = person.narrowgate("teardown", "--dry-run", "--json").value
    assert {*IDENTITY, "steps"} <= dry.keys()
    gone = person.narrowgate("teardown", "--yes", "--json").value
    assert {*IDENTITY, "steps", "left", "strangers"} == gone.keys()
    assert gone["left"] == []


def test_a_plan_file_is_done_exactly_once(person: Person) -> None:
    done = person.narrowgate("plan", "-o", "approved.json")
    assert done.code == 0
    assert "approved.json" in done.err
    kept = json.loads((person.folder / "approved.json").read_text())
    assert {"format", "account", "partition", "region", "rests_on", "digest", "steps"} == kept.keys()
    # A plan that was approved is not asked about again.
    assert person.narrowgate("setup", "--plan", "approved.json").code == 0
    assert person.narrowgate("drift").code == 0
    done = person.narrowgate("setup", "--plan", "approved.json")
    assert done.code == 3
    assert "the account changed" in done.err


def test_an_edited_plan_is_refused(person: Person) -> None:
    person.narrowgate("plan", "-o", "approved.json")
    file = person.folder / "approved.json"
    plan = json.loads(file.read_text())
    plan["steps"] = plan["steps"][:-1]
    file.write_text(json.dumps(plan))
    done = person.narrowgate("setup", "--plan", "approved.json")
    assert done.code == 3
    assert "was edited" in done.err
    assert _missing(person)


def test_a_plan_for_another_spec_is_refused(person: Person, prefix: str) -> None:
    person.narrowgate("plan", "-o", "approved.json")
    person.write(name_prefix=prefix, tags={"team": "data"})
    done = person.narrowgate("setup", "--plan", "approved.json")
    assert done.code == 3
    assert "the spec or a policy file" in done.err
    assert _missing(person)


def test_a_plan_file_that_is_none_is_a_usage_error(person: Person) -> None:
    (person.folder / "approved.json").write_text("[]")
    assert person.narrowgate("setup", "--plan", "approved.json").code == 2
    assert person.narrowgate("setup", "--plan", "nowhere.json").code == 2


def _missing(person: Person) -> bool:
    return {i["state"] for i in person.narrowgate("status", "--json").value["items"]} == {"missing"}
