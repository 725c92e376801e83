"""The recording: everything of a call but its secrets, whole lines or none, and read back as it was."""

from __future__ import annotations

import errno
import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapters.sandbox.recordings import NOW, made, one
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.adapters.sandbox.recording import (
    Recorded,
    Recorder,
    Result,
    decision_of,
    learned,
    line_of,
    read_recording,
)
from narrowgate.adapters.sandbox.secret_members import is_secret
from narrowgate.calls import Call, Fields, Ref, Value, call
from narrowgate.errors import Refused
from narrowgate.policy.decision import Deciding, Decision
from narrowgate.policy.request_context import Requester, request
from narrowgate.secret import MASK, Secret

pytestmark = pytest.mark.slow

LAW = settings(deadline=None)
# Marked, so that finding it in a line is no coincidence.
SECRETS = st.text(min_size=1, max_size=20).map(lambda text: f"<<{text}>>")
PLAIN: st.SearchStrategy[Value] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.builds(Ref, st.text(max_size=3), st.text(max_size=3))
)
# A member of three letters may be one that is masked: `URL`.
NAMES = st.text(max_size=3).filter(lambda name: not is_secret(Call("x", "GetX"), name, top=True)) | st.sampled_from(
    ["UserName", "UserId", "PolicyDocument", "Tags", "Value", "Arn"]
)
SECRET_NAMES = st.sampled_from(
    (
        *("UserData", "SecretString", "SecretBinary", "Password", "NewPassword", "MasterUserPassword"),
        *("SecretAccessKey", "SessionToken", "PrivateKey", "Plaintext", "SSECustomerKey", "Body"),
        *("ParameterValue", "ClientSecret"),
    )
)
CALLED = st.sampled_from([("iam", "CreateUser"), ("ec2", "RunInstances"), ("ssm", "PutParameter"), ("x", "GetX")])


def nested(leaves: st.SearchStrategy[Any], names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(names, inner, max_size=3).map(Fields),
        max_leaves=8,
    )


def fields(leaves: st.SearchStrategy[Any], names: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[Fields]:
    return st.dictionaries(names, nested(leaves, names), max_size=4).map(Fields)


def spellings(text: str) -> set[str]:
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]}


