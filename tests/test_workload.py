"""The reference workload, and the default policies that are derived from it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from kinds.setting import ACCOUNT, PARTITIONS

from narrowgate.adapters.action_data import action_list
from narrowgate.calls import Fields, call, refs
from narrowgate.catalogue.authorization import TAGS, Requests, requests_of
from narrowgate.catalogue.facts import Attributes, Place
from narrowgate.derive.derivation import Derived, NotDerived, decided, derive
from narrowgate.derive.evidence import Evidence
from narrowgate.happening import PHASES
from narrowgate.identities import Documents, installation_of
from narrowgate.policy import Layers, evaluate, parse
from narrowgate.policy.actions import ActionList
from narrowgate.policy.document import Document
from narrowgate.policy.permission_surface import surface
from narrowgate.policy.request_context import Requester
from narrowgate.profiles import Existing, Ground, Profile, Variant, profiles
from narrowgate.resource import ADDRESS, INSTALLATION, Installation, tags_in
from narrowgate.spec import Spec
from narrowgate.workload import (
    NEW,
    default_documents,
    forbidden,
    installer_evidence,
    installer_happenings,
    node_evidence,
    node_happenings,
    own_of,
)

THERE = Existing("vpc-0123456789abcdef0", "subnet-0123456789abcdef0", "10.7.0.0/16")
VARIANTS = {
    "a new VPC": NEW,
    "an existing VPC": Variant(THERE),
    "instances, a new VPC": Variant(launch="instances"),
    "instances, an existing VPC": Variant(THERE, "instances"),
}
READS = ("Describe", "Get", "List")
# What AWS decides on `*` alone.
UNSCOPABLE = {"ec2:DeleteSubnetCidrReservation"}
in_each = pytest.mark.parametrize("partition", PARTITIONS)
of_each = pytest.mark.parametrize("variant", VARIANTS.values(), ids=list(VARIANTS))
for_each = pytest.mark.parametrize("profile", profiles().values(), ids=lambda p: p.name)


@cache
def known() -> ActionList:
    return action_list()


def spec(profile: str = "iguazio", partition: str = "aws", **more: object) -> Spec:
    names = {part: dict(defaults) for part, defaults in profiles()[profile].defaults.items()}
    given = {"profile": profile, "system": "demo", "region": PARTITIONS[partition], **names, **more}
    return Spec.model_validate(given)


def site(given: Spec) -> Installation:
    return installation_of(given, ACCOUNT)


def documents(given: Spec, variant: Variant = NEW) -> Documents:
    found = default_documents(given, site(given), known(), variant)
    assert isinstance(found, Documents), found
    return found


def statements(document: Document, action: str) -> list[dict[str, Any]]:
    found = json.loads(document.text())["Statement"]
    return [each for each in found if action in listed(each["Action"])]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def who(at: Installation, given: Spec, principal: str) -> Requester:
    if principal == "installer":
        return Requester("AWS", at.arn("user", given.user_name))
    session = f"arn:{at.partition}:sts::{at.account}:assumed-role/{given.role_name}/i-0123456789abcdef0"
    return Requester("AWS", session)


def outcomes(evidence: Evidence, document: Document, asking: Requester) -> list[tuple[str, str, str]]:
    """What is not allowed of the evidence: call, action, resource."""
    return [
        (use.name, asked.action, asked.resource)
        for use in evidence.uses
        for asked in decided(use)
        if evaluate(asked.asked_by(asking, {}), Layers(identity=(document,))).outcome != "allowed"
    ]


# The calls


@for_each
@of_each
def test_every_call_is_known_to_the_catalogue_and_has_a_phase(profile: Profile, variant: Variant) -> None:
    given = spec(profile.name)
    for evidence in (
        installer_evidence(given, site(given), known(), variant),
        node_evidence(given, site(given), known(), variant),
    ):
        assert evidence.left_out == ()
        assert set(evidence.phases) <= set(PHASES)
        assert "written down, not recorded" in evidence.whose


@for_each
@of_each
def test_an_id_is_used_only_after_the_call_that_makes_it(profile: Profile, variant: Variant) -> None:
    """Or it is told by `known`: nodes that a group launched, associations; or it is the person's to give."""
    given = spec(profile.name)
    made: set[str] = set()
    told = "".join(profile.known(Ground(given, site(given), variant)))
    for each in installer_happenings(given, site(given), variant):
        for ref in refs(each.call.params):
            assert ref.address in made or ref.address in told or ref.address in ("image.node", "key_pair.main"), ref
        made.add(each.address)


