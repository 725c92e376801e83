"""`narrowgate prove` at a shell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cli.person import ACCOUNT, Person

pytestmark = pytest.mark.slow


def claims(data: Any) -> dict[str, dict[str, str]]:
    """The outcome of each claim that was asked, by party."""
    return {
        each["party"]: {c["name"]: c["outcome"] for c in each["claims"] if c["outcome"] != "not asked"}
        for each in data["certificates"]
    }


@pytest.fixture
def alone(alone: Person) -> Person:
    alone.write(region="eu-west-1", account=ACCOUNT)
    return alone


def policy(person: Person, name: str, *statements: dict[str, Any]) -> str:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    (person.folder / name).write_text(json.dumps(document))
    return name


EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_the_default_spec_is_proved_and_enforced_without_an_account(alone: Person) -> None:
    done = alone.narrowgate("prove", "--enforce", "--json", "-o", "certificates.json")
    assert done.code == 0, done.out + done.err
    proved = {"sufficient": "proved", "enforced": "proved", "minimal": "proved"}
    assert claims(done.value) == {"admin": proved, "installer": proved, "node": proved}
    assert json.loads((alone.folder / "certificates.json").read_text()) == done.value
    for each in done.value["certificates"]:
        assert each["outcome"] == "proved" and each["standing"] == "in the model" and not each["left_out"]
        assert all(wide["why"] for wide in each["unscoped"])
    assert not (alone.folder / ".narrowgate").exists()


def test_a_person_reads_whose_calls_and_what_stays_wide(alone: Person) -> None:
    done = alone.narrowgate("prove", "--party", "installer")
    assert done.code == 0
    for words in (
        "proved, in the model: the reference installer",
        "not limited to its own",
        "ec2:RunInstances",
        "rests on",
    ):
        assert words in done.out


def test_limits_are_counted_and_a_miss_says_its_phase_layer_and_fix(alone: Person) -> None:
    scp = policy(alone, "scp.json", EVERYTHING, {"Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": "*"})
    done = alone.narrowgate("prove", "--party", "installer", "--phase", "teardown", "--scp", scp, "--json")
    assert done.code == 10 and claims(done.value) == {"installer": {"sufficient": "refuted"}}
    (detail,) = done.value["certificates"][0]["claims"][0]["details"]
    assert detail["phase"] == "teardown" and detail["layer"] == "scp" and "ec2:DeleteVpc" in detail["text"]
    narrow = policy(alone, "boundary.json", {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
    done = alone.narrowgate("prove", "--party", "installer", "--boundary", narrow)
    assert done.code == 10 and "in boundary" in done.out


def test_a_boundary_that_the_spec_names_and_nobody_gave_leaves_it_unknown(alone: Person) -> None:
    alone.write(region="eu-west-1", account=ACCOUNT, permissions_boundary="Edge")
    done = alone.narrowgate("prove", "--party", "node", "--json")
    assert done.code == 10 and claims(done.value)["node"]["sufficient"] == "unknown"
    given = policy(alone, "edge.json", EVERYTHING)
    assert alone.narrowgate("prove", "--party", "node", "--boundary", given).code == 0


def test_a_session_policy_limits_the_nodes(alone: Person) -> None:
    session = policy(alone, "session.json", {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"})
    done = alone.narrowgate("prove", "--party", "node", "--session", session, "--json")
    assert done.code == 10 and claims(done.value)["node"]["sufficient"] == "refuted"
    assert {each["layer"] for each in done.value["certificates"][0]["claims"][0]["details"]} == {"session"}


def test_a_ceiling_is_kept_or_a_request_shows_what_exceeds_it(alone: Person) -> None:
    high = policy(alone, "high.json", {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
    low = policy(alone, "low.json", {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"})
    done = alone.narrowgate("prove", "--party", "node", "--node-ceiling", high, "--json")
    assert done.code == 0 and claims(done.value)["node"]["contained"] == "proved"
    done = alone.narrowgate("prove", "--party", "node", "--node-ceiling", low)
    assert done.code == 10 and "PrivateIpAddresses" in done.out


def test_a_policy_of_a_vendor_is_told_what_it_lacks_and_what_is_spare(alone: Person) -> None:
    wide = {"Effect": "Allow", "Action": ["ec2:Describe*", "ec2:*PrivateIpAddresses"], "Resource": "*"}
    policy(alone, "vendor.json", wide)
    alone.write(region="eu-west-1", account=ACCOUNT, node={"policy_source": {"file": "vendor.json"}})
    done = alone.narrowgate("prove", "--party", "node", "--json")
    assert done.code == 10
    assert claims(done.value)["node"] == {"sufficient": "proved", "minimal": "refuted"}


def test_live_asks_the_simulator_and_tells_where_it_differs(alone: Person) -> None:
    assert alone.narrowgate("setup", "--sandbox", "--yes").code == 0
    done = alone.narrowgate("prove", "--live", "--sandbox", "--party", "installer", "--json")
    assert done.code == 0, done.out
    (certificate,) = done.value["certificates"]
    assert certificate["standing"] == "confirmed live"


def test_wrong_words_are_usage_errors(alone: Person) -> None:
    assert alone.narrowgate("prove", "--phase", "lunch").code == 2
    assert alone.narrowgate("prove", "--party", "guest").code == 2
    assert alone.narrowgate("prove", "--scp", "nothing.json").code == 2
    assert alone.narrowgate("prove", "-o", "no/such/folder").code == 2


def test_a_selection_without_calls_is_no_proof(alone: Person) -> None:
    done = alone.narrowgate("prove", "--phase", "failover", "--party", "installer")
    assert done.code == 2 and "nothing to prove" in done.err
    high = policy(alone, "high.json", EVERYTHING)
    assert alone.narrowgate("prove", "--party", "node", "--ceiling", high).code == 2


def test_an_scp_binds_the_administrator_too(alone: Person) -> None:
    scp = policy(alone, "scp.json", EVERYTHING, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"})
    done = alone.narrowgate("prove", "--party", "admin", "--scp", scp, "--json")
    assert done.code == 10 and claims(done.value)["admin"]["sufficient"] == "refuted"
