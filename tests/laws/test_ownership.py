"""Laws: what is not provably ours is neither changed nor deleted, unless the person says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.account import ENV_YAML, PARAMETER, SECRET, Setting, yes
from support.worlds import Counter

from narrowgate.calls import Fields
from narrowgate.errors import Refused
from narrowgate.resource import Resource
from narrowgate.verbs import planning
from narrowgate.verbs.setup import setup
from narrowgate.verbs.teardown import teardown

pytestmark = pytest.mark.slow

USER, ROLE = "Provazio", "IguazioDataScienceNode"
ANY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def make(setting: Setting, kind: str, owner: str | None) -> None:
    """Somebody's thing of the name that ours would have."""
    tags = [{"Key": "narrowgate:installation", "Value": owner}] if owner else []
    iam = setting.iam()
    if kind == "iam_user":
        iam.create_user(UserName=USER, Tags=tags)
    elif kind == "iam_role":
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST, Tags=tags)
    elif kind == "iam_policy":
        iam.create_policy(PolicyName="ManageIguazioSystems", PolicyDocument=ANY, Tags=tags)
    elif kind == "iam_instance_profile":
        iam.create_instance_profile(InstanceProfileName=ROLE, Tags=tags)
    elif kind == "secretsmanager_secret":
        setting.cloud.client("secretsmanager", setting.region).create_secret(
            Name=SECRET["name"], SecretString="theirs", Tags=tags
        )
    else:
        setting.cloud.client("ssm", setting.region).put_parameter(
            Name=PARAMETER["name"], Value="theirs", Type="SecureString", Tags=tags
        )


KINDS = ("iam_user", "iam_role", "iam_policy", "iam_instance_profile", "secretsmanager_secret", "ssm_parameter")


@pytest.mark.parametrize("kind", KINDS)
def test_a_thing_of_our_name_without_our_tag_is_refused_and_adopted_when_asked(setting: Setting, kind: str) -> None:
    setting.write(credentials=[SECRET, PARAMETER])
    make(setting, kind, None)
    before = setting.census()
    calls = Counter()
    with setting.site(calls) as site:
        with pytest.raises(Refused, match=r"exists without our tag.*--adopt"):
            setup(site, yes)
        assert teardown(site, yes).steps == 0
    assert calls.writes == [] and setting.census() == before
    with setting.site(adopt=True) as site:
        setup(site, yes)
        assert planning.make(site).plan.is_empty


@pytest.mark.parametrize("kind", KINDS)
def test_a_thing_of_another_installation_is_refused_whatever_is_asked(setting: Setting, kind: str) -> None:
    setting.write(credentials=[SECRET, PARAMETER])
    make(setting, kind, "other")
    before = setting.census()
    calls = Counter()
    for adopt in (False, True):
        with setting.site(calls, adopt=adopt) as site:
            with pytest.raises(Refused, match="belongs to the installation `other`"):
                setup(site, yes)
            assert teardown(site, yes, force=True).steps == 0
    assert calls.writes == [] and setting.census() == before


def test_the_laws_of_ownership_name_every_kind_that_carries_tags(setting: Setting) -> None:
    setting.write(credentials=[SECRET, PARAMETER])
    with setting.site() as site:
        tagged: list[Resource] = [r for r in site.resources if not r.parent]
    assert {r.kind for r in tagged} == set(KINDS)


def test_a_foreign_key_on_our_user_is_refused_until_it_is_kept_beside(setting: Setting) -> None:
    iam = setting.iam()
    iam.create_user(UserName=USER, Tags=[{"Key": "narrowgate:installation", "Value": "demo"}])
    foreign = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    before = setting.census()
    with setting.site() as site, pytest.raises(Refused, match=f"--beside {foreign}"):
        setup(site, yes)
    assert setting.census() == before
    with setting.site(beside=frozenset({foreign})) as site:
        setup(site, yes)
    listed = setting.keys()
    assert foreign in listed and len(listed) == 2
    held = setting.held()[0]
    assert held is not None and held[0] != foreign
    with setting.site() as site:
        assert planning.make(site).plan.is_empty


def test_two_foreign_keys_leave_no_room_and_none_is_deleted(setting: Setting) -> None:
    iam = setting.iam()
    iam.create_user(UserName=USER, Tags=[{"Key": "narrowgate:installation", "Value": "demo"}])
    keys = frozenset(iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"] for _ in range(2))
    for beside in (frozenset[str](), keys):
        with setting.site(beside=beside) as site, pytest.raises(Refused):
            setup(site, yes)
    assert frozenset(setting.keys()) == keys


def _login(iam: Any) -> None:
    iam.create_login_profile(UserName=USER, Password="Aa1!aaaaaaaa")


EXTRAS: dict[str, Callable[[Any], Any]] = {
    "access key": lambda i: i.create_access_key(UserName=USER),
    "console password": _login,
    "inline policy": lambda i: i.put_user_policy(UserName=USER, PolicyName="x", PolicyDocument=ANY),
    "inline policy of the role": lambda i: i.put_role_policy(RoleName=ROLE, PolicyName="x", PolicyDocument=ANY),
    "attached policy": lambda i: i.attach_user_policy(
        UserName=USER, PolicyArn=i.create_policy(PolicyName="theirs", PolicyDocument=ANY)["Policy"]["Arn"]
    ),
    "group": lambda i: (i.create_group(GroupName="admins"), i.add_user_to_group(GroupName="admins", UserName=USER)),
    "our policy on another user": lambda i: (
        i.create_user(UserName="Else"),
        i.attach_user_policy(UserName="Else", PolicyArn=i.list_policies(Scope="Local")["Policies"][0]["Arn"]),
    ),
    "our role in another profile": lambda i: (
        i.create_instance_profile(InstanceProfileName="theirs"),
        i.add_role_to_instance_profile(InstanceProfileName="theirs", RoleName=ROLE),
    ),
}
THEIRS = {"groups": ["admins"], "profiles": ["theirs"], "policies": ["theirs"], "users": ["Else"]}


@pytest.mark.parametrize("name", EXTRAS)
def test_teardown_is_refused_while_others_attached_something_until_forced(setting: Setting, name: str) -> None:
    with setting.site() as site:
        setup(site, yes)
    EXTRAS[name](setting.iam())
    before = setting.census()
    files = setting.held()
    calls = Counter()
    with setting.site(calls) as site, pytest.raises(Refused, match="others attached this"):
        teardown(site, yes)
    assert calls.writes == [] and setting.census() == before and setting.held() == files
    with setting.site() as site:
        assert teardown(site, yes, force=True).left == ()
    after = setting.census()
    assert after["roles"] == []
    for kind, names in THEIRS.items():
        assert [t if isinstance(t, str) else t["Arn"].rpartition("/")[2] for t in after[kind]] in ([], names)


def test_teardown_deletes_no_key_that_only_its_tag_makes_ours(setting: Setting) -> None:
    """Without the journal and the sink, a key on our user is somebody's: shown, not deleted."""
    setting.write(credentials=[ENV_YAML])
    with setting.site() as site:
        setup(site, yes)
    (setting.folder / ENV_YAML["path"]).unlink()
    (setting.folder / ".narrowgate" / "journal.jsonl").unlink()
    before = setting.census()
    with setting.site() as site, pytest.raises(Refused, match="access key"):
        teardown(site, yes)
    assert setting.census() == before


def test_what_was_seen_is_a_value(setting: Setting) -> None:
    with setting.site() as site:
        first, second = planning.make(site), planning.make(site)
        assert first.plan == second.plan and Fields(first.seen) == Fields(second.seen)
