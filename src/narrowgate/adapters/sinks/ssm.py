"""The sink `ssm`: a SecureString parameter in AWS Systems Manager Parameter Store.

PutParameter has no request token: writing the same text twice only adds a version. It does have a
trap: an overwrite without KeyId falls back to the account's default key, so ours is sent every time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from narrowgate.adapters.sinks import Context, SinkKind
from narrowgate.adapters.sinks._cloud import CloudSink, check_tags, secret_of, world_of
from narrowgate.calls import World, call
from narrowgate.errors import AwsError, Refused
from narrowgate.secret import Secret


class Settings(BaseModel):
    """Which parameter, and which key encrypts it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^(/[A-Za-z0-9_.-]+)+$",
        max_length=1011,
        description="The parameter's whole name, beginning with `/`; the plan makes it, with our tags.",
    )
    key_id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9:/_-]{1,256}$",
        description="The KMS key that encrypts it: id, ARN or alias. By default `alias/aws/ssm`.",
    )

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name.lower().startswith(("/aws", "/ssm")):
            raise ValueError(f"AWS reserves names that begin with `/aws` or `/ssm`, as `{name}` does")
        return name


@dataclass(frozen=True, slots=True)
class ParameterContainer:
    """One SecureString parameter."""

    settings: Settings
    label: str
    world: World = field(repr=False)
    owner_tags: tuple[tuple[str, str], ...]
    adopt: bool = False

    def check(self) -> None:
        """See Container. Asks for the value still encrypted: only its type matters."""
        name = self.settings.name
        found = self.world(call("ssm", "GetParameter", Name=name, WithDecryption=False))
        if found is None:
            return
        listed = self.world(call("ssm", "ListTagsForResource", ResourceType="Parameter", ResourceId=name))
        check_tags(self.label, listed.items_of("TagList") if listed else (), dict(self.owner_tags), adopt=self.adopt)
        if found.group("Parameter").text("Type") != "SecureString":
            raise Refused(f"cannot use {self.label}: it is not a `SecureString`. choose another name")

    def read(self) -> Secret | None:
        """See Container."""
        reply = self.world(call("ssm", "GetParameter", Name=self.settings.name, WithDecryption=True))
        return secret_of(reply.group("Parameter").get("Value")) if reply else None

    def write(self, text: Secret) -> None:
        """See Container."""
        # An overwrite makes a parameter that is missing, without our tags: nobody would know it as ours.
        missing = self.read() is None
        put = call(
            "ssm",
            "PutParameter",
            Name=self.settings.name,
            Value=text,
            Type="SecureString",
            KeyId=self.settings.key_id,
            Overwrite=True,
        )
        if missing or self.world(put) is None:
            raise AwsError(f"cannot write {self.label}: it does not exist. run `setup` again", code="ParameterNotFound")


def _open(settings: Settings, context: Context) -> CloudSink:
    label = f"parameter `{settings.name}` in AWS Systems Manager"
    tags = tuple(sorted(context.owner_tags.items()))
    container = ParameterContainer(settings, label, world_of(context, label), tags, context.adopt)
    return CloudSink(container, label, f"ssm:{settings.name}")


SINK: Final = SinkKind("ssm", "A SecureString parameter in AWS Systems Manager.", Settings, _open)
