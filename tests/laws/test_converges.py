"""Laws: setup makes what the spec says, with every option, and nothing twice; teardown leaves no trace."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from support.account import CSV, ENV_YAML, PARAMETER, SECRET, Census, Cloud, Setting, yes
from support.worlds import Counter

from narrowgate.kinds import kinds
from narrowgate.policy import from_value
from narrowgate.verbs import planning
from narrowgate.verbs.setup import setup
from narrowgate.verbs.teardown import teardown

BOUNDARY = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
}
ALL_SINKS = (CSV, ENV_YAML, SECRET, PARAMETER)
OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"path": "/team/platform/"},
    "name_prefix": {"name_prefix": "ng-"},
    "tags": {"tags": {"cost center": "42", "owner": "ops@example.com"}},
    "permissions_boundary": {"permissions_boundary": "Edge"},
}


def test_setup_converges_and_teardown_leaves_no_trace(anywhere: Setting) -> None:
    _neighbours(anywhere)
    before = anywhere.census()
    anywhere.sinks = ALL_SINKS
    anywhere.write(credentials=list(ALL_SINKS))
    with anywhere.site() as site:
        done = setup(site, yes)
        assert done.findings == () and done.proof is not None and done.proof.permitted
        assert planning.make(site).plan.is_empty
    for held in anywhere.held():
        assert held is not None
        assert anywhere.cloud.caller(anywhere.region, held).endswith(":user/Provazio")
    calls = Counter()
    with anywhere.site(calls) as site:
        assert setup(site, yes).steps == 0
    assert calls.writes == []
    with anywhere.site() as site:
        assert teardown(site, yes).left == ()
    assert anywhere.census() == before
    assert anywhere.csv() is None and anywhere.yaml() is None


@pytest.mark.slow
@pytest.mark.parametrize("chosen", list(product((False, True), repeat=4)), ids=lambda c: "".join("ny"[x] for x in c))
def test_every_option_reaches_every_object_that_supports_it(cloud: Cloud, tmp_path: Path, chosen: Any) -> None:
    names = [name for name, on in zip(OPTIONS, chosen, strict=True) if on]
    _check_options(Setting(cloud, tmp_path, sinks=ALL_SINKS), names)


@pytest.mark.slow
def test_every_option_at_once_in_every_partition(anywhere: Setting) -> None:
    anywhere.write(credentials=list(ALL_SINKS))
    _check_options(anywhere, list(OPTIONS))


def _check_options(setting: Setting, names: list[str]) -> None:
    boundary = ""
    if "permissions_boundary" in names:
        boundary = setting.iam().create_policy(PolicyName="Edge", PolicyDocument=json.dumps(BOUNDARY))["Policy"]["Arn"]
    before = setting.census()
    setting.write(**{k: v for name in names for k, v in OPTIONS[name].items()})
    with setting.site() as site:
        setup(site, yes)
    made = _less(setting.census(), before)
    path = setting.spec.get("path", "/")
    prefix = setting.spec.get("name_prefix", "")
    _addresses_and_tags(setting, made)
    for kind in ("users", "roles", "policies", "profiles"):
        for thing in made[kind]:
            assert thing["Path"] == path, thing
            assert thing["Arn"].startswith(f"arn:{setting.partition}:iam::")
            assert thing["Arn"].rpartition("/")[2].startswith(prefix)
    for kind in ("users", "roles"):
        assert [t["Boundary"] for t in made[kind]] == [boundary]
    assert [s["Name"] for s in made["secrets"]] == [SECRET["name"]]
    suffix = ".cn" if setting.partition == "aws-cn" else ""
    (role,) = made["roles"]
    trusted = from_value(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": f"ec2.amazonaws.com{suffix}"},
                "Action": "sts:AssumeRole",
            },
        },
        "trust",
    )
    assert from_value(role["Trust"], "trust") == trusted
    (user,) = made["users"]
    assert [a.rpartition("/")[2] for a in user["Attached"]] == [f"{prefix}ManageIguazioSystems"]
    assert [a.rpartition("/")[2] for a in role["Attached"]] == [f"{prefix}AssignPrivateIPAddresses"]
    assert made["profiles"][0]["Roles"] == [f"{prefix}IguazioDataScienceNode"]
    with setting.site() as site:
        assert planning.make(site).plan.is_empty
        teardown(site, yes)
    assert setting.census() == before


def _addresses_and_tags(setting: Setting, made: Census) -> None:
    """Every thing that AWS can tag has the person's tags, our system and its own address; each kind exists."""
    addresses = set()
    for kind in ("users", "roles", "policies", "profiles", "secrets", "parameters"):
        for thing in made[kind]:
            tags = dict(thing["Tags"])
            assert tags.pop("narrowgate:installation") == "demo"
            addresses.add(tags.pop("narrowgate:address"))
            assert tags == setting.spec.get("tags", {})
    identities = (k for k in kinds() if k.name.startswith(("iam_", "secretsmanager_", "ssm_")))
    assert {a.partition(".")[0] for a in addresses} == {k.name for k in identities if "tags" in k.options}