class Lines:
    """A sink in memory that has room or not."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.full = False
        self.closed = False

    def write(self, line: bytes) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.lines.append(line)

    def close(self) -> None:
        self.closed = True

    @property
    def read(self) -> list[Recorded]:
        return list(read_recording(b"".join(self.lines).decode()))


# Laws: no secret is in a line, and a line is read back as what it was.


@st.composite
def with_secrets(draw: st.DrawFn) -> tuple[Recorded, str]:
    """A call with one secret in many places, as a Secret anywhere, and as plain text where secrets are known to be."""
    text = draw(SECRETS)
    somewhere = fields(PLAIN | st.just(Secret(text)))
    inside = nested(st.just(text) | st.just(text.encode()) | st.just(Secret(text)), NAMES)
    place = draw(st.dictionaries(SECRET_NAMES, inside, min_size=1, max_size=2).map(Fields))
    deeper = draw(st.sampled_from([place, Fields(Options=place), Fields(Options=(1, Fields(Deep=place)))]))
    asked = Call(*draw(CALLED), Fields({**draw(somewhere), **deeper, "One": Secret(text)}))
    if asked.name == "ssm:PutParameter":
        asked = replace(asked, params=Fields({**asked.params, "Value": text}))
    reply = draw(somewhere)
    result = Result(200, "", learned(asked, {**reply, "AccessKey": {"UserId": Secret(text), "SecretAccessKey": text}}))
    return made(asked, result=result, decision=draw(somewhere)), text


@LAW
@given(with_secrets())
def test_no_line_has_a_secret(given: tuple[Recorded, str]) -> None:
    recorded, text = given
    line = line_of(recorded)
    assert not [way for way in spellings(text) if way in line]
    assert MASK in line


@LAW
@given(SECRETS, SECRETS)
def test_what_is_recorded_does_not_depend_on_the_secret(one_text: str, other: str) -> None:
    lines = {
        line_of(made(call("ec2", "RunInstances", UserData=text, Options={"Password": text}, X=Secret(text))))
        for text in (one_text, other)
    }
    assert len(lines) == 1


@LAW
@given(fields(PLAIN), fields(PLAIN), fields(PLAIN), st.integers(0, 10**9), st.integers(0, 3))
def test_what_is_recorded_is_read_back(params: Fields, ids: Fields, decision: Fields, n: int, lost: int) -> None:
    result = Result(400, "Throttling", ids)
    recorded = Recorded(NOW, n, "arn", "AKIA", "eu-west-1", Call("x", "GetX", params), result, decision, "setup", lost)
    line = line_of(recorded)
    assert line.endswith("\n") and line.count("\n") == 1 and line.isascii()
    assert one(line) == recorded


@LAW
@given(with_secrets())
def test_a_masked_line_is_read_back_and_recorded_again_as_it_was(given: tuple[Recorded, str]) -> None:
    line = line_of(given[0])
    assert line_of(one(line)) == line


@LAW
@given(st.data())
def test_a_damaged_line_is_refused_by_its_number_or_is_another_call(data: st.DataObject) -> None:
    lines = [line_of(replace(made(call("iam", "GetUser", UserName="x")), sequence=n)) for n in range(3)]
    at = data.draw(st.integers(0, len(lines[1]) - 2))
    spoilt = lines[1][:at] + data.draw(st.sampled_from(["", '"', "{", "\x00", "9"])) + lines[1][at + 1 :]
    try:
        found = list(read_recording(lines[0] + spoilt + lines[2]))
    except Refused as refused:
        assert "cannot read line 2 of the recording" in str(refused)
    else:
        assert len(found) == 3 and [found[0].sequence, found[2].sequence] == [0, 2]


def test_a_reference_that_only_looks_like_one_stays_as_it_is() -> None:
    for params in (Fields(a=Fields({"$ref": ("a",)})), Fields(a=Fields({"$ref": ("a", "b"), "c": 1}))):
        assert one(line_of(made(Call("x", "PutX", params)))).call.params == params


# What is learned from replies.


def test_ids_arns_and_names_of_what_was_made_are_learned() -> None:
    reply = {
        "AccessKey": {
            "UserName": "x",
            "AccessKeyId": "AKIA",
            "Status": "Active",
            "SecretAccessKey": Secret("s"),
            "CreateDate": NOW,
        },
        "ResponseMetadata": {"RequestId": "r"},
    }
    found = learned(call("iam", "CreateAccessKey"), reply)
    assert found == Fields(AccessKey={"UserName": "x", "AccessKeyId": "AKIA"})


def test_members_in_lists_keep_their_places() -> None:
    reply = {
        "Instances": [
            {"InstanceId": "i-1", "Tags": [{"Key": "a", "Value": "b"}], "State": {"Name": "pending", "Code": 0}},
            {"InstanceId": "i-2", "IamInstanceProfile": {"Arn": "arn", "Id": "AIPA"}},
        ],
        "ARN": "arn:secret",
        "VolumeIds": ["vol-1"],
        "GroupNames": [],
        "Valid": "no",
        "Said": "no",
        "NextToken": "no",
    }
    assert learned(call("ec2", "RunInstances"), reply) == Fields(
        Instances=[
            {"InstanceId": "i-1", "State": {"Name": "pending"}},
            {"InstanceId": "i-2", "IamInstanceProfile": {"Arn": "arn", "Id": "AIPA"}},
        ],
        ARN="arn:secret",
        VolumeIds=["vol-1"],
    )


def test_nothing_is_learned_from_a_read_or_of_an_empty_reply() -> None:
    assert learned(call("iam", "ListUsers"), {"Users": [{"UserName": "x"}]}) == Fields()
    assert learned(call("iam", "CreateUser"), {}) == Fields()


def test_a_secret_under_an_innocent_name_is_not_learned() -> None:
    reply = {"UserId": Secret("s"), "GroupIds": [Secret("s")], "Name": b"s", "Arn": "a"}
    assert learned(call("iam", "CreateUser"), reply) == Fields(Arn="a")


# What the gate decided.

X = Requester("AWS", "arn:aws:iam::123456789012:user/x")


def test_decisions_tell_the_outcome_of_the_whole_and_of_each_request() -> None:
    first = request(X, "ec2:RunInstances", "arn:aws:ec2:eu-west-1:123456789012:instance/*", {}, "")
    second = request(X, "iam:PassRole", "arn:aws:iam::123456789012:role/r", {}, "")
    allow = Decision("allowed", "identity", (Deciding("identity", 0, 1, "Run", "Allow"),))
    denied = decision_of([(first, allow), (second, Decision("implicitDeny", "boundary"))])
    assert (denied["outcome"], denied["layer"]) == ("implicitDeny", "boundary")
    assert [r["action"] for r in denied.items_of("requests")] == ["ec2:RunInstances", "iam:PassRole"]
    assert denied.items_of("requests")[0].items_of("statements") == (
        Fields(layer="identity", policy=0, index=1, sid="Run", effect="Allow"),
    )
    assert decision_of([(first, allow)])["outcome"] == "allowed"
    assert one(line_of(made(call("ec2", "RunInstances"), decision=denied))).decision == denied


# Damage.

GOOD = json.loads(line_of(made(call("iam", "GetUser"))))


@pytest.mark.parametrize(
    "line",
    ["", " ", "{", "[]", "null", "{}", '{"at":1}', "\x00", '{"a":1}' * 2, "[" * 100_000, "9" * 5_000]
    + [json.dumps({k: v for k, v in GOOD.items() if k != name}) for name in GOOD]
    + [json.dumps({**GOOD, name: None}) for name in GOOD]
    + [json.dumps({**GOOD, "more": 1}), json.dumps({**GOOD, "n": True}), json.dumps({**GOOD, "n": -1})]
    + [json.dumps({**GOOD, "at": "2026-01-01T00:00:00"}), json.dumps({**GOOD, "at": "yesterday"})]
    + [json.dumps({**GOOD, "lost": 0}), json.dumps({**GOOD, "lost": "1"})]
    + [json.dumps({**GOOD, "params": {"a": float("nan")}}), json.dumps({**GOOD, "params": []})],
)
def test_a_damaged_line_is_refused_with_its_number(line: str) -> None:
    good = line_of(made(call("iam", "GetUser")))
    with pytest.raises(Refused, match=r"cannot read line 2 of the recording: .*record again"):
        list(read_recording(f"{good}{line}\n{good}"))


def test_lines_before_the_damage_are_given_and_an_empty_recording_is_one() -> None:
    good = line_of(made(call("iam", "GetUser")))
    reading = read_recording(f"{good}{good[:40]}")
    assert next(reading).call.name == "iam:GetUser"
    with pytest.raises(Refused, match="line 2"):
        next(reading)
    assert list(read_recording("")) == []
    assert len(list(read_recording(good.rstrip("\n")))) == 1


# The recorder.


def test_phases_are_what_the_recorder_was_told() -> None:
    sink = Lines()
    recorder = Recorder(sink, tell=pytest.fail, phase="setup")
    recorder.record(made(call("iam", "CreateUser")))
    recorder.phase = "install"
    recorder.record(made(call("ec2", "CreateVpc"), phase="ignored"))
    recorder.close()
    assert [recorded.phase for recorded in sink.read] == ["setup", "install"] and sink.closed


@pytest.mark.parametrize("label", ["A", "a\nb", " a", "x" * 65, "é", "-a"])
def test_a_phase_has_a_plain_name(label: str) -> None:
    with pytest.raises(Refused, match="is no name for a phase"):
        Recorder(Lines(), tell=pytest.fail, phase=label)


def test_a_full_disk_fails_no_call_is_told_once_and_leaves_a_mark() -> None:
    sink, said = Lines(), list[str]()
    recorder = Recorder(sink, tell=said.append)
    for number, full in enumerate((False, True, True, False, True, False, False)):
        sink.full = full
        recorder.record(replace(made(call("iam", "GetUser")), sequence=number))
    assert [(r.sequence, r.lost) for r in sink.read] == [(0, 0), (3, 2), (5, 1), (6, 0)]
    assert said == ["the recording cannot be written (No space left on device): calls are missing in it from now on"]
    sink.full = True
    recorder.record(made(call("iam", "GetUser")))
    assert recorder.lost == 1 and len(said) == 1


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    recorder = Recorder(path, tell=pytest.fail)

    def run(number: int) -> None:
        for _ in range(50):
            recorder.record(replace(made(call("iam", "GetUser", UserName="x" * 5000)), sequence=number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()
    numbers = [recorded.sequence for recorded in read_recording(path.read_text())]
    assert sorted(numbers) == sorted([*range(4)] * 50)
