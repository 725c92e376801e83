"""The spec, `platform.yaml`, as a validated value: what a person wants. Pure.

Names and limits: "IAM and AWS STS quotas" and the CreateUser, CreateRole, CreatePolicy and
CreateInstanceProfile pages of the IAM API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from narrowgate.cidr import Cidr
from narrowgate.platform import Minimum, Model, Platform, Problem

# The partitions that are supported, and the shape of their regions' names.
PARTITIONS: Mapping[str, str] = {
    "aws-cn": r"cn-\w+-\d+",
    "aws-us-gov": r"us-gov-\w+-\d+",
    "aws": r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+",
}
OWN_TAGS = ("narrowgate:installation", "narrowgate:address")
TAGS_PER_OBJECT = 50

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_TAG = re.compile(r"[\w .:/=+\-@]*")


def partition_of(region: str) -> str | None:
    """`aws`, `aws-cn` or `aws-us-gov`; None for a region of another partition or of a wrong shape."""
    return next((p for p, shape in PARTITIONS.items() if re.fullmatch(shape, region)), None)


def _name(longest: int) -> AfterValidator:
    def check(value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("allowed are letters, digits and `+=,.@_-`")
        if len(value) > longest:
            raise ValueError(f"it has {len(value)} characters, allowed are {longest}")
        return value

    return AfterValidator(check)


def _path(value: str) -> str:
    # CreatePolicy allows fewer characters than CreateUser and CreateRole.
    if not re.fullmatch(r"(/[A-Za-z0-9.,+@=_-]+)*/", value):
        raise ValueError("it must begin and end with `/`, with names of letters, digits and `+=,.@_-`, as `/platform/`")
    if len(value) > 512:
        raise ValueError(f"it has {len(value)} characters, allowed are 512")
    return value


def _tags(value: dict[str, str]) -> dict[str, str]:
    for key, text in value.items():
        if key.lower().startswith(("aws:", "narrowgate:")):
            raise ValueError(f"the tag key `{key}` is reserved: choose one without that prefix")
        if not 1 <= len(key) <= 128 or not _TAG.fullmatch(key):
            raise ValueError(f"the tag key `{key}` must have 1 to 128 letters, digits, blanks or `_.:/=+-@`")
        if len(text) > 256 or not _TAG.fullmatch(text):
            raise ValueError(f"the value of tag `{key}` must have up to 256 letters, digits, blanks or `_.:/=+-@`")
    if len({key.lower() for key in value}) < len(value):
        raise ValueError("two tag keys differ only by case: IAM takes them for the same")
    if len(value) > TAGS_PER_OBJECT - len(OWN_TAGS):
        raise ValueError(f"at most {TAGS_PER_OBJECT - len(OWN_TAGS)} tags fit beside our own two")
    return value


EntityName: TypeAlias = Annotated[str, _name(64)]
LongName: TypeAlias = Annotated[str, _name(128)]


class PolicySource(Model):
    """Where a policy comes from: `file: NAME`, or derived from the profile's own calls when left out."""

    file: str | None = None
    """A vendor's policy file, relative to the spec. $AWS_ACCOUNT_ID, $AWS_REGION and $AWS_PARTITION are filled in."""
    evidence: str | None = None
    """A recording of the program that the policy file is for, relative to the spec: `plan` proves the file for it."""


class KeyConditions(Model):
    """Where the installer's key may be used from; the policy then denies every call from elsewhere."""

    source_ips: tuple[Cidr, ...] = Field(default=(), strict=False)
    """CIDR blocks that calls must come from (`aws:SourceIp`)."""
    source_vpces: tuple[Annotated[str, Field(pattern=r"^vpce-[0-9a-f]{8,17}$")], ...] = Field(default=(), strict=False)
    """VPC endpoints that calls must come through (`aws:SourceVpce`)."""


class Installer(Model):
    """The restricted IAM user: programmatic access only."""

    user: EntityName
    """The user's name, without the prefix."""
    policy: LongName
    """The name of its customer-managed policy, without the prefix."""
    policy_source: PolicySource = PolicySource()
    """Where that policy comes from."""
    lifecycle: Literal["operate", "ephemeral"] = "operate"
    """`operate`: the key stays and is rotated. `ephemeral`: the key is to be revoked after the installation."""
    key_conditions: KeyConditions = KeyConditions()
    """Where the key may be used from. Empty: anywhere."""


class Node(Model):
    """The nodes' identity: an EC2 role, its policy and its instance profile."""

    role: EntityName
    """The role's name, without the prefix."""
    policy: LongName
    """The name of its customer-managed policy, without the prefix."""
    policy_source: PolicySource = PolicySource()
    """Where that policy comes from."""
    instance_profile: LongName
    """The instance profile's name, without the prefix; the AWS console gives it the role's name."""


