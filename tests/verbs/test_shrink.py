"""Shrinking the installer's policy: proved, remembered, kept by setup, undone by `--widen`; cut at every effect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.account import Cloud, Setting, yes
from support.worlds import Cut, Fuse, When

from narrowgate.adapters.sandbox.embedded import Embedded
from narrowgate.errors import Refused
from narrowgate.policy import Document, from_value
from narrowgate.verbs import planning
from narrowgate.verbs.setup import Setup, setup
from narrowgate.verbs.shrink import Shrunk, shrink
from narrowgate.verbs.teardown import teardown

pytestmark = pytest.mark.slow
EFFECTS = ["journal", "journal", "journal", "iam:CreatePolicyVersion", "journal"]
"""The run, the mark, the intent, the write, the outcome."""


@pytest.fixture(scope="module")
def sky() -> Iterator[Cloud]:
    with Embedded() as aws:
        yield Cloud(aws)


@pytest.fixture
def setting(sky: Cloud, tmp_path: Path) -> Setting:
    sky.wipe()
    return Setting(sky, tmp_path)


def set_up(setting: Setting, **options: Any) -> Setup:
    with setting.site(**options) as site:
        return setup(site, yes)


def shrunk(setting: Setting, fuse: Fuse | None = None) -> Shrunk:
    with setting.site(fuse=fuse, policy="shrunk") as site:
        return shrink(site, lambda found, proved: False)


def in_force(setting: Setting) -> Document:
    """The installer's policy, read without our code."""
    (user,) = setting.census()["users"]
    (arn,) = user["Attached"]
    (policy,) = (p for p in setting.census()["policies"] if p["Arn"] == arn)
    found = from_value(policy["Document"], "identity")
    assert isinstance(found, Document)
    return found


def versions(setting: Setting) -> list[str]:
    (user,) = setting.census()["users"]
    return next(p["Versions"] for p in setting.census()["policies"] if p["Arn"] in user["Attached"])


def allows(document: Document, action: str) -> bool:
    return any(s.names_action(action) for s in document.statements if s.effect == "Allow")


def events(setting: Setting) -> list[str]:
    return [e["event"] for e in setting.journal() if e["event"] in ("shrunk", "widened", "clean")]


def is_empty(setting: Setting) -> bool:
    with setting.site() as site:
        return planning.make(site).plan.is_empty


def test_it_loses_what_only_the_installation_needed(setting: Setting) -> None:
    set_up(setting)
    before = in_force(setting)
    done = shrunk(setting)
    after = in_force(setting)
    assert done.steps == 1
    assert done.shrinking is not None and done.shrinking.document == after != before
    assert "ec2:CreateVpc" in done.shrinking.gone
    assert done.shrinking.new < done.shrinking.old
    assert set(done.shrinking.calls) == {"operate", "teardown"}
    assert allows(before, "ec2:CreateVpc") and not allows(after, "ec2:CreateVpc")
    assert allows(after, "ec2:DeleteVpc") and allows(after, "ec2:DescribeInstances")


def test_the_gate_refuses_the_installer_what_is_gone(setting: Setting) -> None:
    set_up(setting)
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "narrowgate:installation", "Value": "demo"}]}]

    def made() -> str:
        ec2 = setting.cloud.client("ec2", setting.region, setting.csv() or ("", ""))
        assert ec2.describe_vpcs()["Vpcs"]
        with pytest.raises(ClientError) as told:
            ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags, DryRun=True)
        return str(told.value.response["Error"]["Code"])

    assert made() == "DryRunOperation"
    shrunk(setting)
    assert made() == "UnauthorizedOperation"


def test_setup_keeps_it_and_says_so(setting: Setting) -> None:
    set_up(setting)
    shrunk(setting)
    narrow = in_force(setting)
    assert is_empty(setting)
    assert set_up(setting).steps == 0
    assert in_force(setting) == narrow
    assert any("was shrunk" in line and "--widen" in line for line in setting.heard.said)


def test_a_second_time_there_is_nothing_to_do(setting: Setting) -> None:
    set_up(setting)
    shrunk(setting)
    again = shrunk(setting)
    assert (again.steps, again.shrinking) == (0, None)
    assert events(setting) == ["shrunk"]


def test_a_lost_journal_is_written_again(setting: Setting) -> None:
    set_up(setting)
    shrunk(setting)
    (setting.folder / ".narrowgate" / "journal.jsonl").unlink()
    assert not is_empty(setting), "without the journal the whole policy is wanted, and the plan shows it"
    assert shrunk(setting).steps == 0
    assert is_empty(setting)


