"""An account of the embedded AWS to work on, and a spec in a folder: what the laws of the verbs stand on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.aws import Endpoint, Identity, connect
from narrowgate.adapters.clock import Clock
from narrowgate.adapters.journal import Journal
from narrowgate.adapters.sandbox.administrator import OPERATOR
from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded
from narrowgate.adapters.sink_calls import sink_calls
from narrowgate.adapters.stop import Stop
from narrowgate.adapters.target import Target
from narrowgate.administrator import policy_text
from narrowgate.calls import Call, Fields, Reply, Value, World
from narrowgate.errors import NotPermitted
from narrowgate.plan import Step
from narrowgate.secret import Secret
from narrowgate.spec import Spec
from narrowgate.verbs.site import Options, Seams, Site, Surroundings, open_site
from support.clock import FakeClock
from support.worlds import Fuse, Lagging, Wrap, through

REGIONS = ("eu-west-1", "cn-north-1", "us-gov-west-1")
PARTITION = {"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}
Census = dict[str, Any]


class Cloud:
    """The embedded AWS, its dates told by the fake clock; `census` and `client` go past all of our code."""

    def __init__(self, embedded: Embedded) -> None:
        self.embedded = embedded
        self.clock = FakeClock()
        self._operator: list[str] = []
        layer: Any = embedded.app
        layer.conditions = replace(layer.conditions, operator=lambda: tuple(self._operator))
        self._worlds: dict[tuple[str, str], World] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._born: dict[str, datetime] = {}
        self._used: dict[str, datetime] = {}
        self._session = botocore.session.Session()
        self._lock = threading.Lock()

    def wipe(self) -> None:
        """An empty account; the time is now. EC2 stays: it is slow to make, and nobody changes it here."""
        from moto.iam.models import iam_backends
        from moto.secretsmanager.models import secretsmanager_backends
        from moto.ssm.models import ssm_backends

        for backends in (iam_backends, secretsmanager_backends, ssm_backends):
            for backend in tuple(backends[self.embedded.account].values()):
                backend.reset()
        self.clock = FakeClock()
        self._operator.clear()
        self._born.clear()
        self._used.clear()

    def operate(self, policy: str) -> None:
        """Give the operator one more policy."""
        if policy not in self._operator:
            self._operator.append(policy)

    def world(self, who: Identity | None, region: str) -> World:
        """The World of an identity, on the fake clock."""
        key = (who.access_key_id if who else None) or OPERATOR[0]
        secret = who.secret if who and who.secret else Secret(OPERATOR[1])
        with self._lock:
            raw = self._worlds.get((key, region))
            if raw is None and key == OPERATOR[0]:
                endpoint = Endpoint(region, "http://127.0.0.1", self.embedded.transport)
                raw = self._worlds[key, region] = connect(Identity(key, secret), endpoint)
            elif raw is None:
                raw = self._worlds[key, region] = self._whoami(region, (key, secret.reveal()))
        return self._dated(raw, key)

    def _whoami(self, region: str, key: tuple[str, str]) -> World:
        """A key's World that knows GetCallerIdentity only: quicker to make than a whole one."""
        sts = self._make("sts", region, key)

        def ask(call: Call) -> Reply | None:
            try:
                return Fields(Arn=sts.get_caller_identity()["Arn"])
            except ClientError as error:
                raise NotPermitted(str(error), code=error.response["Error"]["Code"]) from None

        return ask

    def _dated(self, raw: World, key: str) -> World:
        def ask(call: Call) -> Reply | None:
            # EC2 takes a second to load for each region; whether it knows the key, STS tells as well.
            asked = Call("sts", "GetCallerIdentity") if call.service == "ec2" else call
            self._used[key] = self.clock.now()
            reply = raw(asked)
            if call.operation == "CreateAccessKey" and reply is not None:
                self._born[reply.group("AccessKey").text("AccessKeyId")] = self.clock.now().replace(microsecond=0)
            return None if reply is None else self._redated(call, reply)

        return ask

    def _redated(self, call: Call, reply: Reply) -> Reply:
        if call.operation == "GetCallerIdentity":
            return Fields(reply, Date=self.clock.now().replace(microsecond=0))
        if call.operation == "CreateAccessKey":
            return Fields(reply, AccessKey=self._with_birth(reply.group("AccessKey")))
        if call.operation == "ListAccessKeys":
            return Fields(reply, AccessKeyMetadata=tuple(map(self._with_birth, reply.items_of("AccessKeyMetadata"))))
        if call.operation == "GetAccessKeyLastUsed":
            used = self._used.get(call.params.text("AccessKeyId"))
            told = {"LastUsedDate": used.replace(microsecond=0)} if used else {}
            return Fields(reply, AccessKeyLastUsed=Fields(reply.group("AccessKeyLastUsed"), **told))
        return reply

    def _with_birth(self, key: Fields) -> Fields:
        born = self._born.get(key.text("AccessKeyId"))
        return Fields(key, CreateDate=born) if born else key

    def client(self, service: str, region: str, key: tuple[str, str] = ADMIN) -> Any:
        """A plain botocore client."""
        if key != ADMIN:
            return self._make(service, region, key)
        if (service, region) not in self._clients:
            self._clients[service, region] = self._make(service, region, key)
        return self._clients[service, region]

    def _make(self, service: str, region: str, key: tuple[str, str]) -> Any:
        made: Any = self._session.create_client(
            service,
            region_name=region,
            aws_access_key_id=key[0],
            aws_secret_access_key=key[1],
            config=Config(retries={"total_max_attempts": 1}),
        )
        made.meta.events.register("before-send", self.embedded.transport)
        return made

    def caller(self, region: str, key: tuple[str, str]) -> str:
        """Whom STS sees behind a key."""
        arn: str = self.client("sts", region, key).get_caller_identity()["Arn"]
        return arn

    def census(self, region: str) -> Census:
        """Everything in the account, as plain data."""
        iam = self.client("iam", region)
        return {
            "users": [_user(iam, u) for u in iam.list_users()["Users"]],
            "roles": [_role(iam, r) for r in iam.list_roles()["Roles"]],
            "policies": [_policy(iam, p) for p in iam.list_policies(Scope="Local")["Policies"]],
            "profiles": [_profile(iam, p) for p in iam.list_instance_profiles()["InstanceProfiles"]],
            "groups": [g["GroupName"] for g in iam.list_groups()["Groups"]],
            "secrets": [
                {"Name": s["Name"], "Tags": _tags(s)}
                for s in self.client("secretsmanager", region).list_secrets()["SecretList"]
            ],
            "parameters": [self._parameter(region, p) for p in self._parameters(region)],
        }

    def _parameters(self, region: str) -> list[Any]:
        found: list[Any] = self.client("ssm", region).describe_parameters()["Parameters"]
        return found

    def _parameter(self, region: str, found: Any) -> Census:
        name = found["Name"]
        tags = self.client("ssm", region).list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
        return {"Name": name, "Type": found["Type"], "Tags": {t["Key"]: t["Value"] for t in tags["TagList"]}}