@of_each
def test_whatever_is_made_is_tagged_where_aws_can_tag(variant: Variant) -> None:
    given = spec(tags={"Team": "x"})
    for evidence in (installer_evidence(given, site(given), known(), variant),):
        for use in evidence.uses:
            for asked in use.authorizations:
                if asked.new and asked.action != "iam:CreateServiceLinkedRole":
                    assert asked.context[f"aws:RequestTag/{INSTALLATION}"] == "demo", (use.name, asked.resource)
                    assert asked.context["aws:RequestTag/Team"] == "x"
                    assert f"aws:RequestTag/{ADDRESS}" in asked.context


def test_the_tags_of_a_group_reach_its_nodes() -> None:
    given = spec()
    groups = [h for h in installer_happenings(given, site(given)) if h.call.operation == "CreateAutoScalingGroup"]
    assert [h.address for h in groups] == ["auto_scaling_group.data", "auto_scaling_group.application"]
    for each in groups:
        assert tags_in(each.call.params)[ADDRESS] == each.address
        assert all(tag["PropagateAtLaunch"] is True for tag in each.call.params.items_of("Tags"))


def test_every_mention_of_a_template_has_a_version_with_a_number() -> None:
    given = spec()
    for each in installer_happenings(given, site(given)):
        if template := each.call.params.group("LaunchTemplate"):
            assert template.text("Version").isdecimal(), each.call


def test_a_dry_run_makes_nothing() -> None:
    given = spec()
    dry = [h for h in installer_happenings(given, site(given)) if h.call.params.get("DryRun")]
    assert len(dry) == 2 and all(h.without_effect for h in dry)


def test_in_an_existing_vpc_no_network_is_made_or_deleted() -> None:
    given = spec()
    names = {h.call.operation for h in installer_happenings(given, site(given), Variant(THERE))}
    network = ("Vpc", "Subnet", "InternetGateway", "RouteTable")
    assert names.isdisjoint(f"{verb}{kind}" for verb in ("Create", "Delete", "Attach", "Detach") for kind in network)


# The policies


@in_each
@of_each
def test_the_policies_allow_every_call(partition: str, variant: Variant) -> None:
    given = spec(partition=partition, path="/team/")
    at, made = site(given), documents(given, variant)
    for evidence, document, principal in (
        (installer_evidence(given, at, known(), variant), made.installer, "installer"),
        (node_evidence(given, at, known(), variant), made.node, "node"),
    ):
        assert outcomes(evidence, document, who(at, given, principal)) == []


def test_the_policy_of_groups_suffices_for_an_installer_that_launches_itself() -> None:
    given = spec()
    evidence = installer_evidence(given, site(given), known(), Variant(launch="instances"))
    assert outcomes(evidence, documents(given).installer, who(site(given), given, "installer")) == []


@in_each
@of_each
@for_each
def test_nothing_forbidden_is_allowed(profile: Profile, variant: Variant, partition: str) -> None:
    given = spec(profile.name, partition)
    at, made = site(given), documents(given, variant)
    for document, principal in ((made.installer, "installer"), (made.node, "node")):
        allowed = [
            name
            for name, asked in forbidden(given, at, variant)
            if evaluate(asked.asked_by(who(at, given, principal), {}), Layers(identity=(document,))).outcome
            == "allowed"
        ]
        assert allowed == []


@for_each
def test_what_is_forbidden_is_known_well_enough_to_be_decided(profile: Profile) -> None:
    """A refusal for want of facts would be none: the tags of strangers' things are known."""
    given = spec(profile.name)
    found = forbidden(given, site(given))
    named = {name for name, _ in found}
    assert len(named) == len(profile.forbidden(Ground(given, site(given))))
    ec2 = [asked for _, asked in found if asked.action.startswith("ec2:") and not asked.new and asked.resource != "*"]
    assert len(ec2) > 30 and all(TAGS not in asked.unknown for asked in ec2)


def test_a_policy_without_the_tag_condition_is_caught_by_the_forbidden_calls() -> None:
    given = spec()
    at = site(given)
    text = documents(given).installer.text().replace(f"aws:ResourceTag/{INSTALLATION}", "aws:RequestedRegion")
    open_ = parsed(text.replace('"aws:RequestedRegion":"demo"', f'"aws:RequestedRegion":"{at.region}"'))
    asking = who(at, given, "installer")
    caught = {
        name
        for name, asked in forbidden(given, at)
        if evaluate(asked.asked_by(asking, {}), Layers(identity=(open_,))).outcome == "allowed"
    }
    assert "terminate another installation's instance" in caught
    assert "launch in an untagged subnet" in caught
    assert len(caught) > 25