def test_widen_puts_the_whole_policy_back_and_it_stays(setting: Setting) -> None:
    set_up(setting)
    whole = in_force(setting)
    shrunk(setting)
    assert set_up(setting, policy="whole").steps == 1
    assert in_force(setting) == whole
    assert set_up(setting).steps == 0
    assert in_force(setting) == whole
    assert events(setting) == ["shrunk", "widened"]


def test_the_versions_stay_within_five(setting: Setting) -> None:
    set_up(setting)
    for _ in range(4):
        shrunk(setting)
        set_up(setting, policy="whole")
    assert len(versions(setting)) == 5
    assert shrunk(setting).steps == 2
    assert len(versions(setting)) == 5


def test_after_a_teardown_the_whole_policy_is_made(setting: Setting) -> None:
    set_up(setting)
    whole = in_force(setting)
    shrunk(setting)
    with setting.site() as site:
        assert teardown(site, yes).left == ()
    set_up(setting)
    assert in_force(setting) == whole
    assert events(setting) == ["shrunk", "clean"]


def test_before_setup_it_is_refused(setting: Setting) -> None:
    with pytest.raises(Refused, match="narrowgate setup` first"):
        shrunk(setting)
    assert setting.census()["users"] == [] and events(setting) == []


def test_what_else_differs_is_left_to_setup(setting: Setting) -> None:
    set_up(setting)
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": anybody})
    setting.iam().update_assume_role_policy(RoleName="IguazioDataScienceNode", PolicyDocument=trust)
    before = in_force(setting)
    with pytest.raises(Refused, match="in iam_role"):
        shrunk(setting)
    assert in_force(setting) == before and events(setting) == []


def test_a_policy_that_somebody_changed_is_not_widened_by_shrinking(setting: Setting) -> None:
    set_up(setting)
    statement = {"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}
    arn = setting.census()["users"][0]["Attached"][0]
    setting.iam().create_policy_version(
        PolicyArn=arn,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
        SetAsDefault=True,
    )
    before = in_force(setting)
    with pytest.raises(Refused, match="in the account is not shown to allow"):
        shrunk(setting)
    assert in_force(setting) == before and events(setting) == []


def test_a_vendors_file_is_not_shrunk(setting: Setting) -> None:
    vendors(setting)
    with pytest.raises(Refused, match="policy harden"):
        shrunk(setting)


def vendors(setting: Setting) -> None:
    """The spec takes the installer's policy from a file."""
    statement = {"Effect": "Allow", "Action": ["ec2:*", "autoscaling:*"], "Resource": "*"}
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "arn:aws:iam::123456789012:role/IguazioDataScienceNode",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement, passing]})
    (setting.folder / "vendor.json").write_text(text)
    setting.write(
        installer={"policy_source": {"file": "vendor.json"}},
    )


def test_a_file_in_the_place_of_a_shrunk_policy_needs_widen(setting: Setting) -> None:
    set_up(setting)
    shrunk(setting)
    narrow = in_force(setting)
    vendors(setting)
    assert not is_empty(setting), "a look is not stopped"
    with pytest.raises(Refused, match="--widen"):
        set_up(setting)
    assert in_force(setting) == narrow
    set_up(setting, policy="whole")
    assert allows(in_force(setting), "ec2:CreateVpc")
    with setting.site() as site:
        assert teardown(site, yes).left == ()


def test_where_the_key_may_be_used_from_stays(setting: Setting) -> None:
    setting.write(installer={"key_conditions": {"source_ips": ["203.0.113.0/24"]}})
    set_up(setting)
    shrunk(setting)
    denies = [s for s in in_force(setting).statements if s.effect == "Deny"]
    assert len(denies) == 1 and "203.0.113.0/24" in repr(denies)


def test_the_effects_of_a_shrinking_are_these(setting: Setting) -> None:
    set_up(setting)
    fuse = Fuse()
    shrunk(setting, fuse)
    assert fuse.names == EFFECTS


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(len(EFFECTS)))
def test_cut_at_any_effect_it_is_not_widened_again_and_can_go_on(setting: Setting, at: int, when: When) -> None:
    set_up(setting)
    whole = in_force(setting)
    with pytest.raises(Cut):
        shrunk(setting, Fuse(at, when))
    if in_force(setting) != whole:
        assert events(setting) == ["shrunk"], "what was shrunk is remembered"
    set_up(setting)
    assert (in_force(setting) != whole) is (events(setting) == ["shrunk"])
    shrunk(setting)
    assert in_force(setting) != whole
    assert events(setting) == ["shrunk"]
