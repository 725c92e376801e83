"""What holds for every platform: the rules are the guide's table, every id is there when it is asked for, removal is
the reverse of making."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from support.platform import NEW, PLATFORM, cluster, given, other

from narrowgate.adapters.action_data import action_list
from narrowgate.calls import Fields, Ref, refs
from narrowgate.catalogue.facts import Place
from narrowgate.derive.evidence import Origin, evidence_of
from narrowgate.happening import Happening
from narrowgate.identities import installation_of
from narrowgate.infrastructure import infrastructure, rules
from narrowgate.kinds import kinds
from narrowgate.kinds.security_rule import permissions_of, rules_in
from narrowgate.plan import Plan, Step, in_order, plan, removal
from narrowgate.platform import Existing, New, Platform
from narrowgate.policy import Document, Layers, Requester
from narrowgate.profiles import Existing as There
from narrowgate.profiles import Ground, Variant, profiles
from narrowgate.prove.sufficiency import Sufficient, sufficient
from narrowgate.resource import ADDRESS, INSTALLATION, Installation, Observed, Resource, tags_in
from narrowgate.spec import Spec
from narrowgate.workload import installer_document, installer_happenings, own_of

SPEC: Final = Spec.model_validate(
    {
        "system": "demo",
        "region": "eu-west-1",
        "tags": {"Team": "x"},
        **{part: dict(names) for part, names in profiles()["iguazio"].defaults.items()},
    }
)
AT: Final = installation_of(SPEC, "123456789012")
GIVEN: Final = given(AT.arn("instance-profile", SPEC.instance_profile_name))
WHITELISTS: Final = ((), ("198.51.100.0/24",), ("198.51.100.0/24", "192.0.2.0/24"))
EXISTING: Final = Existing(vpc="vpc-0aaaaaaaaaaaaaaaa", subnet="subnet-0aaaaaaaaaaaaaaaa", cidr="10.0.0.0/16")

clusters = st.builds(cluster, st.integers(1, 4), st.sampled_from(["i3.2xlarge", "m5.4xlarge"]))
platforms = st.builds(
    other,
    network=st.sampled_from([NEW, EXISTING]),
    availability_zone=st.sampled_from([None, "eu-west-1a"]),
    data=clusters,
    application=clusters,
    public_ips=st.booleans(),
    whitelist=st.sampled_from(WHITELISTS),
    support_access=st.booleans(),
    placement_group=st.booleans(),
    metadata_hop_limit=st.integers(1, 2),
    termination_protection=st.booleans(),
)


# The guide's table, row by row: source, ports. None: all ports of all protocols.
Row = tuple[str, tuple[int, int] | None]


def table(platform: Platform, cluster: str, others: frozenset[str], *, ssh: bool) -> Iterator[Row]:
    reached = {
        "data": ((80, 80), (443, 443)),
        "application": ((80, 80), (443, 443), (6443, 6443), (8081, 8081), (8443, 8443), (30000, 32000)),
    }
    yield from itertools.product(platform.whitelist, reached[cluster])
    if platform.support_access and platform.public_ips:
        yield "192.0.2.1/32", None
    if ssh:
        yield platform.installer_cidr, (22, 22)
    if platform.public_ips:
        yield from ((f"{address}/32", None) for address in others)
    yield platform.network.cidr, None


@for_all(platforms, st.sampled_from(["data", "application"]), st.booleans(), st.sampled_from([0, 1, 3]))
@settings(max_examples=300)
def test_the_open_ports_are_the_table(platform: Platform, cluster: str, ssh: bool, count: int) -> None:
    others = frozenset(f"203.0.113.{number + 10}" for number in range(count))
    made = rules(platform, cluster, others, support=GIVEN.support, ssh=ssh)
    assert {(r.source, None if r.protocol == "-1" else (r.first, r.last)) for r in made} == set(
        table(platform, cluster, others, ssh=ssh)
    )
    assert {r.protocol for r in made} <= {"tcp", "-1"}
    assert frozenset(rules_in(permissions_of(made))) == made


def seen_of(resource: Resource) -> Fields:
    """A thing of ours as it might be read: in good order or not at all as wanted."""
    tags = {INSTALLATION: AT.system, ADDRESS: resource.address}
    ids = dict.fromkeys(IDS.get(resource.kind, ()), f"{resource.kind}-1")
    more = MORE.get(resource.kind, {})
    return Fields({**more, **ids, "Tags": Fields(tags)})


IDS: Final = {
    "vpc": ("VpcId",),
    "internet_gateway": ("InternetGatewayId",),
    "route_table": ("RouteTableId",),
    "subnet": ("SubnetId",),
    "security_group": ("GroupId",),
    "subnet_cidr_reservation": ("SubnetCidrReservationId",),
    "launch_template": ("LaunchTemplateId",),
    "elastic_ip": ("AllocationId", "AssociationId"),
}
MORE: Final[dict[str, dict[str, object]]] = {
    "vpc": {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": True, "EnableDnsHostnames": False},
    "internet_gateway": {"Attached": ("vpc-9",), "Vpcs": ("vpc-9",)},
    "route_table": {"Out": ""},
    "subnet": {"CidrBlock": "10.0.0.0/24", "AvailabilityZone": "eu-west-1a", "Public": False, "Table": None},
    "subnet_cidr_reservation": {"Cidr": "10.0.0.200/32"},
    "security_group": {"IpPermissions": ({"IpProtocol": "-1", "IpRanges": ({"CidrIp": "0.0.0.0/0"},)},)},
    "placement_group": {"GroupName": "demo", "Strategy": "cluster"},
    "key_pair": {"PublicKey": "ssh-rsa other"},
    "launch_template": {"Current": False, "Differs": ("ImageId",)},
    "auto_scaling_group": {
        "Size": (0, 0, 0),
        "Protects": False,
        "Template": "lt-9",
        "Version": "1",
        "Subnet": "subnet-9",
        "Coming": "LaunchTemplateVersion.VersionNumber",
        "Instances": ({"Id": "i-1", "Protected": True}, {"Id": "i-2", "Protected": False}),
    },
}
# Where a reply of the step tells what a Ref names: the member, and the operation.
GIVES: Final = {
    "VpcId": "CreateVpc",
    "InternetGatewayId": "CreateInternetGateway",
    "RouteTableId": "CreateRouteTable",
    "SubnetId": "CreateSubnet",
    "GroupId": "CreateSecurityGroup",
    "LaunchTemplateId": "CreateLaunchTemplate",
    "LaunchTemplate.LatestVersionNumber": "CreateLaunchTemplate",
    "LaunchTemplateVersion.VersionNumber": "CreateLaunchTemplateVersion",
}


def before(steps: tuple[Step, ...], at: int) -> frozenset[int]:
    """Every step that a step waits for."""
    return frozenset(need for direct in steps[at].needs for need in (direct, *before(steps, direct)))


@for_all(platforms, st.data())
@settings(max_examples=100, deadline=None)
def test_every_id_that_a_step_names_is_there_or_given_by_a_step_it_waits_for(
    platform: Platform, data: st.DataObject
) -> None:
    """Whatever is there already of the platform."""
    resources = infrastructure(platform, AT, GIVEN)
    there = data.draw(st.sets(st.sampled_from([r.address for r in resources])))
    seen: dict[str, Observed] = {r.address: seen_of(r) if r.address in there else None for r in resources}
    # A group that is seen without its template waits for the first version of a new one.
    for which in ("data", "application"):
        group = seen[f"auto_scaling_group.{which}"]
        if group is not None and seen[f"launch_template.{which}"] is None:
            seen[f"auto_scaling_group.{which}"] = Fields(group, Coming="LaunchTemplate.LatestVersionNumber")
    made = plan(resources, seen, AT.system)
    assert made.refusals == ()
    for at, step in enumerate(made.steps):
        for ref in refs(step.call.params):
            if rare(step, ref.attribute, seen):
                continue
            giving = [n for n in before(made.steps, at) if made.steps[n].address == ref.address]
            assert GIVES[ref.attribute] in {made.steps[n].call.operation for n in giving}, (step.call.name, ref)


def rare(step: Step, attribute: str, seen: dict[str, Observed]) -> bool:
    """A new group beside a template whose version is not as wanted: it fails, and the next run makes it."""
    template = step.address.replace("auto_scaling_group", "launch_template")
    new = step.call.operation == "CreateAutoScalingGroup" and attribute == "LaunchTemplate.LatestVersionNumber"
    return new and seen[template] is not None


@for_all(platforms)
@settings(max_examples=100, deadline=None)
def test_removal_is_the_reverse_and_leaves_nothing_out(platform: Platform) -> None:
    resources = infrastructure(platform, AT, GIVEN)
    steps = removal(resources, {r.address: seen_of(r) for r in resources}, AT.system)
    last = {step.address: at for at, step in enumerate(steps.steps)}
    first: dict[str, int] = {}
    for at, step in enumerate(steps.steps):
        first.setdefault(step.address, at)
    assert set(last) == {r.address for r in resources}
    for resource in resources:
        for need in resource.needs:
            assert last[resource.address] in before(steps.steps, first[need]), (resource.address, need)
    assert refs_of(steps) == frozenset()
    assert [r.address for r in in_order(resources)] == list(dict.fromkeys(s.address for s in steps.steps))[::-1]


def refs_of(steps: Plan) -> frozenset[object]:
    return frozenset(ref for step in steps.steps for ref in refs(step.call.params))


@for_all(platforms)
@settings(max_examples=50, deadline=None)
def test_everything_is_the_installers_and_made_with_its_tags(platform: Platform) -> None:
    resources = infrastructure(platform, AT, GIVEN)
    assert {r.principal for r in resources} == {"installer"}
    assert {s.principal for s in plan(resources, {}, AT.system).steps} == {"installer"}
    for resource in resources:
        params = resource.create[0].call.params
        given_ = params.items_of("TagSpecifications")
        assert tags_in(given_[0] if given_ else params) == AT.tags_of(resource.address)
    assert len({r.identity for r in resources}) == len(resources)


@for_all(platforms)
@settings(max_examples=50, deadline=None)
def test_every_node_is_started_with_imdsv2_an_encrypted_disk_and_our_tags(platform: Platform) -> None:
    resources = infrastructure(platform, AT, GIVEN)
    templates = [r.create[0].call.params.group("LaunchTemplateData") for r in resources if r.kind == "launch_template"]
    assert len(templates) == 2
    for each in templates:
        metadata = each.group("MetadataOptions")
        assert metadata == Fields(HttpTokens="required", HttpPutResponseHopLimit=platform.metadata_hop_limit)
        assert all(d.group("Ebs")["Encrypted"] is True for d in each.items_of("BlockDeviceMappings"))
        assert each.group("IamInstanceProfile")["Arn"] == GIVEN.instance_profile
        assert {s.text("ResourceType") for s in each.items_of("TagSpecifications")} == {
            "instance",
            "volume",
            "network-interface",
        }
        assert all(tags_in(s)[INSTALLATION] == "demo" for s in each.items_of("TagSpecifications"))
        assert ("DisableApiTermination" in each) is platform.termination_protection
    groups = [r.create[0].call.params for r in resources if r.kind == "auto_scaling_group"]
    assert not any(g.group("LaunchTemplate")["Version"] in ("$Latest", "$Default", None) for g in groups)


@for_all(platforms)
@settings(max_examples=50, deadline=None)
def test_every_call_is_one_that_the_policy_is_derived_from(platform: Platform) -> None:
    there = There(EXISTING.vpc, EXISTING.subnet, EXISTING.cidr) if platform.network == EXISTING else None
    known = {each.call.name for each in installer_happenings(SPEC, AT, Variant(network=there))}
    resources = infrastructure(platform, AT, GIVEN)
    seen: dict[str, Observed] = {r.address: seen_of(r) for r in resources}
    plans = (plan(resources, {}, AT.system), plan(resources, seen, AT.system), removal(resources, seen, AT.system))
    assert {step.call.name for steps in plans for step in steps.steps} <= known


def test_every_kind_but_the_identities_is_used() -> None:
    resources = infrastructure(other(public_ips=True, placement_group=True), AT, GIVEN)
    others = {kind.name for kind in kinds() if not kind.name.startswith(("iam_", "ssm_", "secretsmanager_"))}
    assert {r.kind for r in resources} == others


@pytest.mark.parametrize("cluster", ["data", "application"])
def test_only_data_nodes_are_kept_from_replacement(cluster: str) -> None:
    resources = {r.address: r for r in infrastructure(PLATFORM, AT, GIVEN)}
    made = resources[f"auto_scaling_group.{cluster}"].create
    held = [d.call.params.texts("ScalingProcesses") for d in made if d.call.operation == "SuspendProcesses"]
    assert held == ([("AZRebalance", "ReplaceUnhealthy")] if cluster == "data" else [])
    assert made[0].call.params["NewInstancesProtectedFromScaleIn"] is (cluster == "data")


def test_an_installation_is_one_of_many(at: Installation = AT) -> None:
    """Nothing that it reads is another's, but for its groups, which are read by name."""
    for resource in infrastructure(other(public_ips=True, placement_group=True), at, GIVEN):
        question = next(resource.read(False))
        asked = question if isinstance(question, tuple) else (question,)
        for call in asked:
            filters = call.params.items_of("Filters")
            ours = [f for f in filters if f["Name"] == f"tag:{INSTALLATION}" and f["Values"] == ("demo",)]
            assert ours or call.params.texts("AutoScalingGroupNames") == ("demo-data", "demo-application")