def parsed(text: str) -> Document:
    found = parse(text, "identity")
    assert isinstance(found, Document)
    return found


@in_each
@of_each
def test_no_change_is_granted_without_a_resource_or_a_tag(partition: str, variant: Variant) -> None:
    made = documents(spec(partition=partition), variant)
    for document in (made.installer, made.node):
        assert surface([document], known()).scopable == ()
        everything = [s for s in json.loads(document.text())["Statement"] if "*" in listed(s["Resource"])]
        assert {
            action
            for each in everything
            for action in listed(each["Action"])
            if not action.partition(":")[2].startswith(READS)
        } <= UNSCOPABLE


@of_each
def test_every_wide_grant_says_why(variant: Variant) -> None:
    given = spec()
    made = derive(installer_evidence(given, site(given), known(), variant), known(), own=own_of(site(given)))
    assert isinstance(made, Derived)
    wide = {(g.scope.action, g.scope.wide) for g in made.grants if g.scope.wide and not reads(g.scope.action)}
    assert wide == {
        ("ec2:RunInstances", "what the image is tagged with is not known"),
        ("ec2:DeleteSubnetCidrReservation", "AWS decides this on `*` only"),
    }


def reads(action: str) -> bool:
    return action.partition(":")[2].startswith(READS)


def test_the_policy_is_written_shorter_only_on_things_with_our_tag() -> None:
    for document in (documents(spec()).installer, documents(spec(), Variant(THERE)).installer):
        for each in json.loads(document.text())["Statement"]:
            if any(resource.endswith(":*/*") for resource in listed(each["Resource"])):
                keys = each["Condition"]["StringEquals"]
                assert {f"aws:ResourceTag/{INSTALLATION}", f"aws:RequestTag/{INSTALLATION}"} & set(keys)


def test_a_policy_that_no_room_is_left_for_is_told() -> None:
    given = spec(tags={f"{'k' * 120}{n}": "v" for n in range(48)})
    found = default_documents(given, site(given), known())
    assert isinstance(found, NotDerived)
    assert "fewer or shorter tags" in found.why[0]


@pytest.mark.parametrize("tags", [{}, {INSTALLATION: "other"}], ids=["untagged", "another's"])
def test_our_names_on_things_of_others_are_out_of_reach(tags: dict[str, str]) -> None:
    """A stranger may have a key pair or a group of nodes with the very names that we would give."""
    given = spec()
    at, installer = site(given), documents(given).installer
    place = Place(at.partition, at.account, at.region)
    named = {
        place.arn("ec2", "key-pair/demo"): Attributes(tags=tags),
        place.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/demo-data"): Attributes(tags=tags),
    }
    for asked in (
        call("ec2", "DeleteKeyPair", KeyName="demo"),
        call("autoscaling", "DeleteAutoScalingGroup", AutoScalingGroupName="demo-data"),
        call("autoscaling", "SuspendProcesses", AutoScalingGroupName="demo-data"),
    ):
        found = requests_of(asked, place, named.get, known())
        assert isinstance(found, Requests)
        for one in found.authorizations:
            decision = evaluate(one.asked_by(who(at, given, "installer"), {}), Layers(identity=(installer,)))
            assert decision.outcome == "implicitDeny", one.resource


def test_the_same_calls_give_the_same_policies() -> None:
    given = spec()
    assert documents(given).installer.text() == documents(given).installer.text()


def test_a_call_more_widens_the_policy() -> None:
    """The policies come from the calls: what is not called is not granted."""
    given, at = spec(), site(spec())
    evidence = installer_evidence(given, at, known())
    kept = tuple(use for use in evidence.uses if use.name != "ec2:TerminateInstances")
    made = derive(replace(evidence, uses=kept), known(), own=own_of(at))
    assert isinstance(made, Derived)
    (document,) = made.documents
    assert statements(documents(given).installer, "ec2:TerminateInstances")
    assert statements(document, "ec2:TerminateInstances") == []


def test_a_node_may_do_four_things() -> None:
    given = spec()
    actions = [a for s in json.loads(documents(given).node.text())["Statement"] for a in listed(s["Action"])]
    assert sorted(actions) == sorted(h.call.name for h in node_happenings(given, site(given)))
    assert all(isinstance(h.call.params, Fields) for h in node_happenings(given, site(given)))
