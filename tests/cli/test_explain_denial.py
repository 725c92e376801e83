"""`narrowgate explain-denial` at a shell."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

import pytest
from cli.person import NARROWGATE, PATIENCE, Done, Person

pytestmark = pytest.mark.slow

BOB = "arn:aws:iam::111122223333:user/bob"
IMAGE = "arn:aws:ec2:us-east-1::image/ami-0abc"
SILENT = (
    f"User: {BOB} is not authorized to perform: ec2:RunInstances on resource: {IMAGE} "
    "because no identity-based policy allows the ec2:RunInstances action"
)
CODE = "4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmn_0123456789"
GRANT = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": IMAGE}


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def explain(person: Person, *arguments: str) -> Done:
    return person.narrowgate("explain-denial", *arguments)


def piped(person: Person, text: str, *arguments: str) -> Done:
    command = [*NARROWGATE, "explain-denial", *arguments]
    done = subprocess.run(
        command,
        cwd=person.folder,
        env=person.variables(),
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def decoded(layer: str) -> dict[str, object]:
    """What the sandbox writes about its last denial."""
    return {
        "allowed": False,
        "explicitDeny": True,
        "layer": layer,
        "matchedStatements": {"items": [{"statementId": "Keep", "effect": "DENY", "layer": layer, "policy": 0}]},
        "failures": {"items": []},
        "context": {
            "principal": {"id": "AIDACKCEVSQ6C2EXAMPLE", "arn": BOB},
            "action": "ec2:RunInstances",
            "resource": IMAGE,
            "conditions": {"items": []},
        },
    }


def test_a_message_is_explained_to_a_person(alone: Person) -> None:
    done = explain(alone, SILENT)
    assert done.code == 0 and done.err == ""
    assert done.out.startswith("denied: ec2:RunInstances\n")
    assert "identity-based policy, by silence" in done.out
    assert "the smallest grant, in an identity policy of the user `bob`" in done.out
    assert f'"Resource": "{IMAGE}"' in done.out
    assert "ec2:RunInstances on subnet" in done.out


@pytest.mark.parametrize("way", ["text", "words", "file", "stdin"])
def test_every_way_to_give_a_message_gives_the_same(alone: Person, way: str) -> None:
    (alone.folder / "said.txt").write_text(SILENT)
    match way:
        case "stdin":
            done = piped(alone, SILENT, "-", "--json")
        case "words":
            done = explain(alone, "--json", *SILENT.split())
        case _:
            done = explain(alone, "--json", "said.txt" if way == "file" else SILENT)
    (found,) = done.value["denials"]
    assert (done.code, found["principal"], found["layer"], found["decision"]) == (0, BOB, "identity", "implicitDeny")
    assert [grant["statement"] for grant in found["grants"]] == [GRANT]
    assert found["given"] is None


@pytest.mark.parametrize("given", [(), ("all is well",), ("absent.txt",), (CODE,)])
def test_without_a_denial_it_is_wrong_usage(alone: Person, given: tuple[str, ...]) -> None:
    done = explain(alone, *given)
    assert done.code == 2 and done.out == ""
    assert CODE not in done.err
    if CODE in given:
        assert "--decode" in done.err


def test_given_policies_decide_and_their_statements_are_named(alone: Person) -> None:
    small = {**GRANT, "Sid": "Small", "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}
    (alone.folder / "own.json").write_text(policy(small))
    (alone.folder / "limit.json").write_text(policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))
    given = (SILENT, "--policy", "own.json", "--boundary", "limit.json", "--context", "aws:RequestedRegion=us-east-1")
    (found,) = explain(alone, *given, "--json").value["denials"]
    assert found["given"]["decision"] == "implicitDeny" and found["given"]["after"]["decision"] == "allowed"
    assert [grant["layer"] for grant in found["grants"]] == ["identity", "boundary"]
    (failed,) = found["given"]["explanations"][0]["failed"]
    assert (failed["key"], failed["actual"]) == ("aws:RequestedRegion", ["us-east-1"])
    shown = explain(alone, *given).out
    assert "Allow identity own.json Statement[0] `Small`" in shown


def test_a_given_deny_is_named_and_nothing_is_granted(alone: Person) -> None:
    (alone.folder / "own.json").write_text(
        policy({"Sid": "No", "Effect": "Deny", "Action": "ec2:Run*", "Resource": "*"})
    )
    (found,) = explain(alone, SILENT, "--policy", "own.json", "--json").value["denials"]
    assert found["given"]["statements"] == [
        {"layer": "identity", "policy": 0, "index": 0, "sid": "No", "effect": "Deny"}
    ]
    assert found["grants"] == []


def test_what_a_message_leaves_out_can_be_said(alone: Person) -> None:
    said = "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"
    more = ("--principal", BOB, "--action", "s3:PutObject", "--resource", "arn:aws:s3:::b/k")
    (found,) = explain(alone, said, *more, "--json").value["denials"]
    assert found["grants"][0]["statement"] == {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::b/k",
    }


def test_alone_the_sandbox_tells_its_last_denial(alone: Person) -> None:
    empty = explain(alone, "--sandbox")
    assert empty.code == 2 and "denied nothing yet" in empty.err
    folder = alone.folder / ".narrowgate" / "sandbox"
    folder.mkdir(parents=True)
    (folder / "last-denial.json").write_text(json.dumps(decoded("boundary")))
    done = explain(alone, "--sandbox")
    assert done.code == 0
    assert "permissions boundary, by an explicit Deny" in done.out and "Deny boundary policy 0 `Keep`" in done.out
    (folder / "last-denial.json").write_text('{"allowed": tru')
    broken = explain(alone, "--sandbox")
    assert broken.code == 2 and "last-denial.json" in broken.err


def test_neither_parameters_nor_encoded_messages_are_printed(alone: Person) -> None:
    event = {
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateLoginProfile",
        "errorCode": "AccessDenied",
        "errorMessage": f"User: {BOB} is not authorized to perform: iam:CreateLoginProfile on resource: {BOB}",
        "userIdentity": {"type": "IAMUser", "arn": BOB, "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        "requestParameters": {"userName": "bob", "password": "hunter2hunter2", "userData": "c2VjcmV0"},
    }
    said = f"{SILENT}. Encoded authorization failure message: {CODE}"
    for given in (json.dumps(event), said):
        for form in ((), ("--json",)):
            done = piped(alone, given, "-", *form)
            assert done.code == 0
            for secret in ("hunter2", "AKIAIOSFODNN7EXAMPLE", "c2VjcmV0", CODE):
                assert secret not in done.out + done.err


def test_a_trust_policy_that_was_given_is_read_as_one(alone: Person) -> None:
    role = "arn:aws:iam::111122223333:role/deploy"
    said = f"User: {BOB} is not authorized to perform: sts:AssumeRole on resource: {role}"
    (alone.folder / "trust.json").write_text(
        policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    )
    (alone.folder / "own.json").write_text(policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}))
    (found,) = explain(alone, said, "--resource-policy", "trust.json", "--json").value["denials"]
    assert [(grant["layer"], grant["kind"]) for grant in found["grants"]] == [("resource", "trust")]
    assert found["given"]["after"]["decision"] == "allowed"
    (only,) = explain(alone, said, "--policy", "own.json", "--json").value["denials"]
    assert only["given"]["decision"] == "allowed" and only["given"]["assumed"] == ["resource"]