@pytest.mark.slow
@pytest.mark.parametrize("network", [NEW, EXISTING], ids=["new", "existing"])
def test_the_derived_policy_is_proved_enough_for_making_changing_and_removing(network: New | Existing) -> None:
    """In the model, before anything runs: ids that AWS will draw stand as Refs."""
    there = There(network.vpc, network.subnet, network.cidr) if isinstance(network, Existing) else None
    variant = Variant(network=there)
    platform = other(
        network=network, public_ips=True, placement_group=True, whitelist=WHITELISTS[2], support_access=True
    )
    resources = infrastructure(platform, AT, GIVEN)
    changed: dict[str, Observed] = {r.address: refs_for(r) for r in resources}
    steps = (
        *plan(resources, {}, AT.system).steps,
        *plan(resources, changed, AT.system).steps,
        *removal(resources, changed, AT.system).steps,
    )
    document = installer_document(SPEC, AT, action_list(), variant)
    assert isinstance(document, Document)
    found = sufficient(
        evidence_of(
            (Happening(s.call, AT.region, "installer", "install", address=s.address) for s in steps),
            Place(AT.partition, AT.account, AT.region),
            Origin("our plan"),
            actions=action_list(),
            facts=profiles()["iguazio"].known(Ground(SPEC, AT, variant)).get,
        ),
        Requester("AWS", AT.arn("user", SPEC.user_name)),
        Layers(identity=(document,)),
        action_list(),
        own=own_of(AT),
    )
    assert isinstance(found, Sufficient), "\n".join(map(str, getattr(found, "misses", ()) or getattr(found, "why", ())))