def _less(now: Census, before: Census) -> Census:
    return {kind: [t for t in now[kind] if t not in before[kind]] for kind in now}


def _neighbours(setting: Setting) -> None:
    """Other people's things, as like ours as can be."""
    iam = setting.iam()
    document = json.dumps(BOUNDARY)
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    )
    tags = [{"Key": "narrowgate:installation", "Value": "demo2"}]
    iam.create_user(UserName="Provazio2", Tags=tags)
    iam.create_access_key(UserName="Provazio2")
    iam.create_role(RoleName="IguazioDataScienceNode2", AssumeRolePolicyDocument=trust)
    iam.create_instance_profile(InstanceProfileName="IguazioDataScienceNode2")
    iam.add_role_to_instance_profile(InstanceProfileName="IguazioDataScienceNode2", RoleName="IguazioDataScienceNode2")
    arn = iam.create_policy(PolicyName="ManageIguazioSystems2", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="Provazio2", PolicyArn=arn)
    setting.cloud.client("secretsmanager", setting.region).create_secret(Name="demo/installer2", SecretString="x")
    setting.cloud.client("ssm", setting.region).put_parameter(Name="/demo/installer2", Value="x", Type="SecureString")


@pytest.mark.slow
def test_a_spec_with_other_names_reports_the_leftovers_and_teardown_removes_both(setting: Setting) -> None:
    before = setting.census()
    with setting.site() as site:
        setup(site, yes)
    setting.write(name_prefix="new-", credentials=[{"sink": "csv", "path": "new.csv"}])
    with setting.site() as site:
        planned = planning.make(site)
        left = {f.subject for f in planned.findings if f.check == "leftover"}
        assert {"Provazio", "IguazioDataScienceNode", "ManageIguazioSystems", "AssignPrivateIPAddresses"} <= left
        assert {f.check for f in planning.drifted(site, planned)} == {"leftover"}
        setup(site, yes)
        assert planning.make(site).plan.is_empty
    assert sorted(u["Arn"].rpartition("/")[2] for u in setting.census()["users"]) == ["Provazio", "new-Provazio"]
    with setting.site() as site:
        done = teardown(site, yes)
        assert done.left == ()
    assert setting.census() == before
    assert setting.csv() is None and setting.yaml() is None


@pytest.mark.slow
def test_a_spec_moved_to_another_region_leaves_no_secret_behind(setting: Setting) -> None:
    setting.write(credentials=[SECRET])
    with setting.site() as site:
        setup(site, yes)
    setting.write(region="eu-central-1", credentials=[CSV])
    with setting.site() as site:
        assert teardown(site, yes).left == ()
    assert setting.census()["secrets"] == []


@pytest.mark.slow
def test_a_new_sink_gets_the_key_from_one_that_the_spec_no_longer_names(setting: Setting) -> None:
    setting.write(credentials=[CSV])
    with setting.site() as site:
        setup(site, yes)
    before = setting.census()
    setting.write(credentials=[ENV_YAML])
    with setting.site() as site:
        assert [s.call.operation for s in planning.make(site).plan.steps] == ["CopyKey"]
        setup(site, yes)
    assert setting.census() == before, "the key stays the same"
    assert setting.csv() == setting.yaml(), "the old file still holds it, until a teardown"
    with setting.site() as site:
        assert planning.make(site).plan.is_empty
        assert teardown(site, yes).left == ()
    assert setting.csv() is None and setting.yaml() is None