def _tags(found: Any) -> dict[str, str]:
    return {t["Key"]: t["Value"] for t in found.get("Tags", [])}


def _boundary(found: Any) -> str:
    arn: str = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    return arn


def _user(iam: Any, listed: Any) -> Census:
    name = listed["UserName"]
    user = iam.get_user(UserName=name)["User"]
    keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    return {
        "Arn": user["Arn"],
        "Path": user["Path"],
        "Tags": _tags(user),
        "Boundary": _boundary(user),
        "Attached": sorted(p["PolicyArn"] for p in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]),
        "Inline": iam.list_user_policies(UserName=name)["PolicyNames"],
        "Groups": [g["GroupName"] for g in iam.list_groups_for_user(UserName=name)["Groups"]],
        "Keys": sorted((k["AccessKeyId"], k["Status"]) for k in keys),
    }


def _role(iam: Any, listed: Any) -> Census:
    name = listed["RoleName"]
    role = iam.get_role(RoleName=name)["Role"]
    return {
        "Arn": role["Arn"],
        "Path": role["Path"],
        "Tags": _tags(role),
        "Boundary": _boundary(role),
        "Trust": role["AssumeRolePolicyDocument"],
        "Attached": sorted(p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]),
        "Inline": iam.list_role_policies(RoleName=name)["PolicyNames"],
    }


