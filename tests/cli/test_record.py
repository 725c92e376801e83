"""`narrowgate record` and `narrowgate policy derive`, as a person runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.person import NARROWGATE, PATIENCE, Person, sandbox, wait_for

pytestmark = pytest.mark.slow
MAKES = """
import sys, boto3
print("out:", *sys.argv[1:])
tags = [{"Key": "Owner", "Value": "shop"}]
boto3.client("iam").create_user(UserName="robot", Tags=tags)
vpc = boto3.client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
boto3.client("ec2").delete_vpc(VpcId=vpc["Vpc"]["VpcId"])
"""


def program(person: Person, text: str = MAKES) -> tuple[str, ...]:
    path = person.folder / "program.py"
    path.write_text(text)
    return "--", sys.executable, str(path)


def test_it_prints_the_policy_and_what_became_of_the_second_run(alone: Person) -> None:
    done = alone.narrowgate("record", "-o", "policy.json", "--keep", "calls.jsonl", *program(alone), "-v", "--json")
    assert done.code == 0, done.err
    assert done.err.count("out: -v --json\n") == 2
    assert "out:" not in done.out
    assert "second run: 3 calls, nothing was denied" in done.out
    policy = json.loads((alone.folder / "policy.json").read_text())
    assert {"ec2:CreateTags", "ec2:DeleteVpc"} <= {
        s["Action"] for s in policy["Statement"] if isinstance(s["Action"], str)
    }

    again = alone.narrowgate("policy", "derive", "--recording", "calls.jsonl", "--json")
    assert again.code == 0, again.err
    assert [each["document"] for each in again.value["policies"]] == [policy]


def test_json_tells_the_same(alone: Person) -> None:
    done = alone.narrowgate("record", "--json", "--own", "Owner=shop", *program(alone))
    assert done.code == 0, done.err
    assert done.value["own"] == {"Owner": "shop"}
    assert done.value["missing"] == []
    assert done.value["first"] == {"code": 0, "late": False, "calls": 3, "denials": []}
    assert done.value["second"] == done.value["first"]
    assert all(each["calls"] for each in done.value["statements"])


def test_a_second_run_that_is_denied_is_a_finding(alone: Person) -> None:
    """It asks for another user each time, which one recording cannot tell."""
    text = 'import boto3, pathlib\nname = "robot%d" % len(list(pathlib.Path().glob("n*")))\n'
    text += 'pathlib.Path("n" + name).touch()\nboto3.client("iam").create_user(UserName=name)\n'
    done = alone.narrowgate("record", *program(alone, text))
    assert done.code == 10, done.err
    assert "second run: 1 call, 1 denial:" in done.out
    assert "call 1 iam:CreateUser: implicitDeny by the identity layer" in done.out
    lacking = '{"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "arn:aws:iam::123456789012:user/robot1"}'
    assert f"no statement allows it; missing: {lacking}" in done.out


@pytest.mark.parametrize(("more", "code"), [((), 10), (("--partial",), 0)])
def test_a_first_run_that_failed_is_a_finding_unless_it_is_taken(
    alone: Person, more: tuple[str, ...], code: int
) -> None:
    done = alone.narrowgate("record", *more, *program(alone, MAKES + "\nraise SystemExit(3)\n"))
    assert done.code == code, done.err
    assert "the first run ended with code 3: what it would have called after that is not in the policy" in done.out


def test_what_cannot_be_run_is_said(alone: Person) -> None:
    for arguments, said in (
        (("--", "no-such-command"), "cannot run `no-such-command`: there is no such command"),
        (("-o", "none/p.json", "--", "true"), "there is no folder `none`"),
        (("--", "true"), "the program made no call to the sandbox"),
        ((), "Missing argument"),
    ):
        done = alone.narrowgate("record", *arguments)
        assert done.code in (2, 3)
        assert said in done.err
        assert done.out == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_the_program_and_the_sandbox(alone: Person, number: signal.Signals) -> None:
    text = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nprint('waits', flush=True)\ntime.sleep(600)\n"
    process = subprocess.Popen(
        [*NARROWGATE, "record", *program(alone, text)],
        cwd=alone.folder,
        env=alone.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for("waits", process)
        child = int((alone.folder / "pid").read_text())
        process.send_signal(number)
        out, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 6
    assert out == ""
    assert not _lives(child)


def _lives(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return False
        time.sleep(0.1)
    return True


def test_a_recording_of_the_sandbox_is_derived_from_with_its_phases(alone: Person) -> None:
    with sandbox(alone, "--record", "r.jsonl", "--phase", "install", "--port", "0") as process:
        wait_for("the embedded AWS is running", process)
        there = alone.narrowgate("sandbox", "env", "--json").value
        assert alone.run(*program(alone)[1:], **there).code == 0
    done = alone.narrowgate("policy", "derive", "--recording", "r.jsonl")
    assert done.code == 0, done.err
    assert "install: ec2:CreateVpc, iam:CreateUser" in done.out or "install: iam:CreateUser" in done.out
    assert "user/sandbox-admin in r.jsonl" in done.out


def test_a_recording_with_holes_is_a_finding(alone: Person) -> None:
    kept = alone.narrowgate("record", "--once", "--keep", "r.jsonl", *program(alone))
    assert kept.code == 0, kept.err
    lines = (alone.folder / "r.jsonl").read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), "lost": 2})
    (alone.folder / "r.jsonl").write_text("\n".join(lines) + "\n")
    done = alone.narrowgate("policy", "derive", "--recording", "r.jsonl")
    assert done.code == 10
    assert "2 calls (r.jsonl line 2): they are missing in the recording before line 2" in done.out
