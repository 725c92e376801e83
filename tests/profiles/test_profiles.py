"""Every profile's own policies: sound, within the quota, tied down; and the resources that a spec gives."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from kinds.setting import ACCOUNT, PARTITIONS, document

from narrowgate.adapters.action_data import action_list
from narrowgate.fit import MANAGED_POLICY_QUOTA, Names, check
from narrowgate.identities import KEY, Documents, Places, identities, installation_of
from narrowgate.kinds import kinds
from narrowgate.plan import chain, plan
from narrowgate.policy import Document, parse_arn, size
from narrowgate.profiles import Profile, profiles
from narrowgate.resource import INSTALLATION, Installation, tags_in
from narrowgate.spec import Spec
from narrowgate.verbs.past import forms_of
from narrowgate.workload import default_documents

LONG_ROLE = "R" * 64
UNSCOPABLE = {"DeleteSubnetCidrReservation"}
READS = ("Describe", "Get", "List")
in_each = pytest.mark.parametrize("partition", PARTITIONS)
for_each = pytest.mark.parametrize("profile", profiles().values(), ids=lambda p: p.name)


def longest(profile: Profile, partition: str) -> tuple[Spec, Installation]:
    """A spec with everything as long as it may be, but for tags, of which there can be too many."""
    regions = {"aws": "ap-southeast-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
    names = {part: dict(defaults) for part, defaults in profile.defaults.items()}
    names["node"] |= {"role": LONG_ROLE, "instance_profile": "P" * 128}
    given = Spec.model_validate(
        {
            "profile": profile.name,
            "system": "a" * 12,
            "region": regions[partition],
            "path": f"/{'p' * 510}/",
            **names,
        }
    )
    return given, installation_of(given, ACCOUNT)


@cache
def both(name: str, partition: str) -> tuple[Document, Document]:
    given, at = longest(profiles()[name], partition)
    found = default_documents(given, at, action_list())
    assert isinstance(found, Documents), found
    return found.installer, found.node


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@in_each
@for_each
def test_the_policies_are_sound_and_fit_their_own_names(profile: Profile, partition: str) -> None:
    _, at = longest(profile, partition)
    role = at.arn("role", LONG_ROLE)
    for found in both(profile.name, partition):
        assert size(found.text()) <= MANAGED_POLICY_QUOTA
        assert check(found, at, Names({}, (role,), role)) is found


@in_each
@for_each
def test_nothing_changes_everything_without_a_condition(profile: Profile, partition: str) -> None:
    for found in both(profile.name, partition):
        for statement in found.statements:
            assert statement.effect == "Allow"
            assert statement.resources is not None
            assert not statement.actions.negated
            assert not statement.resources.negated
            if any(r.value == "*" for r in statement.resources.items):
                assert statement.conditions, statement.sid
                names = [a.value.partition(":")[2] for a in statement.actions.items]
                changes = {n for n in names if not n.startswith(READS)}
                assert changes <= UNSCOPABLE, "only reads may be on everything, and what AWS cannot scope"


@in_each
@for_each
def test_no_action_is_a_whole_service(profile: Profile, partition: str) -> None:
    actions = [a.value for found in both(profile.name, partition) for s in found.statements for a in s.actions.items]
    assert all(":" in a and not a.endswith(":*") for a in actions)
    assert [a for a in actions if "*" in a and not a.partition(":")[2].startswith(READS)] == []


@in_each
@for_each
def test_exactly_one_role_can_be_passed_to_exactly_one_service(profile: Profile, partition: str) -> None:
    _, at = longest(profile, partition)
    installer, node = both(profile.name, partition)
    assert node.allowing("iam:PassRole") == ()
    ((_, statement),) = installer.allowing("iam:PassRole")
    assert statement.resources is not None
    assert [r.value for r in statement.resources.items] == [at.arn("role", LONG_ROLE)]
    (condition,) = statement.conditions
    assert (condition.operator, condition.key) == ("StringEquals", "iam:PassedToService")
    assert [v.value for v in condition.values] == [f"ec2.{at.service_suffix}"]


@in_each
@for_each
def test_every_arn_is_of_the_partition_and_of_the_account_or_nobodys(profile: Profile, partition: str) -> None:
    _, at = longest(profile, partition)
    for found in both(profile.name, partition):
        for use in found.resources():
            if use.resource == "*":
                continue
            arn = parse_arn(use.resource)
            assert arn is not None
            assert arn.partition == partition
            assert arn.account in ((ACCOUNT, "") if ":image/" in use.resource else (ACCOUNT,))
            assert arn.region in (("",) if arn.service == "iam" else (at.region,))


@for_each
def test_the_identity_of_the_installer_cannot_change_iam(profile: Profile) -> None:
    installer, node = both(profile.name, "aws")
    for action in (
        "CreateAccessKey",
        "AttachUserPolicy",
        "PutUserPolicy",
        "CreatePolicyVersion",
        "AttachRolePolicy",
        "PutRolePolicy",
        "UpdateAssumeRolePolicy",
    ):
        assert installer.allowing(f"iam:{action}") == node.allowing(f"iam:{action}") == ()


@for_each
def test_tags_are_set_at_creation_only(profile: Profile) -> None:
    """Who could tag a stranger's thing could bring it within reach of the grants by tag."""
    installer, node = both(profile.name, "aws")
    assert node.allowing("ec2:CreateTags") == ()
    for _, statement in installer.allowing("ec2:CreateTags"):
        assert "ec2:createaction" in {c.key.lower() for c in statement.conditions}
    assert installer.allowing("ec2:DeleteTags") == ()


