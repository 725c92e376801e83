"""Foreign programs, each run, recorded, and run again under the policy that was derived for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest

from narrowgate.adapters.sandbox.guest import EVERYTHING
from narrowgate.adapters.sandbox.recording import read_recording
from narrowgate.calls import masked
from narrowgate.cli import derived_view
from narrowgate.errors import UsageError
from narrowgate.verbs.derive import Sources, derived_from, is_lacking
from narrowgate.verbs.policy_files import Files
from narrowgate.verbs.record import Outcome, Run, Wanted, record, run

PROGRAMS: Final = Path(__file__).parents[1] / "programs"
AWS: Final = Path(sys.executable).with_name("aws")
JS: Final = Path(__file__).parents[1] / "enforcement" / "js" / "node_modules"
DRAWN: Final = re.compile(r"\b(?:vpc|subnet|sg|i|rtb|igw|eni|vol)-[0-9a-f]{8,}\b")
COMMANDS: Final = {
    "boto3": (sys.executable, str(PROGRAMS / "network.py")),
    "AWS CLI": ("sh", str(PROGRAMS / "network.sh")),
    "JavaScript SDK": ("node", str(PROGRAMS / "network.mjs")),
}
pytestmark = pytest.mark.slow


def wanted(*command: str, **environ: str) -> Wanted:
    return Wanted(command, {**os.environ, "AWS": str(AWS), **environ}, seconds=60)


def inline(text: str) -> Wanted:
    head = "import boto3\nfrom contextlib import suppress\n"
    return wanted(sys.executable, "-c", head + text)


@lru_cache
def recorded(name: str) -> Outcome:
    """The program, run twice."""
    if name == "AWS CLI" and not AWS.exists():
        pytest.skip(f"the AWS CLI is not installed at {AWS}")
    if name == "JavaScript SDK" and (shutil.which("node") is None or not JS.is_dir()):
        pytest.skip("node or the JavaScript packages are not installed: make js")
    return record(wanted(*COMMANDS[name]), lambda _: None)


def ids(made: Run) -> set[str]:
    """The ids that AWS drew in the run."""
    return set(DRAWN.findall(" ".join(json.dumps(masked(line.result.ids)) for line in made.calls)))


def words(outcome: Outcome) -> str:
    return "\n".join(row.text for row in derived_view.outcome(outcome))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_foreign_program_is_not_denied_anything_under_its_derived_policy(name: str) -> None:
    outcome = recorded(name)
    assert outcome.second is not None
    assert outcome.first.ended.is_good
    assert outcome.second.ended.is_good
    assert outcome.second.denials == ()
    assert [line.call.name for line in outcome.second.calls] == [line.call.name for line in outcome.first.calls]
    assert len(outcome.first.calls) >= 15
    assert not any(each.serious for each in outcome.derived.evidence.left_out)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_second_run_has_other_ids_and_the_policy_none(name: str) -> None:
    outcome = recorded(name)
    assert outcome.second is not None
    assert len(ids(outcome.first)) >= 3
    assert not ids(outcome.first) & ids(outcome.second)
    assert not any(DRAWN.search(document.text()) for document in outcome.derived.documents)


def test_its_role_can_be_passed_to_one_service_and_no_other_role() -> None:
    statements = [
        s for document in recorded("boto3").derived.documents for s in json.loads(document.text())["Statement"]
    ]
    (passing,) = [s for s in statements if "iam:PassRole" in s["Action"]]
    assert passing["Resource"] == "arn:aws:iam::123456789012:role/shop-node"
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


def test_without_any_of_its_statements_the_second_run_is_denied() -> None:
    outcome = recorded("boto3")
    (document,) = outcome.derived.documents
    value = json.loads(document.text())
    for number in range(len(value["Statement"])):
        rest = [s for i, s in enumerate(value["Statement"]) if i != number]
        text = json.dumps({**value, "Statement": rest})
        again = run(wanted(*COMMANDS["boto3"]), [text], after=outcome.first)
        assert again.denials, value["Statement"][number]
        broken = replace(outcome, second=again)
        assert broken.missing == again.denials
        assert f'no statement allows it; missing: {{"Effect": "Allow", "Action": "{again.denials[0].action}"' in words(
            broken
        )


def test_two_recordings_suffice_for_a_third_run_with_another_name_in_another_region(tmp_path: Path) -> None:
    def named(name: str, region: str) -> Wanted:
        it = wanted(*COMMANDS["boto3"], PROGRAM_NAME=name)
        return replace(it, region=region, keep=tmp_path / f"{name}.jsonl")

    for name, region in (("shop-7f3", "us-east-1"), ("shop-91c", "eu-west-1")):
        made = run(named(name, region), [EVERYTHING], keep=tmp_path / f"{name}.jsonl")
        assert made.ended.is_good
    sources = Sources((str(tmp_path / "shop-7f3.jsonl"), str(tmp_path / "shop-91c.jsonl")))
    derived = derived_from(sources, Files(lambda: b""))
    assert not is_lacking(derived)
    assert dict(derived.own.tags) == {"Owner": "shop-*"}
    third = run(named("shop-5e8", "ap-south-1"), [document.text() for document in derived.documents], after=made)
    assert third.denials == ()
    assert third.ended.is_good
    other = run(named("blog-5e8", "ap-south-1"), [document.text() for document in derived.documents], after=made)
    assert other.denials


def test_of_a_program_that_does_not_tag_it_is_said() -> None:
    outcome = record(wanted(*COMMANDS["boto3"], PROGRAM_TAGS="no"), lambda _: None)
    assert outcome.second is not None
    assert outcome.second.denials == ()
    assert outcome.derived.own.tags == {}
    assert derived_view.UNMARKED in words(outcome)
    assert "ec2:CreateVpc on arn:aws:ec2:us-east-1:123456789012:vpc/*: nothing marks a new vpc" in words(outcome)


def test_what_an_account_has_from_the_start_keeps_its_id() -> None:
    text = """
