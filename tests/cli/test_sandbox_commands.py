"""What is asked of a running `narrowgate sandbox`, and what it shows and writes, through processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from cli.person import NARROWGATE, PATIENCE, Person, printed_json, sandbox, wait_for

from narrowgate.adapters.sandbox.recording import Recorded, read_recording

pytestmark = pytest.mark.slow

ONE_TRY = Config(retries={"total_max_attempts": 1})
STATE = ".narrowgate/sandbox"


def client(given: dict[str, str], service: str, key: dict[str, str] | None = None) -> Any:
    """A client of a running sandbox: its administrator's, or with a key of CreateAccessKey's."""
    id_and_secret = key or {
        "AccessKeyId": given["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": given["AWS_SECRET_ACCESS_KEY"],
    }
    return botocore.session.Session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=given["AWS_ENDPOINT_URL"],
        aws_access_key_id=id_and_secret["AccessKeyId"],
        aws_secret_access_key=id_and_secret["SecretAccessKey"],
        config=ONE_TRY,
    )


def stopped(process: subprocess.Popen[str]) -> str:
    """What it still says on stderr after Ctrl-C."""
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return err


def recorded(path: Path) -> list[Recorded]:
    """The calls of a recording."""
    return list(read_recording(path.read_text()))


def test_it_shows_records_and_keeps_the_last_denial(alone: Person) -> None:
    with sandbox(alone, "--json", "-v", "--record", "calls.jsonl", "--phase", "setup") as process:
        given = printed_json(process)
        admin = client(given, "iam")
        made = admin.create_user(UserName="bob")["User"]["UserId"]
        key = admin.create_access_key(UserName="bob")["AccessKey"]
        assert alone.narrowgate("sandbox", "phase", "install").out == "install\n"
        with pytest.raises(ClientError, match="AccessDenied"):
            client(given, "iam", key).create_user(UserName="eve")
        kept = alone.folder / STATE / "last-denial.json"
        assert kept.stat().st_mode & 0o777 == 0o600
        assert json.loads(kept.read_text())["context"]["action"] == "iam:CreateUser"
        calls = recorded(alone.folder / "calls.jsonl")
        said = stopped(process)
    assert [(c.call.name, c.phase, c.result.status) for c in calls] == [
        ("iam:CreateUser", "setup", 200),
        ("iam:CreateAccessKey", "setup", 200),
        ("iam:CreateUser", "install", 403),
    ]
    assert calls[0].result.ids.group("User")["UserId"] == made
    assert calls[1].key_id == given["AWS_ACCESS_KEY_ID"]
    assert calls[2].principal.endswith(":user/bob")
    assert (calls[2].result.error, calls[2].decision["outcome"]) == ("AccessDenied", "implicitDeny")
    assert key["SecretAccessKey"] not in (alone.folder / "calls.jsonl").read_text() + said
    assert "denied  403 user/bob " in said
    assert "user/eve: no identity-based policy allows it" in said
    assert "+ iam:CreateUser on arn:aws:iam::123456789012:user/bob: allowed by identity-based policy" in said
    assert "\x1b" not in said


def test_the_weather_is_changed_while_it_runs(alone: Person) -> None:
    with sandbox(alone, "--json", "--weather", "iam:throttle=1", "--record", "calls.jsonl") as process:
        iam = client(printed_json(process), "iam")
        with pytest.raises(ClientError, match="Throttling"):
            iam.list_users()
        assert alone.narrowgate("sandbox", "weather").out == "iam:throttle=1\n"
        assert alone.narrowgate("sandbox", "weather", "iam:ListUsers:drop-after=1").code == 0
        with pytest.raises(ConnectionClosedError):
            iam.list_users()
        assert alone.narrowgate("sandbox", "weather", "off").out == "off\n"
        assert iam.list_users()["Users"] == []
        assert [(c.result.status, c.result.error) for c in recorded(alone.folder / "calls.jsonl")] == [
            (400, "Throttling"),
            (0, ""),
            (200, ""),
        ]
        said = stopped(process)
    assert "weather: iam:throttle=1" in said
    assert "the weather is now: off" in said
    assert not (alone.folder / STATE / "server.json").exists()


@pytest.mark.parametrize("text", ["nope:throttle=1", "iam:Nope:throttle=1", "rain=1", "throttle=2"])
def test_a_weather_that_cannot_be_is_refused(alone: Person, text: str) -> None:
    done = alone.narrowgate("sandbox", NARROWGATE_SANDBOX_WEATHER=text)
    assert (done.code, done.out) == (2, "")
    assert "cannot make this weather" in done.err


def test_without_a_running_one_nothing_is_asked(alone: Person) -> None:
    # What one that was killed left behind: another process has its port now, or none.
    with sandbox(alone, "--json") as process:
        printed_json(process)
        process.kill()
        process.wait()
        assert (alone.folder / STATE / "server.json").exists()
    for command in (["env"], ["weather"], ["weather", "off"]):
        done = alone.narrowgate("sandbox", *command)
        assert done.code == 3
        assert "no sandbox runs on" in done.err
    assert not (alone.folder / STATE / "wish.json").exists()


def test_it_is_saved_while_it_runs_and_loaded_elsewhere(alone: Person) -> None:
    with sandbox(alone, "--json") as process:
        given = printed_json(process)
        made = client(given, "iam").create_user(UserName="bob")["User"]["UserId"]
        assert alone.narrowgate("sandbox", "save", "saved").code == 0
        assert (alone.folder / "saved").stat().st_mode & 0o777 == 0o600
        assert alone.narrowgate("sandbox", "save", "saved").code == 3
        assert "a sandbox runs on" in alone.narrowgate("sandbox", "load", "saved", "--replace").err
        client(given, "iam").create_user(UserName="eve")
    assert "say `--replace`" in alone.narrowgate("sandbox", "load", "saved").err
    assert alone.narrowgate("sandbox", "load", "saved", "--replace").code == 0
    assert alone.narrowgate("sandbox", "load", "saved", "--state", "other").code == 0
    for state in (STATE, "other"):
        with sandbox(alone, "--json", "--state", state) as process:
            users = client(printed_json(process), "iam").list_users()["Users"]
            assert [user["UserId"] for user in users] == [made]


def test_a_port_in_use_is_refused(alone: Person) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = alone.narrowgate("sandbox", "--port", str(other.getsockname()[1]))
    assert done.code == 3
    assert "choose another port" in done.err


def test_an_eval_points_a_shell_at_it(alone: Person) -> None:
    with sandbox(alone) as process:
        wait_for("running", process)
        narrowgate = " ".join(NARROWGATE)
        script = (
            f'eval "$({narrowgate} sandbox env --region eu-west-1)"; echo $AWS_ENDPOINT_URL $AWS_REGION $AWS_PROFILE'
        )
        done = alone.run("sh", "-c", script, AWS_PROFILE="mine")
        assert done.out.startswith("http://127.0.0.1:")
        assert done.out.endswith(" eu-west-1\n")


def test_a_reader_that_stands_still_or_leaves_holds_nothing_up(alone: Person) -> None:
    for leaves in (False, True):
        ours, theirs = os.pipe()
        process = subprocess.Popen(
            [*NARROWGATE, "sandbox", "-v", "--json"],
            cwd=alone.folder,
            env=alone.variables(),
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        )
        os.close(theirs)
        try:
            iam = client(printed_json(process), "iam")
            if leaves:
                os.close(ours)
            begun = time.monotonic()
            for _ in range(700):  # more than a pipe holds
                iam.list_users()
            assert time.monotonic() - begun < PATIENCE
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()
            process.communicate()
            if not leaves:
                os.close(ours)