@for_each
def test_the_evidence_is_a_read_that_the_installer_may_make(profile: Profile) -> None:
    installer, _ = both(profile.name, "aws")
    assert profile.evidence.reads_only
    assert installer.allowing(profile.evidence.name)


def spec(**more: object) -> Spec:
    names = profiles()["iguazio"].defaults
    return Spec.model_validate(
        {"system": "abc", "region": "us-east-1", **{k: dict(v) for k, v in names.items()}, **more}
    )


def wanted(given: Spec, beside: frozenset[str] = frozenset()) -> dict[str, Any]:
    at = installation_of(given, ACCOUNT)
    places = Places(tuple(c.sink for c in given.credentials), beside=beside)
    return {
        r.address: r
        for r in identities(given, at, Documents(document(), document()), places, forms_of((given,), ACCOUNT))
    }


OF_IDENTITIES = ("iam_", "secretsmanager_", "ssm_")
CREDENTIALS = [
    {"sink": "csv"},
    {"sink": "secretsmanager", "name": "s"},
    {"sink": "ssm", "name": "/p", "key_id": "alias/k"},
]


def test_the_guide_gives_every_kind_and_the_key_waits_for_its_places() -> None:
    found = wanted(spec(credentials=CREDENTIALS))
    assert {r.kind for r in found.values()} == {kind.name for kind in kinds() if kind.name.startswith(OF_IDENTITIES)}
    assert found[KEY].needs == ("iam_user.installer", "secretsmanager_secret.key2", "ssm_parameter.key3")
    assert all(need in found for r in found.values() for need in r.needs)
    assert all(r.parent in (*found, "") for r in found.values())
    assert len({r.identity for r in found.values()}) == len(found)


def test_independent_things_do_not_wait_for_one_another() -> None:
    """User and policies at once; the key waits for the user, then the sink for the key: three in a row."""
    made = plan(tuple(wanted(spec()).values()), {}, "abc")
    assert chain(made.steps) == 3
    assert sum(1 for s in made.steps if not s.needs) == 5


@pytest.mark.parametrize("region", PARTITIONS.values())
def test_the_options_of_the_spec_reach_everything(region: str) -> None:
    given = spec(
        region=region,
        path="/t/",
        name_prefix="x-",
        tags={"Team": "y"},
        permissions_boundary="B",
        credentials=CREDENTIALS,
    )
    support = {kind.name: kind.options for kind in kinds()}
    for resource in wanted(given).values():
        params = resource.create[0].call.params
        options = support[resource.kind]
        assert params.get("Path") == ("/t/" if "path" in options else None)
        boundary = f"arn:{given.partition}:iam::{ACCOUNT}:policy/B" if "permissions_boundary" in options else None
        assert params.get("PermissionsBoundary") == boundary
        if "name_prefix" in options:
            assert resource.name.startswith("x-")
        if "tags" in options:
            tags = tags_in(params)
            assert (tags["Team"], tags[INSTALLATION]) == ("y", "abc")


def test_a_boundary_by_name_is_of_the_account_and_partition() -> None:
    assert installation_of(spec(permissions_boundary="/t/B"), ACCOUNT).boundary == f"arn:aws:iam::{ACCOUNT}:policy/t/B"
    arn = "arn:aws:iam::aws:policy/PowerUserAccess"
    assert installation_of(spec(permissions_boundary=arn), ACCOUNT).boundary == arn
    assert installation_of(spec(), ACCOUNT).boundary is None


def test_profiles_find_themselves() -> None:
    assert list(profiles()) == sorted(profiles())
    assert all(name == profile.name for name, profile in profiles().items())