class SinkChoice(BaseModel):
    """One place that receives the credentials; its other settings depend on `sink`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    sink: str
    """The kind of sink."""


class Spec(Model):
    """What a person wants; written by `narrowgate init`."""

    profile: str = "iguazio"
    """The platform whose names and policies are the defaults."""
    system: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,11}$")]
    """The system's name: 1 to 12 lowercase letters and hyphens, a letter first. Marks everything as yours."""
    account: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = None
    """The account that is meant; compared with what AWS STS says. Quote it: '012345678901'."""
    region: str
    """The AWS region; the partition (aws, aws-cn, aws-us-gov) follows from it."""
    installer: Installer
    node: Node
    path: Annotated[str, AfterValidator(_path)] = "/"
    """The IAM path of users, roles, policies and instance profiles."""
    name_prefix: str = ""
    """Put before every name."""
    tags: Annotated[dict[str, str], AfterValidator(_tags)] = Field(default_factory=dict)
    """Put on everything that AWS can tag, beside our own two."""
    permissions_boundary: str | None = None
    """The boundary of the user and the role: a managed policy's ARN, or the name of one in this account."""
    credentials: tuple[SinkChoice, ...] = Field(default=(SinkChoice(sink="csv"),), strict=False, min_length=1)
    """Where the access key goes, the moment it is made."""
    platform: Platform | None = None
    """The infrastructure that `install` makes. Left out: only the identities are made."""

    def clashes(self) -> Iterator[Problem]:
        """What is wrong between settings that are each right: where, and why."""
        if self.name_prefix and not _NAME.fullmatch(self.name_prefix):
            yield ("name_prefix",), f"found `{self.name_prefix}`: allowed are letters, digits and `+=,.@_-`"
        for field, name, longest in self._made_names():
            if len(name) > longest:
                message = f"with {field} it gives `{name}`: {len(name)} characters, allowed are {longest}"
                yield ("name_prefix",), message
        if self.installer_policy_name.lower() == self.node_policy_name.lower():
            yield ("node", "policy"), "it must differ from installer.policy, and not by case alone"
        bounding = (self.permissions_boundary or "").rpartition("/")[2]
        if bounding and bounding in (self.installer_policy_name, self.node_policy_name):
            yield ("permissions_boundary",), f"`{bounding}` is made by this spec, and cannot bound what it makes"
        if self.platform:
            yield from ((("platform", *where), why) for where, why in self.platform.clashes(self.region))

    def _made_names(self) -> tuple[tuple[str, str, int], ...]:
        return (
            ("installer.user", self.user_name, 64),
            ("installer.policy", self.installer_policy_name, 128),
            ("node.role", self.role_name, 64),
            ("node.policy", self.node_policy_name, 128),
            ("node.instance_profile", self.instance_profile_name, 128),
        )

    @property
    def partition(self) -> str:
        """The partition of the region."""
        partition = partition_of(self.region)
        assert partition is not None, "parse() refuses unknown regions"
        return partition

    @property
    def user_name(self) -> str:
        """The installer user's name in AWS."""
        return self.name_prefix + self.installer.user

    @property
    def installer_policy_name(self) -> str:
        """The installer policy's name in AWS."""
        return self.name_prefix + self.installer.policy

    @property
    def role_name(self) -> str:
        """The node role's name in AWS."""
        return self.name_prefix + self.node.role

    @property
    def node_policy_name(self) -> str:
        """The node policy's name in AWS."""
        return self.name_prefix + self.node.policy

    @property
    def instance_profile_name(self) -> str:
        """The instance profile's name in AWS."""
        return self.name_prefix + self.node.instance_profile

    def boundary_arn(self, account: str) -> str | None:
        """The permissions boundary as an ARN; a bare name means a policy of this account."""
        boundary = self.permissions_boundary
        if boundary is None or boundary.startswith("arn:"):
            return boundary
        return f"arn:{self.partition}:iam::{account}:policy/{boundary.lstrip('/')}"


@dataclass(frozen=True, slots=True)
class Known:
    """What a spec may name, handed in because finding it out has effects: platforms, regions, sinks."""

    profiles: Mapping[str, Mapping[str, Mapping[str, str]]]
    """Profile name to the defaults of `installer` and `node`."""
    minima: Mapping[str, Mapping[str, Minimum]]
    """Profile name to what the nodes of its clusters, `data` and `application`, must be at least."""
    regions: frozenset[str]
    sinks: Mapping[str, type[BaseModel]]
