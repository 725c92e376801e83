"""The sink `credential_process`: a JSON file in the form that AWS's `credential_process` prints.

A profile in `~/.aws/config` uses it with one line, so that no key stands in a file AWS's tools read
by default: `credential_process = cat /the/folder/credentials.json`. Without `Expiration` the tools
take the key as lasting. (AWS SDKs and Tools reference, "Process credential provider".)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from narrowgate.adapters.sinks import Context, Credential, SinkKind
from narrowgate.adapters.sinks._file import FileSink, Held, place, text_of
from narrowgate.secret import Secret

MEMBERS: Final = frozenset({"Version", "AccessKeyId", "SecretAccessKey"})


class Settings(BaseModel):
    """Where the file is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(
        "credentials.json",
        min_length=1,
        description="The file, from the spec's folder; name it in `credential_process = cat FILE`.",
    )
    replace: bool = Field(False, description="Overwrite a file that is not ours, and lose what it holds.")


@dataclass(frozen=True, slots=True)
class ProcessForm:
    """One JSON object of exactly three members."""

    replace: bool = False

    def objection(self, content: bytes) -> str | None:
        """Anything but such an object is somebody else's."""
        if self.replace or not content.strip() or self.held(content):
            return None
        return "the file is not the output of a credential process. move it, or choose another path"

    def held(self, content: bytes) -> Held | None:
        """The key of the object. JSON has no comments, so nothing marks it as ours."""
        found = object_of(text_of(content) or "")
        if found.keys() != MEMBERS or found["Version"] != 1:
            return None
        key_id, secret = found["AccessKeyId"], found["SecretAccessKey"]
        both = isinstance(key_id, str) and isinstance(secret, str) and key_id and secret
        return Held(str(key_id), Secret(str(secret))) if both else None

    def put(self, content: bytes | None, credential: Credential) -> bytes:
        """The object, one member a line."""
        values = (1, credential.access_key_id, credential.secret.reveal())
        members = dict(zip(("Version", "AccessKeyId", "SecretAccessKey"), values, strict=True))
        return (json.dumps(members, indent=2) + "\n").encode()

    def drop(self, content: bytes) -> bytes | None:
        """Nothing is left: the file is the credential."""
        return None


def object_of(text: str) -> dict[str, object]:
    """The JSON object in the text; an empty one where there is none. Raises nothing that carries it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _open(settings: Settings, context: Context) -> FileSink:
    label = f"credential process file `{settings.path}`"
    return FileSink(place(context, settings.path), ProcessForm(settings.replace), label, settings.replace)


SINK: Final = SinkKind("credential_process", "A JSON file for `credential_process = cat FILE`.", Settings, _open)
