"""What the installer user and the node role may and may not do after a setup, shown by doing it.

The node's credentials are minted in moto's state, where an instance's metadata service would give them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from support.account import Setting, yes

from narrowgate.verbs.setup import setup

OURS = {"Key": "narrowgate:installation", "Value": "demo"}
THEIRS = {"Key": "narrowgate:installation", "Value": "other"}


def answer(call: Callable[..., Any], **params: Any) -> str:
    """`done`, or the code of AWS's error."""
    try:
        call(**params)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def tagged(kind: str, *tags: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": list(tags)}]


@contextmanager
def network(setting: Setting) -> Iterator[dict[str, str]]:
    """A VPC, a subnet and an interface with our tag, and an interface of somebody else's."""
    ec2 = setting.cloud.client("ec2", setting.region)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", OURS))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", TagSpecifications=tagged("subnet", OURS))
    subnet_id = subnet["Subnet"]["SubnetId"]
    made = {"vpc": vpc, "subnet": subnet_id}
    for name, tag in (("ours", OURS), ("theirs", THEIRS)):
        interface = ec2.create_network_interface(SubnetId=subnet_id, TagSpecifications=tagged("network-interface", tag))
        made[name] = interface["NetworkInterface"]["NetworkInterfaceId"]
    try:
        yield made
    finally:
        for name in ("ours", "theirs"):
            ec2.delete_network_interface(NetworkInterfaceId=made[name])
        ec2.delete_subnet(SubnetId=subnet_id)
        ec2.delete_vpc(VpcId=vpc)


@pytest.fixture
def installed(setting: Setting) -> Setting:
    with setting.site() as site:
        setup(site, yes)
    return setting


def test_the_installer_makes_what_it_tags_and_nothing_else(installed: Setting) -> None:
    key = installed.csv()
    assert key is not None
    ec2 = installed.cloud.client("ec2", installed.region, key)
    with network(installed) as made:
        in_vpc = {"VpcId": made["vpc"], "CidrBlock": "10.0.2.0/24", "DryRun": True}
        assert answer(ec2.describe_vpcs) == "done"
        assert answer(ec2.create_subnet, **in_vpc, TagSpecifications=tagged("subnet", OURS)) == "DryRunOperation"
        assert (
            answer(ec2.create_subnet, **in_vpc, TagSpecifications=tagged("subnet", THEIRS)) == "UnauthorizedOperation"
        )
        assert answer(ec2.create_subnet, **in_vpc) == "UnauthorizedOperation"
        # A tag on what exists already would bring a stranger's thing into reach.
        assert answer(ec2.create_tags, Resources=[made["theirs"]], Tags=[OURS]) == "UnauthorizedOperation"
    elsewhere = installed.cloud.client("ec2", "us-east-1", key)
    assert answer(elsewhere.describe_vpcs) == "UnauthorizedOperation"


def test_the_installer_cannot_rise(installed: Setting) -> None:
    key = installed.csv()
    assert key is not None
    iam = installed.cloud.client("iam", installed.region, key)
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert answer(iam.attach_user_policy, UserName="Provazio", PolicyArn=administrator) == "AccessDenied"
    assert answer(iam.create_access_key, UserName="Provazio") == "AccessDenied"
    assert answer(iam.create_access_key) == "AccessDenied"
    assert answer(iam.create_user, UserName="other") == "AccessDenied"
    assert answer(iam.get_user) == "AccessDenied"
    sts = installed.cloud.client("sts", installed.region, key)
    role = f"arn:aws:iam::{installed.cloud.embedded.account}:role/IguazioDataScienceNode"
    assert answer(sts.assume_role, RoleArn=role, RoleSessionName="session") == "AccessDenied"
    assert answer(sts.get_caller_identity) == "done"


def test_a_node_moves_the_shared_address_on_our_interfaces_only(installed: Setting) -> None:
    ec2 = node_client(installed, "ec2")
    with network(installed) as made:
        move = {"PrivateIpAddresses": ["10.0.1.100"], "AllowReassignment": True}
        assert answer(ec2.assign_private_ip_addresses, NetworkInterfaceId=made["ours"], **move) == "done"
        assert answer(ec2.assign_private_ip_addresses, NetworkInterfaceId=made["theirs"], **move) == (
            "UnauthorizedOperation"
        )
    assert answer(ec2.describe_instances) == "done"
    assert answer(ec2.describe_vpcs) == "UnauthorizedOperation"
    assert answer(node_client(installed, "iam").list_users) == "AccessDenied"


def node_client(setting: Setting, service: str) -> Any:
    """A client with the credentials that an instance of the node role would be given."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    from narrowgate.adapters.sandbox.sessions import Session, keep

    account = setting.cloud.embedded.account
    role = next(r for r in iam_backends[account]["aws"].get_roles() if r.name == "IguazioDataScienceNode")
    now = datetime.now(UTC)
    session = Session(
        "role",
        "ASIANODENODENODENODE",
        "node/secret",
        "node-token",
        account,
        "aws",
        arn=f"arn:aws:sts::{account}:assumed-role/{role.name}/i-0123456789abcdef0",
        user_id=f"{role.id}:i-0123456789abcdef0",
        owner=role.arn,
        owner_id=role.id,
        issued=now,
        expires=now + timedelta(hours=6),
    )
    keep(sts_backends[account]["aws"], session)
    made: Any = botocore.session.Session().create_client(
        service,
        region_name=setting.region,
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret,
        aws_session_token=session.token,
        config=Config(retries={"total_max_attempts": 1}),
    )
    made.meta.events.register("before-send", setting.cloud.embedded.transport)
    return made
