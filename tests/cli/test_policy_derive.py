"""`narrowgate policy derive` at a shell, from a plan of ours and from CloudTrail events."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.person import ACCOUNT, Person

pytestmark = pytest.mark.slow
EVENTS = Path(__file__).parents[1] / "cases" / "cloudtrail" / "installer.json"


def test_a_plan_of_ours_gives_the_policy_for_its_writes(alone: Person) -> None:
    alone.write(region="eu-west-1", account=ACCOUNT)
    assert alone.narrowgate("plan", "--sandbox", "-o", "plan.json").code == 0
    done = alone.narrowgate("policy", "derive", "--plan", "plan.json", "--json")
    assert done.code == 0, done.err
    statements = [each for policy in done.value["policies"] for each in policy["document"]["Statement"]]
    listed = [each["Action"] for each in statements]
    named = {action for each in listed for action in ([each] if isinstance(each, str) else each)}
    assert {"iam:CreateUser", "iam:TagUser", "iam:PassRole", "iam:CreateAccessKey"} <= named
    assert not any(":Get" in action or ":List" in action for action in named)
    assert any("reads" in each for each in done.value["blind"])
    (alone.folder / "plan.json").write_text("[]")
    done = alone.narrowgate("policy", "derive", "--plan", "plan.json")
    assert done.code == 2 and "narrowgate plan -o FILE" in done.err


def test_cloudtrail_events_give_a_policy_with_its_reasons_and_blind_spots(alone: Person) -> None:
    (alone.folder / "events.json").write_bytes(EVENTS.read_bytes())
    done = alone.narrowgate("policy", "derive", "--cloudtrail", "events.json", "-o", "policy.json")
    assert done.code in (0, 10), done.err
    assert "autoscaling:CreateAutoScalingGroup" in done.out
    assert "passing a role has no event of its own" in done.out
    assert "iam:PassRole" in (alone.folder / "policy.json").read_text()
    assert alone.narrowgate("policy", "surface", "policy.json").code == 0
    done = alone.narrowgate("policy", "derive", "--cloudtrail", "nothing.json")
    assert done.code == 2 and "nothing.json" in done.err
