"""Laws: what a hand changes is seen, what is ours to heal is healed; another spelling is no drift."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.account import CSV, Setting, yes

from narrowgate.errors import Refused
from narrowgate.verbs import planning
from narrowgate.verbs.setup import setup
from narrowgate.verbs.status import status

USER, ROLE = "Provazio", "IguazioDataScienceNode"
ANY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
WIDE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        ],
    }
)


def _arn(iam: Any, name: str = "ManageIguazioSystems") -> str:
    found: str = next(p["Arn"] for p in iam.list_policies(Scope="Local")["Policies"] if p["PolicyName"] == name)
    return found


def _five_versions(iam: Any) -> None:
    while len(iam.list_policy_versions(PolicyArn=_arn(iam))["Versions"]) < 5:
        iam.create_policy_version(PolicyArn=_arn(iam), PolicyDocument=ANY, SetAsDefault=True)


HEALED: dict[str, Callable[[Any], Any]] = {
    "policy detached from the user": lambda i: i.detach_user_policy(UserName=USER, PolicyArn=_arn(i)),
    "policy detached from the role": lambda i: i.detach_role_policy(
        RoleName=ROLE, PolicyArn=_arn(i, "AssignPrivateIPAddresses")
    ),
    "trust widened": lambda i: i.update_assume_role_policy(RoleName=ROLE, PolicyDocument=WIDE),
    "policy rewritten": lambda i: i.create_policy_version(PolicyArn=_arn(i), PolicyDocument=ANY, SetAsDefault=True),
    "policy rewritten up to five versions": _five_versions,
    "tag changed": lambda i: i.tag_user(UserName=USER, Tags=[{"Key": "team", "Value": "other"}]),
    "tag removed": lambda i: i.untag_role(RoleName=ROLE, TagKeys=["team"]),
    "policy tag removed": lambda i: i.untag_policy(PolicyArn=_arn(i), TagKeys=["team"]),
    "user boundary removed": lambda i: i.delete_user_permissions_boundary(UserName=USER),
    "role boundary removed": lambda i: i.delete_role_permissions_boundary(RoleName=ROLE),
    "role out of the profile": lambda i: i.remove_role_from_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE),
    "profile deleted": lambda i: (
        i.remove_role_from_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE),
        i.delete_instance_profile(InstanceProfileName=ROLE),
    ),
    "key deleted": lambda i: i.delete_access_key(
        UserName=USER, AccessKeyId=i.list_access_keys(UserName=USER)["AccessKeyMetadata"][0]["AccessKeyId"]
    ),
}
TOLD: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "console password": ("console_password", lambda i: i.create_login_profile(UserName=USER, Password="Aa1!aaaaaaaa")),
    "inline policy": (
        "foreign_permissions",
        lambda i: i.put_user_policy(UserName=USER, PolicyName="more", PolicyDocument=ANY),
    ),
    "inline policy of the role": (
        "foreign_permissions",
        lambda i: i.put_role_policy(RoleName=ROLE, PolicyName="more", PolicyDocument=ANY),
    ),
    "group": (
        "foreign_permissions",
        lambda i: (i.create_group(GroupName="admins"), i.add_user_to_group(GroupName="admins", UserName=USER)),
    ),
    "foreign key": ("access_keys", lambda i: i.create_access_key(UserName=USER)),
    "key switched off": (
        "access_keys",
        lambda i: i.update_access_key(
            UserName=USER,
            AccessKeyId=i.list_access_keys(UserName=USER)["AccessKeyMetadata"][0]["AccessKeyId"],
            Status="Inactive",
        ),
    ),
}


def _made(setting: Setting) -> None:
    setting.iam().create_policy(PolicyName="Edge", PolicyDocument=ANY)
    setting.write(tags={"team": "data"}, permissions_boundary="Edge")
    with setting.site() as site:
        setup(site, yes)


def _shape(setting: Setting) -> dict[str, Any]:
    census = setting.census()
    for policy in census["policies"]:
        policy.pop("Versions")
    for user in census["users"]:
        user["Keys"] = len(user["Keys"])
    return census


@pytest.mark.slow
def test_what_a_hand_changed_is_seen_and_healed(setting: Setting) -> None:
    _made(setting)
    before = _shape(setting)
    for name, by_hand in HEALED.items():
        by_hand(setting.iam())
        with setting.site() as site:
            planned = planning.make(site)
            assert not planned.plan.is_empty and not planned.plan.refusals, name
            assert any(i.state in ("differs", "missing") for i in status(site).items), name
            setup(site, yes)
        assert _shape(setting) == before, name
        with setting.site() as site:
            assert planning.make(site).plan.is_empty, name
    assert [p for p in setting.census()["policies"] if len(p["Versions"]) > 5] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", TOLD)
def test_what_is_not_ours_to_undo_is_told(setting: Setting, name: str) -> None:
    check, by_hand = TOLD[name]
    _made(setting)
    by_hand(setting.iam())
    before = setting.census()
    with setting.site() as site:
        planned = planning.make(site)
        assert check in {f.check for f in planning.drifted(site, planned)}
        assert setup(site, yes).steps == 0
    assert setting.census() == before


def test_a_sink_file_that_is_gone_is_filled_again_from_the_other_sink(setting: Setting) -> None:
    _made(setting)
    held = setting.csv()
    (setting.folder / CSV["path"]).unlink()
    setting.cloud.clock.sleep(60)
    with setting.site() as site:
        planned = planning.make(site)
        assert [s.call.name for s in planned.plan.steps] == ["sink:CopyKey"]
        setup(site, yes)
    assert setting.csv() == held == setting.yaml()


def test_the_only_sink_that_is_gone_is_told_and_no_key_is_made(setting: Setting) -> None:
    setting.write(credentials=[CSV])
    with setting.site() as site:
        setup(site, yes)
    keys = setting.keys()
    (setting.folder / CSV["path"]).unlink()
    setting.cloud.clock.sleep(60)
    with setting.site() as site:
        done = setup(site, yes)
        assert done.steps == 0 and [f.check for f in done.findings] == ["access_keys"]
    assert setting.keys() == keys


@pytest.mark.slow
def test_another_spelling_of_the_same_policy_is_no_drift(setting: Setting) -> None:
    _made(setting)
    iam = setting.iam()
    for name in ("ManageIguazioSystems", "AssignPrivateIPAddresses"):
        arn = _arn(iam, name)
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=_respelled(document), SetAsDefault=True)
    trust = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=_respelled(trust))
    with setting.site() as site:
        planned = planning.make(site)
        assert planned.plan.is_empty
        assert planning.drifted(site, planned) == ()


def _respelled(document: Any) -> str:
    """Other order, other whitespace, lists for single values and the reverse, actions in other case."""
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    changed = []
    for statement in reversed(statements):
        fields = dict(reversed(list(statement.items())))
        for key in ("Action", "Resource"):
            if key in fields:
                listed = fields[key] if isinstance(fields[key], list) else [fields[key]]
                fields[key] = [a.upper() if a.startswith("ec2:") else a for a in reversed(listed)]
        changed.append(fields)
    return json.dumps({"Statement": changed, "Version": document["Version"]}, indent=3)


def test_a_role_moved_to_another_path_is_refused_not_replaced(setting: Setting) -> None:
    with setting.site() as site:
        setup(site, yes)
    before = setting.census()
    setting.write(path="/elsewhere/")
    with setting.site() as site, pytest.raises(Refused, match="AWS cannot move a role"):
        setup(site, yes)
    assert setting.census() == before