def _policy(iam: Any, listed: Any) -> Census:
    arn = listed["Arn"]
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    current = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return {
        "Arn": arn,
        "Path": policy["Path"],
        "Tags": _tags(policy),
        "Document": current["Document"],
        "Versions": sorted(v["VersionId"] for v in versions),
    }


def _profile(iam: Any, listed: Any) -> Census:
    profile = iam.get_instance_profile(InstanceProfileName=listed["InstanceProfileName"])["InstanceProfile"]
    return {
        "Arn": profile["Arn"],
        "Path": profile["Path"],
        "Tags": _tags(profile),
        "Roles": [r["RoleName"] for r in profile["Roles"]],
    }


@dataclass
class Heard:
    """A listener that remembers."""

    said: list[str] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A line of news."""
        self.said.append(text)

    def step(self, step: Step, event: str) -> None:
        """A step as it happens."""
        self.steps.append((event, step.call.name))


class FusedJournal(Journal):
    """A journal whose lines go through a fuse."""

    fuse: Fuse | None = None

    def _write(self, line: bytes) -> None:
        def write() -> None:
            super(FusedJournal, self)._write(line)

        if self.fuse is None:
            write()
        else:
            self.fuse.effect("journal", write)


CSV = {"sink": "csv", "path": "out/credentials.csv"}
ENV_YAML = {"sink": "env_yaml", "path": "out/env.yaml"}
SECRET = {"sink": "secretsmanager", "name": "demo/installer"}
PARAMETER = {"sink": "ssm", "name": "/demo/installer"}


@dataclass
class Setting:
    """A spec in a folder, and the account that it is for."""

    cloud: Cloud
    folder: Path
    region: str = "eu-west-1"
    sinks: tuple[Mapping[str, Any], ...] = (CSV, ENV_YAML)
    spec: Mapping[str, Any] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.write()

    @property
    def file(self) -> Path:
        """The spec."""
        return self.folder / "platform.yaml"

    def write(self, **more: Any) -> None:
        """Write the spec; JSON is YAML."""
        base = {"system": "demo", "region": self.region, "credentials": list(self.sinks)}
        self.spec = {**base, **self.spec, **more}
        self.file.write_text(json.dumps({k: v for k, v in self.spec.items() if v is not None}, indent=1))

    @property
    def partition(self) -> str:
        """The partition of the region."""
        return PARTITION[self.region]

    @contextmanager
    def site(
        self,
        *wraps: Wrap,
        fuse: Fuse | None = None,
        lag: Lagging | None = None,
        stop: Stop | None = None,
        **options: Any,
    ) -> Iterator[Site]:
        """Open the spec. The wraps go around the administrator's World, the innermost first."""
        around = Surroundings(self.cloud.clock, self.environ, self.heard, stop or Stop())
        seams = Seams(lambda _, __, spec: self._target(spec, wraps, fuse, lag), _journal(fuse))
        with open_site(Options(self.file, **options), around, seams) as site:
            if fuse is None:
                yield site
                return
            admin_in = site.admin_in
            yield replace(
                site,
                admin=_sinks_through(site.admin, fuse),
                admin_in=lambda region: _sinks_through(admin_in(region), fuse),
            )

    def _target(self, spec: Spec, wraps: tuple[Wrap, ...], fuse: Fuse | None, lag: Lagging | None) -> Target:
        # The verbs work as an administrator with no other rights than those that this and earlier forms need.
        self.cloud.operate(_operators(spec.model_dump_json(), self.cloud.embedded.account))

        def admin_or(who: Identity | None, region: str) -> World:
            world = self.cloud.world(who, region)
            if who is not None:
                return _young(world, lag, who.access_key_id or "") if lag else world
            for wrap in (*((lag,) if lag else ()), *((through(fuse),) if fuse else ()), *wraps):
                world = wrap(world)
            return world

        return Target("test", admin_or, lambda: None)

    def census(self) -> Census:
        """Everything in the account."""
        return self.cloud.census(self.region)

    def iam(self) -> Any:
        """A plain client."""
        return self.cloud.client("iam", self.region)

    def journal(self) -> list[dict[str, Any]]:
        """The journal's lines."""
        path = self.folder / ".narrowgate" / "journal.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def csv(self) -> tuple[str, str] | None:
        """The key in the csv file, read without our code."""
        path = self.folder / CSV["path"]
        if not path.exists():
            return None
        header, row = path.read_text().splitlines()
        assert header == "Access key ID,Secret access key"
        key, secret = row.split(",")
        return key, secret

    def yaml(self) -> tuple[str, str] | None:
        """The key in the vendor's file, read without our code."""
        from ruamel.yaml import YAML

        path = self.folder / ENV_YAML["path"]
        if not path.exists():
            return None
        ec2 = YAML(typ="safe", pure=True).load(path.read_text())["client"]["infrastructure"]["ec2"]
        return (ec2["access_key_id"], ec2["secret_access_key"]) if ec2["access_key_id"] else None

    def secret(self) -> tuple[str, str] | None:
        """The key in Secrets Manager."""
        client = self.cloud.client("secretsmanager", self.region)
        return _pair(client.get_secret_value(SecretId=SECRET["name"])["SecretString"])

    def parameter(self) -> tuple[str, str] | None:
        """The key in Parameter Store."""
        client = self.cloud.client("ssm", self.region)
        return _pair(client.get_parameter(Name=PARAMETER["name"], WithDecryption=True)["Parameter"]["Value"])

    def held(self) -> list[tuple[str, str] | None]:
        """What each sink of the spec holds."""
        read: Mapping[str, Callable[[], tuple[str, str] | None]] = {
            "csv": self.csv,
            "env_yaml": self.yaml,
            "secretsmanager": self.secret,
            "ssm": self.parameter,
        }
        return [read[choice["sink"]]() for choice in self.spec["credentials"]]

    def keys(self, user: str = "Provazio") -> list[str]:
        """The ids of the user's keys."""
        prefix = self.spec.get("name_prefix", "")
        listed = self.iam().list_access_keys(UserName=f"{prefix}{user}")["AccessKeyMetadata"]
        return [k["AccessKeyId"] for k in listed]


