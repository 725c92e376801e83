"""JSON lines in, JSON lines out: an answer for each, in order, the same in any company."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
from dataclasses import dataclass, field
from typing import Any

import pytest

from narrowgate.policy import Switches
from narrowgate.verbs.policy_batch import LONGEST_LINE, Tally, evaluate_lines
from narrowgate.verbs.policy_request import MOST_CHARACTERS

ALICE = "arn:aws:iam::123456789012:user/alice"
ROLE = "arn:aws:iam::123456789012:role/team/app"
SESSION = "arn:aws:sts::123456789012:assumed-role/app/one"
KEYS = ["id", "decision", "layer", "statements", "not_evaluable"]


@dataclass(slots=True)
class Pipe:
    """Gives `content` in pieces; keeps what is written, and how much was read at each flush."""

    content: bytes
    piece: int = 7
    at: int = 0
    written: bytes = b""
    flushed: list[tuple[int, int]] = field(default_factory=list)

    def read1(self, size: int = -1, /) -> bytes:
        found = self.content[self.at : self.at + min(self.piece, size)]
        self.at += len(found)
        return found

    def write(self, content: bytes, /) -> object:
        self.written += content
        return None

    def flush(self) -> None:
        self.flushed.append((self.at, self.written.count(b"\n")))


def allow(action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}],
    }


def deny(**more: Any) -> dict[str, Any]:
    made = allow(**more)
    made["Statement"][0]["Effect"] = "Deny"
    return made


def line(**given: Any) -> dict[str, Any]:
    start = {"principal": ALICE, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}
    return {"id": 1, **start, "identity_policies": [allow()], **given}


def run(content: bytes, piece: int = 1000) -> tuple[Tally, list[Any]]:
    pipe = Pipe(content, piece)
    tally = evaluate_lines(pipe, pipe, Switches())
    assert pipe.written == b"" or pipe.written.endswith(b"\n")
    return tally, [json.loads(text) for text in pipe.written.splitlines()]


def answers(*lines: Any) -> list[Any]:
    return run("".join(json.dumps(item) + "\n" for item in lines).encode())[1]


def answer(**given: Any) -> Any:
    return answers(line(**given))[0]


def test_a_reply_has_exactly_the_fields_of_the_contract() -> None:
    found = answer(id="x", identity_policies=[allow(Sid="One")])
    assert list(found) == KEYS
    statement = {"layer": "identity", "policy": 0, "index": 0, "sid": "One", "effect": "Allow"}
    assert found == {
        "id": "x",
        "decision": "allowed",
        "layer": "identity",
        "statements": [statement],
        "not_evaluable": [],
    }


@pytest.mark.parametrize(
    ("given", "decision", "layer"),
    [
        ({"identity_policies": None}, "implicitDeny", "identity"),
        ({"identity_policies": []}, "implicitDeny", "identity"),
        ({"identity_policies": [allow(), deny()]}, "explicitDeny", "identity"),
        ({"permission_boundaries": [allow("ec2:*")]}, "implicitDeny", "boundary"),
        ({"session_policy": allow("ec2:*")}, "implicitDeny", "session"),
        ({"scps": [[allow()], []]}, "implicitDeny", "scp"),
        ({"scps": [[allow()], [allow("ec2:*"), allow()]]}, "allowed", "identity"),
        ({"rcps": [[deny(Principal="*")]]}, "explicitDeny", "rcp"),
        ({"endpoint_policies": [allow("ec2:*", Principal="*")]}, "implicitDeny", "endpoint"),
        ({"resource_policy": deny(Principal="*")}, "explicitDeny", "resource"),
        ({"resource_account": "210987654321"}, "implicitDeny", "resource"),
        ({"principal": {"type": "Anonymous"}, "resource_policy": allow(Principal="*")}, "allowed", "resource"),
        ({"principal": {"type": "AWS", "arn": SESSION, "role_arn": ROLE}}, "allowed", "identity"),
        ({"principal": {"type": "Service", "service": "ec2.amazonaws.com", "arn": None}}, "implicitDeny", "resource"),
        ({"principal": {"type": "Federated", "provider": "accounts.google.com"}}, "implicitDeny", "resource"),
        ({"action": "sts:GetCallerIdentity", "resource": None, "identity_policies": None}, "allowed", None),
    ],
)
def test_every_field_reaches_its_layer(given: dict[str, Any], decision: str, layer: str | None) -> None:
    found = answer(**given)
    assert (found.get("decision"), found.get("layer")) == (decision, layer), found


def test_the_policy_of_a_role_is_a_trust_policy() -> None:
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "sts:AssumeRole"}}
    found = answer(action="sts:AssumeRole", resource=ROLE, identity_policies=None, resource_policy=trust)
    assert (found["decision"], found["layer"]) == ("allowed", "resource")


@pytest.mark.parametrize("value", [True, "true", ["true"], ["false", True]])
def test_a_boolean_in_the_context_is_written_as_aws_would(value: Any) -> None:
    policy = allow(Condition={"Bool": {"aws:SecureTransport": "true"}})
    found = answer(identity_policies=[policy], context={"aws:SecureTransport": value})
    assert found["decision"] == "allowed"


@pytest.mark.parametrize("value", [None, []])
def test_a_key_without_a_value_is_absent(value: Any) -> None:
    policy = allow(Condition={"Null": {"aws:x": "true"}})
    assert answer(identity_policies=[policy], context={"aws:x": value})["decision"] == "allowed"


def test_an_operator_that_does_not_exist_is_named() -> None:
    policy = deny(Condition={"StringFoo": {"aws:x": "1"}})
    found = answer(identity_policies=[allow(), policy])
    assert found["decision"] == "explicitDeny"
    assert found["not_evaluable"] == [{"layer": "identity", "policy": 1, "index": 0, "sid": None, "effect": "Deny"}]


PERMIT = {"Version": "2012-10-17", "Statement": [{"Effect": "Permit", "Action": "s3:*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"principal": None}, "principal: is missing"),
        ({"principal": "alice"}, "the principal `alice` is not the ARN"),
        ({"principal": {"type": "Robot"}}, "principal.type: must be one of AWS, Service, Federated, Anonymous"),
        ({"principal": {"type": "AWS", "name": "x"}}, "principal: `name` is not a field"),
        ({"principal": {"type": "AWS", "arn": 7}}, "principal.arn: must be text"),
        ({"principal": 7}, "principal: must be an ARN"),
        ({"action": None}, "action: is missing"),
        ({"action": "s3:*"}, "the action `s3:*` is not one action"),
        ({"resource": 5}, "resource: must be an ARN as text"),
        ({"resource": ""}, "must be "),
        ({"resource_account": 123456789012}, "resource_account: must be 12 digits as text"),
        ({"context": []}, "context: must be an object"),
        ({"context": {"aws:x": {}}}, 'context["aws:x"]: must be text'),
        ({"context": {"aws:x": "1", "AWS:X": "2"}}, "is here twice"),
        ({"identity_policies": allow()}, "identity_policies: must be a list of policy documents"),
        ({"identity_policies": [None]}, "identity_policies[0]: must be a policy document"),
        ({"identity_policies": "x"}, "identity_policies: must be a list of policy documents"),
        ({"scps": [allow()]}, "scps[0]: must be a list of policy documents"),
        ({"session_policy": [allow()]}, "session_policy: must be a policy document"),
        ({"identity_policies": [allow(), PERMIT]}, "identity_policies[1].Statement[0].Effect"),
        ({"policies": []}, "`policies` is not a field; there are action, context"),
    ],
)
def test_a_line_that_is_wrong_gets_an_error_and_the_run_goes_on(given: dict[str, Any], words: str) -> None:
    before, found, after = answers(line(id=1), line(**{"id": "it", **given}), line(id=3))
    assert list(found) == ["id", "error"]
    assert found["id"] == "it"
    assert words in found["error"] and "line 2" in found["error"]
    assert before["decision"] == after["decision"] == "allowed"


def test_a_fault_in_a_document_has_line_and_column() -> None:
    text = json.dumps(line(identity_policies=[PERMIT]))
    _, (found,) = run(f"\n\n{text}\n".encode())
    assert f"line 3, column {text.index(chr(34) + 'Permit') + 1}: identity_policies[0]" in found["error"]


def test_a_duplicate_key_in_a_document_is_an_error() -> None:
    text = json.dumps(line()).replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')
    _, (found,) = run(text.encode())
    assert "the key `Effect` is here twice" in found["error"]


@pytest.mark.parametrize(
    ("text", "id"),
    [
        (b"not json", None),
        (b"[]", None),
        (b'{"id": [1]}', None),
        (b'{"id": 5, "principal": ', 5),
        (b"\xff\xfe", None),
        (b'{"id": "\\ud800", "x": 1}', "\ud800"),
        (b'{"id": 1.50, "x": 1}', 1.5),
        (b'{"id": true, "x": 1}', True),
        (b'{"id": "caf\xc3\xa9\xe2\x80\xa8", "x": 1}', "caf\u00e9\u2028"),
    ],
)
def test_an_error_line_has_the_id_where_it_is_known(text: bytes, id: Any) -> None:
    tally, (found,) = run(text)
    assert found["id"] == id and found["error"]
    assert tally == Tally(1, 1)


def test_blank_lines_ask_nothing() -> None:
    tally, found = run(b"\n  \n" + json.dumps(line()).encode() + b"\r\n\r\n")
    assert tally == Tally(1, 0) and len(found) == 1


@pytest.mark.parametrize("piece", [1, 2, 100, 10_000])
def test_the_pieces_in_which_lines_arrive_do_not_count(piece: int) -> None:
    lines = [line(id=n, action="ec2:Run" if n % 3 else "s3:GetObject") for n in range(9)]
    content = "\n".join(map(json.dumps, lines)).encode()
    assert run(content, piece) == run(content, 10**6)


def test_answers_leave_before_the_next_line_is_waited_for() -> None:
    one = json.dumps(line()).encode() + b"\n"
    pipe = Pipe(one * 3, len(one))
    evaluate_lines(pipe, pipe, Switches())
    assert pipe.flushed == [(len(one) * n, n) for n in (1, 2, 3)]


@dataclass(slots=True)
class Flood(Pipe):
    """A Pipe that gives `blanks` pieces of a megabyte first."""

    blanks: int = 0

    def read1(self, size: int = -1, /) -> bytes:
        if self.blanks:
            self.blanks -= 1
            return b" " * min(10**6, size)
        return Pipe.read1(self, size)


def test_a_line_that_is_too_long_is_not_kept_and_the_run_goes_on() -> None:
    good = json.dumps(line()).encode()
    pipe = Flood(b"\n" + good + b"\n" + good, 10**6, blanks=3 * LONGEST_LINE // 65_536)
    tracemalloc.start()
    tally = evaluate_lines(pipe, pipe, Switches())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tally == Tally(3, 1)
    assert peak < 1.5 * LONGEST_LINE
    assert json.loads(pipe.written.splitlines()[0]) == {
        "id": None,
        "error": f"line 1: longer than {LONGEST_LINE} bytes",
    }


def test_the_company_of_a_line_does_not_change_its_answer() -> None:
    draw = random.Random(3)
    long = {"StringEquals": {"aws:x": ["y" * 300]}}
    policies = [
        allow(),
        deny(),
        allow("ec2:*"),
        PERMIT,
        allow(Condition=long),
        deny(Condition=long),
        allow(Condition={"Foo": {"aws:x": "1"}}),
    ]
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "sts:AssumeRole"}}
    lines = []
    for number in range(200):
        many = [draw.sample(policies, draw.randint(0, 3)) for _ in range(3)]
        lines.append(
            line(
                id=number,
                action=draw.choice(["s3:GetObject", "ec2:RunInstances", "sts:AssumeRole"]),
                resource=draw.choice(["*", ROLE, "arn:aws:s3:::b/k"]),
                context=draw.choice([None, {"aws:x": "y" * 300}]),
                identity_policies=many[0],
                scps=draw.choice([None, many[1:]]),
                resource_policy=draw.choice([None, trust, allow(Principal="*"), 7]),
            )
        )
    together = answers(*lines)
    alone = [answers(item)[0] for item in lines]
    for found in (*together, *alone):
        if "error" in found:
            found["error"] = re.sub(r"line \d+", "line", found["error"])
    assert together == alone
    assert {found.get("decision") for found in together} == {"allowed", "explicitDeny", "implicitDeny", None}


def test_a_memory_that_is_full_begins_anew_and_the_answers_stay_right() -> None:
    def lines() -> bytes:
        return b"".join(
            json.dumps(line(id=n, identity_policies=[allow(f"s3:Get{n}*", Sid="x" * 9000)])).encode() + b"\n"
            for n in range(2 * MOST_CHARACTERS // 9000)
        )

    tally, found = run(lines(), 10**6)
    assert tally.wrong == 0
    assert {item["decision"] for item in found} == {"implicitDeny"}
    assert [item["id"] for item in found] == list(range(tally.lines))


@pytest.mark.parametrize("number", ["1e3", "1E-2", "1.5e400"])
def test_a_context_number_with_an_exponent_is_refused(number: str) -> None:
    """No operator reads it: a Deny that compares it would never hold."""
    text = json.dumps(line(id=1, context={"s3:max-keys": "@"})).replace('"@"', number)
    (answered,) = run(f"{text}\n".encode())[1]
    assert "without an exponent" in answered["error"]
    assert answered["id"] == 1
