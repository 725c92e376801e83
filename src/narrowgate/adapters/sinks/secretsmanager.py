"""The sink `secretsmanager`: the current value of a secret in AWS Secrets Manager.

PutSecretValue ignores a request whose ClientRequestToken (32 to 64 characters) an earlier one used
with the same text, and does not make that version the current one again. So the token is derived
from the text's key id *and* the version it supersedes: a retry has the same token and is harmless, and
a key stored again after it was forgotten has a new one and takes effect. (API reference, PutSecretValue.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from narrowgate.adapters.sinks import Context, SinkKind
from narrowgate.adapters.sinks._cloud import CloudSink, check_tags, pair_of, secret_of, world_of
from narrowgate.calls import Fields, World, call
from narrowgate.errors import AwsError, Refused
from narrowgate.secret import Secret

TOKENS: Final = UUID("5b0a3b0e-3c0f-5a8e-9f0d-6d1f5f3f7a51")  # the namespace of our request tokens
NOT_YET: Final = "ResourceNotFoundException"


class Settings(BaseModel):
    """Which secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$",
        description="The secret's name; the plan makes it, with our tags.",
    )


@dataclass(frozen=True, slots=True)
class SecretContainer:
    """One secret of AWS Secrets Manager."""

    name: str
    label: str
    world: World = field(repr=False)
    owner_tags: tuple[tuple[str, str], ...]
    adopt: bool = False

    def check(self) -> None:
        """See Container."""
        found = self.world(call("secretsmanager", "DescribeSecret", SecretId=self.name))
        if found is None:
            return
        check_tags(self.label, found.items_of("Tags"), dict(self.owner_tags), adopt=self.adopt)
        if found.get("DeletedDate") is not None:
            raise Refused(
                f"cannot use {self.label}: it is scheduled for deletion. restore it with `aws "
                f"secretsmanager restore-secret --secret-id {self.name}`, or choose another name"
            )

    def read(self) -> Secret | None:
        """See Container."""
        return secret_of(self._current().get("SecretString"))

    def write(self, text: Secret) -> None:
        """See Container."""
        pair = pair_of(text)
        seed = "\n".join((self.name, pair[0] if pair else "", self._current().text("VersionId")))
        token = str(uuid5(TOKENS, seed))
        put = call(
            "secretsmanager",
            "PutSecretValue",
            SecretId=self.name,
            ClientRequestToken=token,
            SecretString=text,
        )
        if self.world(put) is None:
            raise AwsError(f"cannot write {self.label}: it does not exist. run `setup` again", code=NOT_YET)

    def _current(self) -> Fields:
        try:
            reply = self.world(call("secretsmanager", "GetSecretValue", SecretId=self.name))
        except AwsError as error:
            if error.code != "InvalidRequestException":  # what AWS says of a secret that is being deleted
                raise
            reply = None
        return Fields() if reply is None else reply


def _open(settings: Settings, context: Context) -> CloudSink:
    label = f"secret `{settings.name}` in AWS Secrets Manager"
    tags = tuple(sorted(context.owner_tags.items()))
    container = SecretContainer(settings.name, label, world_of(context, label), tags, context.adopt)
    return CloudSink(container, label, f"secretsmanager:{settings.name}")


SINK: Final = SinkKind("secretsmanager", "A secret in AWS Secrets Manager.", Settings, _open)