def refs_for(resource: Resource) -> Fields:
    """A thing of ours that is not as wanted, its ids and those of its nodes as Refs; associations are the law's."""
    there = seen_of(resource)
    ids = {member: Ref(resource.address, member) for member in IDS.get(resource.kind, ())}
    cluster = resource.address.partition(".")[2].rstrip("0123456789")
    nodes = tuple(Fields(each, Id=Ref(f"instance.{cluster}1", "InstanceId")) for each in there.items_of("Instances"))
    more: dict[str, object] = {}
    if nodes:
        template = Ref(f"launch_template.{cluster}", "LaunchTemplateId")
        subnet = resource.create[0].call.params["VPCZoneIdentifier"]
        more = {"Instances": nodes, "Template": template, "Subnet": subnet}
    if resource.kind == "internet_gateway":
        more = {"Attached": (Ref("vpc.main", "VpcId"),)}
    return Fields(there, **ids, **more)


def test_each_group_lets_in_the_public_addresses_of_the_other() -> None:
    resources = {r.address: r for r in infrastructure(other(public_ips=True), AT, GIVEN)}
    for one, another in (("data", "application"), ("application", "data")):
        script = resources[f"security_group.{one}"].read(False)
        next(script)
        tags = ({"Key": ADDRESS, "Value": f"security_group.{one}"},)
        groups = Fields(SecurityGroups=({"GroupId": "sg-1", "Tags": tags},))
        public = [(f"elastic_ip.{name}1", f"198.51.100.{at}") for at, name in enumerate((one, another))]
        told = Fields(Addresses=tuple({"PublicIp": ip, "Tags": ({"Key": ADDRESS, "Value": a},)} for a, ip in public))
        with pytest.raises(StopIteration) as end:
            script.send((groups, told))
        assert end.value.value["Public"] == ("198.51.100.1",)