ec2 = boto3.client("ec2")
vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
ec2.delete_security_group(GroupId=group)
"""
    outcome = record(inline(text), lambda _: None)
    assert outcome.second is not None
    assert outcome.second.denials == ()
    assert outcome.second.ended.is_good
    assert re.search(r":vpc/vpc-[0-9a-f]+\"", outcome.derived.documents[0].text())


def test_a_look_that_finds_nothing_is_needed_and_a_dry_run_too() -> None:
    text = """
iam, ec2 = boto3.client("iam"), boto3.client("ec2")
with suppress(iam.exceptions.NoSuchEntityException):
    iam.get_user(UserName="nobody")
with suppress(ec2.exceptions.ClientError):
    ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
"""
    outcome = record(inline(text), lambda _: None)
    assert {grant.scope.action for grant in outcome.derived.grants} == {"iam:GetUser", "ec2:CreateVpc"}
    assert outcome.second is not None
    assert outcome.second.denials == ()
    assert outcome.derived.evidence.made == {}


def test_what_is_denied_in_the_first_run_too_is_not_missing() -> None:
    text = """
iam, sts = boto3.client("iam"), boto3.client("sts")
trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}'
iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
with suppress(Exception):
    sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="session")
"""
    outcome = record(inline(text), lambda _: None)
    assert [denial.call for denial in outcome.first.denials] == ["sts:AssumeRole"]
    assert outcome.second is not None
    assert [denial.call for denial in outcome.second.denials] == ["sts:AssumeRole"]
    assert outcome.missing == ()
    assert "1 denial as in the first run" in words(outcome)
    assert [left.what for left in outcome.derived.evidence.left_out] == ["sts:AssumeRole"]


def test_a_run_that_failed_half_way_is_said() -> None:
    outcome = record(inline('boto3.client("iam").create_user(UserName="x")\nraise SystemExit(3)'), lambda _: None)
    assert outcome.first.ended.code == 3
    assert "the first run ended with code 3: what it would have called after that is not in the policy" in words(
        outcome
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the program made no call to the sandbox"),
        ("raise SystemExit(4)", "the program ended with code 4 before it called anything"),
        (
            "with suppress(Exception):\n"
            ' boto3.client("iam", "us-east-1", aws_access_key_id="AKIANOBODY0000000000", aws_secret_access_key="x")'
            '.create_user(UserName="x")',
            "the first run has no call of anybody who proved who it was",
        ),
    ],
)
def test_without_evidence_there_is_no_policy(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        record(inline(text), lambda _: None)
    assert said in caught.value.message


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        record(replace(wanted("true"), region="nowhere-1"), lambda _: None)
    assert caught.value.message == "there is no region `nowhere-1`: choose one that AWS has, such as `us-east-1`"


def test_a_program_that_is_late_is_ended_with_its_children() -> None:
    begin = time.monotonic()
    late = replace(wanted("sh", "-c", "sleep 3071 & sleep 3072"), seconds=0.5)
    with pytest.raises(UsageError, match="was stopped when its time was over before it called anything"):
        record(late, lambda _: None)
    assert time.monotonic() - begin < 20
    running = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists()]
    assert not [line for line in running if line in (b"sleep\x003071\x00", b"sleep\x003072\x00")]


def test_the_recording_is_kept_without_the_administrators_calls(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    outcome = record(
        replace(inline('boto3.client("iam").create_user(UserName="x")'), keep=file, again=False), lambda _: None
    )
    assert outcome.second is None
    assert tuple(read_recording(file.read_text())) == outcome.first.calls
    assert {line.principal for line in outcome.first.calls} == {"arn:aws:iam::123456789012:user/program"}


def test_the_program_sees_none_of_the_persons_aws_settings() -> None:
    text = """
import os
assert "AWS_PROFILE" not in os.environ and "AWS_SESSION_TOKEN" not in os.environ
assert os.environ["AWS_REGION"] == os.environ["AWS_DEFAULT_REGION"] == "eu-west-1"
assert boto3.client("sts").get_caller_identity()["Arn"].endswith(":user/program")
boto3.client("iam").list_users()
"""
    theirs = {"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "x", "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": ""}
    it = inline(text)
    outcome = record(replace(it, environ={**it.environ, **theirs}, region="eu-west-1", again=False), lambda _: None)
    assert outcome.first.ended.is_good
