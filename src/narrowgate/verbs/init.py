"""`narrowgate init`: a commented spec, its JSON Schema for editors, and a .gitignore for the credentials."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass
from pathlib import Path

from narrowgate.adapters import sinks
from narrowgate.errors import Refused, UsageError
from narrowgate.profiles import Profile, profiles
from narrowgate.spec_text import parse, schema
from narrowgate.verbs.spec_file import known

SCHEMA_FILE = "platform.schema.json"
IGNORED = (".narrowgate/", "credentials.*", "env.yaml")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person said already; the rest gets defaults."""

    spec: Path
    profile: str
    region: str
    system: str = ""
    account: str = ""


def init(wish: Wish, *, force: bool = False) -> tuple[Path, ...]:
    """Write the files; the paths written. Raises Refused rather than overwrite, UsageError for bad wishes."""
    if wish.spec.exists() and not force:
        raise Refused(f"`{wish.spec}` exists already: edit it, or write it anew with `--force`")
    text = template(wish)
    # What we write, we accept: also finds a wrong region or system name given on the command line.
    parse(text, wish.spec.name, known())
    folder = wish.spec.parent
    written = [wish.spec, folder / SCHEMA_FILE]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wish.spec.write_text(text, encoding="utf-8")
        written[1].write_text(json.dumps(schema(known()), indent=2) + "\n", encoding="utf-8")
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("".join(f"{pattern}\n" for pattern in IGNORED), encoding="utf-8")
            written.append(ignore)
    except OSError as error:
        raise UsageError(f"cannot write `{error.filename}`: {error.strerror}") from None
    return tuple(written)


def unignored(folder: Path) -> tuple[str, ...]:
    """The lines of ours that the .gitignore of `folder`, which may be the person's own, does not have."""
    try:
        lines = {line.strip() for line in (folder / ".gitignore").read_text(encoding="utf-8").splitlines()}
    except (OSError, UnicodeDecodeError):
        return IGNORED
    return tuple(pattern for pattern in IGNORED if pattern not in lines)


def template(wish: Wish) -> str:
    """The text of a new spec."""
    profile = profiles().get(wish.profile)
    if profile is None:
        raise UsageError(f"there is no profile `{wish.profile}`; there are {', '.join(profiles())}")
    installer, node = profile.defaults["installer"], profile.defaults["node"]
    system = wish.system or f"ng-{''.join(secrets.choice(string.ascii_lowercase) for _ in range(6))}"
    account = f'account: "{wish.account}"' if wish.account else '# account: "123456789012"'
    listed = "\n".join(f"#   {kind.name:19} {kind.doc}" for kind in sinks.kinds().values())
    return f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# What narrowgate shall make for {profile.doc}.
# `narrowgate plan` shows it, `narrowgate setup` does it, `narrowgate teardown` undoes it.

profile: {wish.profile}

# Marks everything that is made, as the tag narrowgate:installation. Do not change it afterwards.
system: {system}

# Refuse to work in any other account (recommended).
{account}

# The partition (aws, aws-cn, aws-us-gov) follows from the region.
region: {wish.region}

# The restricted user: programmatic access only.
installer:
  user: {installer["user"]}
  policy: {installer["policy"]}
  # Left out, the profile's own policy is derived from its calls. A vendor's file:
  # policy_source:
  #   file: provazio.json        # $AWS_ACCOUNT_ID, $AWS_REGION and $AWS_PARTITION are filled in
  # operate: the key stays and is rotated. ephemeral: it is to be revoked after the installation.
  lifecycle: operate
  # Where the key may be used from; the policy denies every call from elsewhere.
  # key_conditions:
  #   source_ips: [203.0.113.0/24]
  #   source_vpces: [vpce-0123456789abcdef0]

# The nodes' role, trusted by EC2 only, and its instance profile.
node:
  role: {node["role"]}
  policy: {node["policy"]}
  instance_profile: {node["instance_profile"]}
  # policy_source:
  #   file: assignipaddress.json

# These reach every object that AWS supports them on; the plan says where it does not.
path: /
name_prefix: ""
tags: {{}}
# permissions_boundary: OurBoundary     # the name of a policy in the account, or an ARN

# Where the access key goes, the moment it is made. Several may be given.
{listed}
credentials:
  - sink: csv
    path: credentials.csv

{_platform(profile, wish.region)}"""


def _platform(profile: Profile, region: str) -> str:
    """The section `platform`, commented out: whoever needs the identities alone has no use for it."""
    data, application = profile.minima["data"], profile.minima["application"]
    return f"""\
# The infrastructure that `narrowgate install` makes with the restricted user's key.
# Left out, only the identities are made.
# platform:
#   network:
#     new: {{cidr: 10.0.0.0/16, subnet: 10.0.0.0/24}}
#     # existing: {{vpc: vpc-0123456789abcdef0, cidr: 10.0.0.0/16, subnet: subnet-0123456789abcdef0}}
#   availability_zone: {region}a    # AWS chooses where this is left out
#   image:
#     id: ami-0123456789abcdef0
#     # parameter: /platform/ami      # of AWS Systems Manager
#     # owner: "123456789012"         # the newest image of this owner and name
#     # name: "{profile.name}-*"
#   data:
#     nodes: 3                        # 1, or 3 for high availability
#     instance_type: {data.instance_types[0]}
#     volume: {{size: {data.volume}, type: gp2, encrypted: true}}    # or gp3; io1 and io2 with `iops`
#   application:
#     nodes: 3                        # at least 3 beside 3 data nodes
#     instance_type: {application.instance_types[0]}
#     volume: {{size: {application.volume}, type: gp2, encrypted: true}}
#   public_ips: false                 # an Elastic IP for each node; AWS allows 5 unless asked for more
#   whitelist: []                     # who uses the platform: [203.0.113.0/24]
#   installer_cidr: 203.0.113.4/32    # from where the nodes are reached by SSH
#   support_access: false             # the vendor's support, on all ports; only with public_ips
#   placement_group: false
#   public_key: id_ed25519.pub        # a file beside this one
#   shared_address: 10.0.0.200        # the address that the nodes hand on; kept free in the subnet
#   metadata_hop_limit: 1             # 2 only where software in a container needs the nodes' role
#   termination_protection: false
"""
