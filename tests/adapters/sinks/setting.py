"""What the sink tests stand on: two credentials, a small AWS, and one case for each kind of sink."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from botocore.configloader import raw_config_parse

from narrowgate.adapters.sinks import Context, Credential, Sink, kinds
from narrowgate.calls import Call, Fields, Reply, Value
from narrowgate.errors import AwsError
from narrowgate.secret import Secret

TAGS = {"narrowgate:installation": "demo"}
ENV = {"VAULT_KEY": "vault-api-key-of-the-vendor", "VAULT_URL": "https://vault.example"}


def credential(key_id: str, secret: str) -> Credential:
    """A credential of the installer user."""
    return Credential(key_id, Secret(secret), "Provazio", "111122223333", "us-east-2", "data-ip", "app-ip")


OLD = credential("AKIAOLDOLDOLDOLDOLDO", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYOLDOLDOLDO")
NEW = credential("AKIANEWNEWNEWNEWNEWN", "Zx9alrXUtnFEMI/K7MDENG+bPxRfiNEWNEWNEWNE")


@dataclass
class FakeAws:
    """Secrets Manager and Parameter Store in two dicts: the rules that the sinks rely on, no more."""

    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, dict[str, object]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=lambda: dict(TAGS))
    deleted: frozenset[str] = frozenset()
    calls: list[Call] = field(default_factory=list)

    def __call__(self, call: Call) -> Reply | None:
        """Answer one call."""
        self.calls.append(call)
        name = call.params.text("SecretId") or call.params.text("Name") or call.params.text("ResourceId")
        if name not in (self.secrets if call.service == "secretsmanager" else self.parameters):
            return None
        match call.operation:
            case "DescribeSecret":
                gone = {"DeletedDate": "2030-01-01T00:00:00Z"} if name in self.deleted else {}
                return Fields({"Name": name, "Tags": self._tags(), **gone})
            case "GetSecretValue":
                return self._secret(name)
            case "PutSecretValue":
                return self._put(name, call.params)
            case "GetParameter":
                parameter = self.parameters[name]
                return Fields(Parameter={**parameter, "Value": Secret(str(parameter["Value"]))})
            case "PutParameter":
                self.parameters[name] = {"Type": "SecureString", "Value": reveal(call.params["Value"])}
                return Fields(Version=1)
            case "ListTagsForResource":
                return Fields(TagList=self._tags())
        raise AssertionError(call.name)

    def _tags(self) -> list[dict[str, str]]:
        return [{"Key": k, "Value": v} for k, v in self.tags.items()]

    def _secret(self, name: str) -> Reply | None:
        if name in self.deleted:
            raise AwsError("the secret is marked for deletion", code="InvalidRequestException")
        if name not in self.current:
            return None
        token = self.current[name]
        return Fields(VersionId=token, SecretString=Secret(self.secrets[name][token]))

    def _put(self, name: str, params: Fields) -> Reply:
        token, text = params.text("ClientRequestToken"), reveal(params["SecretString"])
        assert 32 <= len(token) <= 64
        versions = self.secrets[name]
        if token in versions:  # AWS ignores the request, and moves no label
            if versions[token] != text:
                raise AwsError("the version exists with another value", code="ResourceExistsException")
            return Fields(VersionId=token)
        versions[token], self.current[name] = text, token
        return Fields(VersionId=token)


def profiles_in(path: Path) -> dict[str, dict[str, object]]:
    """The sections of a credentials file as AWS's own tools read them; raises their ConfigParseError."""
    found: dict[str, dict[str, object]] = raw_config_parse(str(path))
    return found


def reveal(value: Value) -> str:
    """The text of a member that must be a Secret."""
    assert isinstance(value, Secret)
    return value.reveal()


def small_aws() -> FakeAws:
    """An AWS in which the plan has made both containers."""
    return FakeAws(
        secrets={"demo/installer": {}},
        parameters={"/demo/installer": {"Type": "SecureString", "Value": "{}"}},
    )


def context(folder: Path, world: FakeAws | None = None) -> Context:
    """The surroundings of a sink in `folder`, which is also the person's home."""
    return Context(folder, world, {"HOME": str(folder), **ENV}, TAGS)


@dataclass(frozen=True)
class Case:
    """A kind of sink with settings; `path` is its file in the folder, "" where it lives in AWS."""

    kind: str
    settings: Mapping[str, object] = field(default_factory=dict)
    path: str = ""

    def open(self, surroundings: Context, **more: object) -> Sink:
        """The sink of this case."""
        kind = kinds()[self.kind]
        return kind.open(kind.settings.model_validate({**self.settings, **more}), surroundings)

    def __str__(self) -> str:
        return self.kind


FILES = (
    Case("csv", path="credentials.csv"),
    Case("profile", {"name": "demo"}, ".aws/credentials"),
    Case("env", path="credentials.env"),
    Case("env_yaml", {"vault_api_key_variable": "VAULT_KEY", "vault_url_variable": "VAULT_URL"}, "env.yaml"),
    Case("credential_process", path="credentials.json"),
)
CLOUD = (
    Case("secretsmanager", {"name": "demo/installer"}),
    Case("ssm", {"name": "/demo/installer", "key_id": "alias/demo"}),
)
CASES = FILES + CLOUD


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every path below the folder, with its mode and its bytes."""
    return {
        str(p.relative_to(folder)): (p.lstat().st_mode, p.read_bytes() if p.is_file() else b"")
        for p in sorted(folder.rglob("*"))
    }
