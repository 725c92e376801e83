"""`narrowgate policy`: the engine at a shell, on files and pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.person import NARROWGATE, PATIENCE, Done, Person

pytestmark = pytest.mark.slow

ALICE = "arn:aws:iam::123456789012:user/alice"
READ = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
}
CLOSED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::secret/*",
            "Condition": {"StringEquals": {"aws:x": "1"}},
        },
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
    ],
}
GET = ("--principal", ALICE, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::secret/k")
LINE = {"id": "a", "principal": ALICE, "action": "s3:GetObject", "identity_policies": [READ]}


@pytest.fixture
def alone(alone: Person) -> Person:
    """With two policies in files."""
    (alone.folder / "read.json").write_text(json.dumps(READ))
    (alone.folder / "closed.json").write_text(json.dumps(CLOSED, indent=4))
    return alone


def piped(person: Person, text: str, *arguments: str) -> Done:
    """Run `narrowgate policy ARGUMENTS` with the text on standard input."""
    done = subprocess.run(
        [*NARROWGATE, "policy", *arguments],
        cwd=person.folder,
        env=person.variables(),
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def policy(person: Person, *arguments: str) -> Done:
    return person.narrowgate("policy", *arguments)


def test_a_request_is_decided(alone: Person) -> None:
    done = policy(alone, "evaluate", *GET, "--identity", "read.json")
    assert done.code == 0 and done.err == ""
    assert done.out.startswith("allowed: by the identity policies\n")
    assert "Allow identity read.json Statement[0] `Read`" in done.out


def test_a_decision_as_json_has_the_fields_of_a_batch_line(alone: Person) -> None:
    done = policy(alone, "evaluate", *GET, "--identity", "read.json", "--json")
    statement = {"layer": "identity", "policy": 0, "index": 0, "sid": "Read", "effect": "Allow"}
    assert done.value == {
        "id": None,
        "decision": "allowed",
        "layer": "identity",
        "statements": [statement],
        "not_evaluable": [],
    }


@pytest.mark.parametrize(("check", "code"), [((), 0), (("--check",), 10)])
def test_a_denied_request_is_an_answer_and_with_check_a_finding(
    alone: Person, check: tuple[str, ...], code: int
) -> None:
    done = policy(alone, "evaluate", *GET, *check, "--identity", "read.json", "--boundary", "closed.json")
    assert done.code == code
    assert done.out.startswith("implicitDeny: the permissions boundary does not allow it")


def test_a_context_key_given_twice_has_both_values(alone: Person) -> None:
    (alone.folder / "p.json").write_text(
        json.dumps(READ).replace('"*"}', '"*", "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}}')
    )
    one = ("evaluate", *GET, "--identity", "p.json", "--context", "aws:TagKeys=a")
    assert policy(alone, *one).out.startswith("allowed")
    assert policy(alone, *one, "--context", "aws:TagKeys=b").out.startswith("implicitDeny")


def test_each_scp_file_is_a_level_and_may_list_its_documents(alone: Person) -> None:
    (alone.folder / "level.json").write_text(f" [{json.dumps(CLOSED)},\n {json.dumps(READ)}]\n")
    given = ("evaluate", *GET, "--identity", "read.json", "--scp", "read.json", "--scp", "level.json")
    done = policy(alone, *given, "--json")
    named = [(s["layer"], s["policy"], s["index"]) for s in done.value["statements"]]
    assert named == [("scp", 0, 0), ("scp", 2, 0), ("identity", 0, 0)]
    assert "scp level.json[1] Statement[0]" in policy(alone, *given).out


@pytest.mark.parametrize(
    "who", [("--service", "ec2.amazonaws.com"), ("--provider", "accounts.google.com"), ("--anonymous",)]
)
def test_others_than_aws_principals_ask_by_options(alone: Person, who: tuple[str, ...]) -> None:
    (alone.folder / "r.json").write_text(json.dumps(READ).replace('"Action"', '"Principal": "*", "Action"'))
    given = ("evaluate", *who, *GET[2:], "--resource-policy", "r.json")
    assert policy(alone, *given).out.startswith("allowed: by the resource policy")


def test_the_policy_of_a_role_is_read_as_a_trust_policy(alone: Person) -> None:
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "sts:AssumeRole"}}
    (alone.folder / "trust.json").write_text(json.dumps(trust))
    given = ("--action", "sts:AssumeRole", "--resource", "arn:aws:iam::123456789012:role/r")
    done = policy(alone, "evaluate", "--principal", ALICE, *given, "--resource-policy", "trust.json")
    assert done.out.startswith("allowed: by the resource policy")


def test_a_switch_changes_an_open_question(alone: Person) -> None:
    (alone.folder / "p.json").write_text(
        json.dumps(READ).replace('"*"}', '"*", "Condition": {"StringEquals": {"aws:TagKeys": "a"}}}')
    )
    given = ("evaluate", *GET, "--identity", "p.json", "--context", "aws:TagKeys=a", "--context", "aws:TagKeys=b")
    assert policy(alone, *given).out.startswith("allowed")
    assert policy(alone, *given, "--switch", "many_values=never").out.startswith("implicitDeny")


def test_a_request_comes_as_a_json_object_and_options_replace_its_policies(alone: Person) -> None:
    text = json.dumps(LINE, indent=2)
    assert piped(alone, text, "evaluate", "-", "--json").value["id"] == "a"
    (alone.folder / "request.json").write_text(text)
    assert policy(alone, "evaluate", "request.json").out.startswith("allowed")
    assert policy(alone, "evaluate", "request.json", "--identity", "closed.json").out.startswith("implicitDeny")


def test_an_explanation_names_the_element_that_failed_and_its_value(alone: Person) -> None:
    given = ("explain", *GET, "--identity", "closed.json")
    done = policy(alone, *given)
    assert done.code == 0
    assert "Deny identity closed.json Statement[0]" in done.out
    assert "StringEquals aws:x `1`" in done.out
    assert "Statement[1]" not in done.out and "1 more for other actions" in done.out
    assert "Action `ec2:*`" in policy(alone, *given, "--all").out
    first, second = policy(alone, *given, "--json").value["explanations"]
    assert first["failed"] == [
        {"element": "Condition", "operator": "StringEquals", "key": "aws:x", "listed": ["1"], "actual": None}
    ]
    assert not first["matched"] and second["failed"][0]["element"] == "Action"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "who asks? say `--principal ARN`"),
        (GET[:2], "which action? say `--action`"),
        ((*GET, "--service", "x.amazonaws.com"), "only one can ask"),
        (("--anonymous", "--role-arn", "x", "--action", "s3:Get"), "`--role-arn` goes with `--principal`"),
        ((*GET, "--context", "x"), "write KEY=VALUE"),
        ((*GET, "--switch", "x=1"), "there is no switch `x`; there are resource_wildcards"),
        ((*GET, "--switch", "everyone=1"), "one of unlimited, limited, not `1`"),
        ((*GET, "--identity", "none.json"), "cannot read `none.json`: No such file or directory; name a file"),
        ((*GET, "--identity", "."), "cannot read `.`: Is a directory"),
        ((*GET, "--session", "two.json"), "`two.json` has 2 documents"),
        ((*GET, "--identity", "bad.json"), "bad.json:3:17: Statement.Effect: Effect must be `Allow` or `Deny`"),
        ((*GET, "--identity", "-", "--scp", "-"), "`-` is here twice"),
        (("read.json",), "`Statement` is not a field; there are action, context"),
        (("read.json", "--action", "s3:Get"), "leave out the options that say it again"),
        (("--batch", "none.jsonl"), "cannot read `none.jsonl`"),
        (("--batch", "-", "--anonymous"), "no other option but `--switch` fits"),
    ],
)
def test_wrong_input_is_2_and_says_what_to_do(alone: Person, arguments: tuple[str, ...], words: str) -> None:
    (alone.folder / "two.json").write_text(json.dumps([READ, READ]))
    (alone.folder / "bad.json").write_text(
        '{"Version": "2012-10-17",\n"Statement": {\n      "Effect": "Permit", "Action": "*", "Resource": "*"}}'
    )
    done = piped(alone, json.dumps(READ), "evaluate", *arguments)
    assert done.code == 2, done.out
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_batch_answers_each_line_in_order(alone: Person) -> None:
    lines = [{**LINE, "id": number, "action": "s3:PutObject" if number % 3 else "s3:GetObject"} for number in range(99)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = piped(alone, text, "evaluate", "--batch", "-")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert (done.code, done.err) == (0, "")
    assert [item["id"] for item in found] == list(range(99))
    assert [item["decision"] for item in found[:3]] == ["allowed", "implicitDeny", "implicitDeny"]
    (alone.folder / "lines.jsonl").write_text(text)
    assert policy(alone, "evaluate", "--batch", "lines.jsonl").out == done.out


def test_a_batch_with_wrong_lines_answers_the_others_and_is_2(alone: Person) -> None:
    done = piped(alone, f"oops\n{json.dumps(LINE)}\n", "evaluate", "--batch", "-")
    first, second = (json.loads(line) for line in done.out.splitlines())
    assert done.code == 2
    assert first == {"id": None, "error": "line 1, column 1: expected a value, not `oops`"}
    assert second["decision"] == "allowed"
    assert done.err == "1 of 2 lines could not be answered: see their `error`\n"


def started(person: Person, *arguments: str) -> subprocess.Popen[bytes]:
    """A running `narrowgate policy ARGUMENTS` with pipes."""
    return subprocess.Popen(
        [*NARROWGATE, "policy", *arguments],
        cwd=person.folder,
        env=person.variables(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_program_may_ask_line_by_line_and_ctrl_c_ends_quietly(alone: Person) -> None:
    with started(alone, "evaluate", "--batch", "-") as process:
        assert process.stdin and process.stdout and process.stderr
        for number in range(3):
            process.stdin.write(json.dumps({**LINE, "id": number}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 6
        assert process.stderr.read().strip() == b"narrowgate: stopped; nothing was touched"


def test_a_reader_that_leaves_ends_a_batch_quietly(alone: Person) -> None:
    (alone.folder / "lines.jsonl").write_text((json.dumps(LINE) + "\n") * 50_000)
    with started(alone, "evaluate", "--batch", "lines.jsonl") as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_deciding_starts_without_what_other_commands_need(alone: Person, command: str) -> None:
    batch = ("-m", "narrowgate", "policy", command, "--batch", os.devnull)
    done = alone.run(sys.executable, "-X", "importtime", *batch)
    loaded = {line.rpartition("|")[2].strip() for line in done.err.splitlines()}
    assert done.code == 0
    assert "narrowgate.policy.evaluation" in loaded
    assert not loaded & {"boto3", "botocore", "moto", "pydantic", "ruamel.yaml", "rich", "flask", "asyncio"}


def write(folder: Path, name: str, *statements: dict[str, Any]) -> str:
    made = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", **statement} for statement in statements]
    (folder / name).write_text(json.dumps({"Version": "2012-10-17", "Statement": made}))
    return name


def test_a_comparison_answers_both_directions(alone: Person) -> None:
    write(alone.folder, "all.json", {})
    done = policy(alone, "compare", "all.json", "read.json", "--json")
    assert done.code == 0
    found = done.value
    assert (found["verdict"], found["counterexample"], found["reason"]) == ("covers", None, None)
    assert found["universe"] == found["reverse"]["universe"] == "open"
    assert found["reverse"]["verdict"] == "exceeds"
    assert policy(alone, "compare", "read.json", "all.json").code == 10
    assert "equivalent" in policy(alone, "compare", "read.json", "read.json").out
    assert "A allows more than B" in policy(alone, "compare", "all.json", "read.json").out


def test_a_counterexample_is_a_request_that_evaluate_reads(alone: Person) -> None:
    write(alone.folder, "part.json", {"Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}})
    done = policy(alone, "compare", "part.json", "read.json", "--json")
    assert (done.code, done.value["verdict"]) == (10, "exceeds")
    request = json.dumps(done.value["counterexample"])
    allowed, denied = (
        piped(alone, request, "evaluate", "-", "--json", "--identity", name).value["decision"]
        for name in ("read.json", "part.json")
    )
    assert allowed == "allowed" and denied.endswith("Deny")


def test_a_side_of_a_comparison_may_have_several_documents(alone: Person) -> None:
    write(alone.folder, "both.json", {"Action": ["s3:Get*", "sqs:*"]})
    write(alone.folder, "sqs.json", {"Action": "sqs:*"})
    assert policy(alone, "compare", "read.json", "both.json").code == 10
    assert policy(alone, "compare", "read.json", "both.json", "--and-a", "sqs.json").code == 0
    text = (alone.folder / "both.json").read_text()
    assert piped(alone, text, "compare", "read.json", "-", "--and-a", "sqs.json").code == 0


def test_a_batch_of_comparisons_answers_each_line(alone: Person) -> None:
    wide = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    bad = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3", "Resource": "*"}}
    pairs = [([wide], [READ]), ([READ], [wide]), ([wide], [bad]), ([READ, READ], [READ]), ([], [])]
    lines = [json.dumps({"id": number, "a": a, "b": b}) for number, (a, b) in enumerate(pairs)]
    done = piped(alone, "\n".join([*lines, '{"id": 5, "a": []}']), "compare", "--batch", "-")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 2 and "2 of 6 lines" in done.err
    assert [item.get("verdict") for item in found] == ["covers", "exceeds", None, "covers", "covers", None]
    assert set(found[0]) == {"id", "verdict", "counterexample", "universe", "reason"}
    assert found[1]["counterexample"]["action"].lower().startswith("s3:")
    assert found[2]["error"].startswith("line 3, column ") and "b[0].Statement.Action" in found[2]["error"]
    assert found[5]["error"] == "line 6: b: is missing; a list of policy documents"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("read.json",), "name two files"),
        (("-", "-"), "`-` is here twice"),
        (("a", "b", "--batch", "-"), "neither A nor B"),
        (("read.json", "none.json"), "cannot read `none.json`"),
    ],
)
def test_a_comparison_that_is_wrongly_asked_is_2(alone: Person, arguments: tuple[str, ...], words: str) -> None:
    done = piped(alone, json.dumps(READ), "compare", *arguments)
    assert done.code == 2
    assert words in done.err


def test_a_surface_counts_by_access_level(alone: Person) -> None:
    write(alone.folder, "open.json", {"Action": ["s3:PutObject", "s3:NoSuchThing"]})
    done = policy(alone, "surface", "open.json", "--json")
    assert done.code == 0
    assert done.value["unrestricted"] == ["s3:PutObject"] == done.value["scopable"]
    assert done.value["unknown"] == ["s3:NoSuchThing"]
    assert next(c for c in done.value["levels"] if c["level"] == "Write")["actions"] == 1
    assert done.value["against"] is None
    compared = policy(alone, "surface", "open.json", "--against", "read.json", "--json").value["against"]
    assert compared["added"] == ["s3:PutObject"] and "s3:GetObject" in compared["removed"]
    shown = policy(alone, "surface", "open.json", "read.json", "--against", "read.json").out
    assert "changing actions on every resource without a condition: 1; AWS could scope 1" in shown
    assert "actions added: 1" in shown


def test_a_policy_with_principals_has_no_surface(alone: Person) -> None:
    write(alone.folder, "r.json", {"Principal": "*"})
    done = policy(alone, "surface", "r.json")
    assert done.code == 2 and "cannot measure `r.json`" in done.err


def test_formatting_prints_one_form_and_the_size(alone: Person) -> None:
    text = '{"Statement":{"Resource":"*","Action":["s3:Put*","s3:Get*"],"Effect":"Allow"},"Version":"2012-10-17"}'
    done = piped(alone, text, "format", "-")
    assert done.code == 0
    assert done.err == "stdin: an identity policy, 1 statement, 103 characters as AWS counts them\n"
    assert piped(alone, done.out, "format", "-").out == done.out
    assert json.loads(done.out)["Statement"] == [{"Effect": "Allow", "Action": ["s3:Get*", "s3:Put*"], "Resource": "*"}]
    compact = piped(alone, text, "format", "-", "--compact")
    assert compact.out.count("\n") == 1 and len(compact.out) == 104


def test_formatting_checks_and_writes(alone: Person) -> None:
    path = alone.folder / "closed.json"
    path.chmod(0o640)
    (alone.folder / "link.json").symlink_to("closed.json")
    done = policy(alone, "format", "read.json", "link.json", "--check")
    assert (done.code, done.out) == (10, "not formatted: read.json\nnot formatted: link.json\n")
    assert policy(alone, "format", "read.json", "link.json", "--write").code == 0
    assert policy(alone, "format", "read.json", "closed.json", "--check").code == 0
    assert path.stat().st_mode & 0o777 == 0o640 and (alone.folder / "link.json").is_symlink()
    assert json.loads(path.read_text())["Statement"][0]["Effect"] == "Deny"
    assert sorted(p.name for p in alone.folder.iterdir()) == ["closed.json", "link.json", "read.json"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"Version": "2012-10-17",\n "Statement": {"Effect": "Allow", "Action": "s3:*"}}', "stdin:2:15: Statement:"),
        ("{", "stdin:1:2:"),
        ('{"Version": "2012-10-17", "Version": "2012-10-17"}', "stdin:1:27: Version:"),
        ("[" * 100_000, "stdin:1:"),
        ("", "stdin:1:1:"),
        (json.dumps(CLOSED).replace("StringEquals", "StringFoo"), "`StringFoo` is not a condition operator"),
    ],
)
def test_what_cannot_be_formatted_is_told_with_line_and_column(alone: Person, text: str, words: str) -> None:
    done = piped(alone, text, "format", "-")
    assert done.code == 2
    assert words in done.err and "Traceback" not in done.err


def test_one_bad_file_and_none_is_written(alone: Person) -> None:
    (alone.folder / "bad.json").write_text("{")
    before = (alone.folder / "closed.json").read_text()
    assert policy(alone, "format", "closed.json", "bad.json", "--write").code == 2
    assert (alone.folder / "closed.json").read_text() == before


@pytest.mark.parametrize("command", ["evaluate", "explain", "compare", "surface", "format"])
def test_every_command_has_help(alone: Person, command: str) -> None:
    done = policy(alone, command, "--help")
    assert done.code == 0 and f"policy {command}" in done.out