@cache
def _operators(spec: str, account: str) -> str:
    """The administrator's policy for a spec, given as JSON: the laws open the same one many times."""
    found = Spec.model_validate_json(spec)
    return policy_text(found, account, action_list(), sink_calls(found))


def _pair(text: str) -> tuple[str, str] | None:
    found = json.loads(text)
    return (found["access_key_id"], found["secret_access_key"]) if found.get("access_key_id") else None


def _journal(fuse: Fuse | None) -> Callable[[Path, Clock], Journal]:
    def make(folder: Path, clock: Clock) -> Journal:
        journal = FusedJournal(folder, clock)
        journal.fuse = fuse
        return journal

    return make


def _sinks_through(admin: World, fuse: Fuse) -> World:
    fused = through(fuse)(admin)

    def ask(call: Call) -> Reply | None:
        return fused(call) if call.service == "sink" else admin(call)

    return ask


def _young(world: World, lag: Lagging, key: str) -> World:
    def ask(call: Call) -> Reply | None:
        if lag.young(key):
            raise NotPermitted("The security token included in the request is invalid.", code="InvalidClientTokenId")
        return world(call)

    return ask


def yes(_: object) -> bool:
    """Go on without a question."""
    return False


def text_of(value: Value) -> str:
    """A value that must be a text."""
    assert isinstance(value, str)
    return value


def utc(text: str) -> datetime:
    """A date of AWS's."""
    return datetime.fromisoformat(text).astimezone(UTC)
