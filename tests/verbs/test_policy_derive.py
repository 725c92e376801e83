"""The least policy for the calls in files, with its reasons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from narrowgate.adapters.sandbox.recording import Recorded, Result, line_of
from narrowgate.calls import Call, Fields, call
from narrowgate.cli import derived_view
from narrowgate.derive.derivation import Derived
from narrowgate.errors import NarrowgateError, Refused, UsageError
from narrowgate.verbs.derive import (
    Sources,
    check_output,
    derived_data,
    derived_from,
    is_lacking,
    own_of_words,
    reasoned,
    write_policies,
)
from narrowgate.verbs.policy_files import Files

ANN = "arn:aws:iam::123456789012:user/ann"
FILES = Files(lambda: b"")


def written(
    path: Path, *calls: tuple[Call, Mapping[str, object]], who: str = ANN, phase: str = "install", error: str = ""
) -> str:
    """A recording of the calls with what they made."""
    allowed = Fields(outcome="implicitDeny" if error else "allowed", requests=())
    lines = [
        line_of(
            Recorded(
                datetime(2026, 1, 1, tzinfo=UTC),
                number,
                who,
                "AKIA",
                "eu-west-1",
                made,
                Result(403 if error else 200, error, Fields(ids)),
                allowed,
                phase,
            )
        )
        for number, (made, ids) in enumerate(calls, 1)
    ]
    with path.open("a") as file:
        file.writelines(lines)
    return str(path)


def network(name: str, vpc: str) -> list[tuple[Call, Mapping[str, object]]]:
    spec = [{"ResourceType": "vpc", "Tags": [{"Key": "Owner", "Value": name}]}]
    return [
        (call("ec2", "DescribeVpcs"), {}),
        (call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=spec), {"Vpc": {"VpcId": vpc}}),
        (call("ec2", "DeleteVpc", VpcId=vpc), {}),
        (call("iam", "GetRole", RoleName=f"{name}-node"), {}),
    ]


def words(made: Derived) -> str:
    return "\n".join(row.text for row in derived_view.derived(made))


def statements(made: Derived) -> list[Any]:
    return [s for document in made.documents for s in json.loads(document.text())["Statement"]]


def test_each_statement_has_the_calls_that_need_it(tmp_path: Path) -> None:
    made = derived_from(Sources((written(tmp_path / "a.jsonl", *network("shop", "vpc-1")),)), FILES)
    found = {str(statements(made)[each.statement]["Action"]): dict(each.calls) for each in reasoned(made)}
    assert found["iam:GetRole"] == {"install": ("iam:GetRole",)}
    assert found["ec2:DeleteVpc"] == {"install": ("ec2:DeleteVpc",)}
    assert found["ec2:CreateTags"] == {"install": ("ec2:CreateVpc",)}
    assert all(each.grants for each in reasoned(made))
    shown = {grant.scope for each in reasoned(made) for grant in each.grants}
    assert shown == {grant.scope for grant in made.grants}
    assert not is_lacking(made)


def test_what_a_wider_statement_allows_is_a_reason_of_it(tmp_path: Path) -> None:
    bare = (call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16"), {"Vpc": {"VpcId": "vpc-9"}})
    made = derived_from(Sources((written(tmp_path / "a.jsonl", *network("shop", "vpc-1"), bare),)), FILES)
    conditions = [grant.scope.conditions for grant in made.grants if grant.scope.action == "ec2:CreateVpc"]
    assert len(conditions) == 2
    assert sum(s["Action"] == "ec2:CreateVpc" or "ec2:CreateVpc" in s["Action"] for s in statements(made)) == 1
    shown = {grant.scope for each in reasoned(made) for grant in each.grants}
    assert shown == {grant.scope for grant in made.grants}


def test_a_person_reads_the_reasons_what_is_wide_and_the_size(tmp_path: Path) -> None:
    made = derived_from(Sources((written(tmp_path / "a.jsonl", *network("shop", "vpc-1")),)), FILES)
    text = words(made)
    assert "of 6,144 characters" in text
    assert "    install: ec2:DeleteVpc" in text
    assert "wide: ec2:DescribeVpcs on *: AWS decides this on `*` only" in text
    assert "what is the program's own is told by its tags: Owner=shop" in text
    assert "what evidence of this kind cannot tell:" in text
    assert derived_data(made)["own"] == {"Owner": "shop"}


def test_two_recordings_tell_what_varies(tmp_path: Path) -> None:
    one = written(tmp_path / "a.jsonl", *network("shop-7f3", "vpc-1"))
    other = written(tmp_path / "b.jsonl", *network("shop-91c", "vpc-2"))
    made = derived_from(Sources((one, other)), FILES)
    assert '"arn:aws:iam::123456789012:role/shop-*-node"' in made.documents[0].text()
    assert dict(made.own.tags) == {"Owner": "shop-*"}
    assert not is_lacking(made)
    assert all(each.grants for each in reasoned(made))


def test_what_is_lost_is_said_first(tmp_path: Path) -> None:
    path = Path(written(tmp_path / "a.jsonl", *network("shop", "vpc-1")))
    written(path, (call("iam", "DeleteUser", UserName="x"), {}), error="AccessDenied")
    written(path, (call("iam", "MakeCoffee"), {}))
    lines = path.read_text().splitlines()
    lines[2] = json.dumps({**json.loads(lines[2]), "lost": 4})
    path.write_text("".join(f"{line}\n" for line in lines))
    made = derived_from(Sources((str(path),)), FILES)
    assert is_lacking(made)
    text = words(made)
    assert "the policy may lack something: 2 of 3 left out matter" in text
    assert text.index("4 calls") < text.index("iam:MakeCoffee") < text.index("iam:DeleteUser (")


def test_the_persons_tag_goes_before_what_the_calls_show(tmp_path: Path) -> None:
    tags = [{"Key": "Owner", "Value": "shop"}, {"Key": "Name", "Value": "main"}]
    made = call("ec2", "CreateVpc", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    file = written(tmp_path / "a.jsonl", (made, {"Vpc": {"VpcId": "vpc-1"}}))
    text = derived_from(Sources((file,), own=own_of_words(["Owner=shop"])), FILES).documents[0].text()
    assert '"aws:RequestTag/Owner":"shop"' in text
    assert "aws:RequestTag/Name" not in text


@pytest.mark.parametrize("word", ["Owner", "=x", ""])
def test_a_tag_has_a_key_and_a_value(word: str) -> None:
    with pytest.raises(UsageError, match="--own KEY=VALUE"):
        own_of_words([word])


def test_evidence_that_is_none_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    failed = written(tmp_path / "failed", (call("iam", "DeleteUser", UserName="x"), {}), error="AccessDenied")
    two = written(tmp_path / "two", (call("iam", "DeleteUser", UserName="x"), {}))
    written(Path(two), (call("iam", "DeleteUser", UserName="x"), {}), who=ANN.replace("ann", "bob"))
    cases: list[tuple[Sources, str]] = [
        (Sources(), "there is no evidence"),
        (Sources((str(empty),)), "is empty: nothing was called"),
        (Sources((failed,)), "AWS answered AccessDenied: what failed is not needed"),
        (Sources((two,)), "has calls of 2 principals: choose one with `--principal`"),
        (Sources((two,), principal="carol"), "has no call of `carol`"),
        (Sources((two,), principal="ann", account="999999999999"), "this is account 123456789012, not 999999999999"),
        (Sources((two, two, two)), "give one, or two of the same program"),
        (Sources((str(tmp_path / "none"),)), "cannot read"),
    ]
    for sources, said in cases:
        with pytest.raises(UsageError) as caught:
            derived_from(sources, FILES)
        assert said in caught.value.message


def test_a_recording_that_was_cut_short_is_refused_by_line(tmp_path: Path) -> None:
    path = Path(written(tmp_path / "a.jsonl", *network("shop", "vpc-1")))
    path.write_text(path.read_text()[:-20])
    with pytest.raises(Refused) as caught:
        derived_from(Sources((str(path),)), FILES)
    assert caught.value.message.startswith(f"{path}: cannot read line 4 of the recording")


def test_policies_are_written_one_a_file(tmp_path: Path) -> None:
    made = derived_from(Sources((written(tmp_path / "a.jsonl", *network("shop", "vpc-1")),)), FILES)
    (document,) = made.documents
    assert write_policies(str(tmp_path / "p.json"), [document]) == (str(tmp_path / "p.json"),)
    names = write_policies(str(tmp_path / "q.json"), [document, document])
    assert names == (str(tmp_path / "q.1.json"), str(tmp_path / "q.2.json"))
    assert [json.loads(Path(name).read_text()) for name in names] == [json.loads(document.text())] * 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jsonl", "p.json", "q.1.json", "q.2.json"]


def test_a_place_that_cannot_be_written_is_told_before(tmp_path: Path) -> None:
    for name in (str(tmp_path), str(tmp_path / "none" / "p.json")):
        with pytest.raises(NarrowgateError, match="cannot write"):
            check_output(name)


def test_deriving_twice_gives_the_same(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", *network("shop", "vpc-1"))
    one, other = (derived_data(derived_from(Sources((file,)), FILES)) for _ in range(2))
    assert one == other
