"""The sink `profile`: a profile of the AWS shared credentials file. `_ini` edits the bytes.

Every other profile, comment, blank line and line ending stays as it is. A file that botocore could
not parse is refused, never mended. The comment `# narrowgate: <installation> key <id>` tells a
reader whose section it is; whether the key in it is ours is for the caller of `probe` to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from narrowgate.adapters.sinks import Context, Credential, SinkKind
from narrowgate.adapters.sinks import _ini as ini
from narrowgate.adapters.sinks._file import FileSink, Held, mark, place
from narrowgate.errors import Refused
from narrowgate.secret import Secret

ID: Final = "aws_access_key_id"
SECRET: Final = "aws_secret_access_key"
# A token left from a role's temporary key would be sent with ours, and AWS would reject both.
OPTIONS: Final = frozenset({ID, SECRET, "aws_session_token", "aws_security_token"})
DEFAULT_PATH: Final = "~/.aws/credentials"


class Settings(BaseModel):
    """Which profile of which file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9_./%@:+=,-]{1,128}$", description="The profile's name, as in `--profile NAME`."
    )
    path: str | None = Field(
        None,
        min_length=1,
        description=f"The file; by default `AWS_SHARED_CREDENTIALS_FILE`, else `{DEFAULT_PATH}`.",
    )
    replace: bool = Field(False, description="Replace the key of an existing profile that is not ours, and lose it.")

    @field_validator("name")
    @classmethod
    def _not_the_defaults(cls, name: str) -> str:
        if name == "DEFAULT":  # the section whose options every other section inherits
            raise ValueError("`DEFAULT` is not a profile; the default profile is `default`")
        return name


@dataclass(frozen=True, slots=True)
class ProfileForm:
    """One section of ours among the sections of others."""

    name: str
    context: Context

    def objection(self, content: bytes) -> str | None:
        """What botocore could not parse."""
        if ini.parse(content) is None:
            return "the file is malformed, and AWS's tools cannot read it. mend or move it"
        return None

    def held(self, content: bytes) -> Held | None:
        """The key of our profile."""
        options = (ini.parse(content) or {}).get(self.name, {})
        key_id, secret = options.get(ID, ""), options.get(SECRET, "")
        if not key_id and not secret:
            return None
        marked = f"# {mark(self.context, key_id)}" in ini.comments(content, self.name)
        return Held(key_id, Secret(secret) if secret else None, marked)

    def put(self, content: bytes | None, credential: Credential) -> bytes:
        """Our lines at the top of our section, which is added at the end where there is none."""
        before = content or b""
        lines = (
            f"# {mark(self.context, credential.access_key_id)}",
            f"{ID} = {credential.access_key_id}",
            f"{SECRET} = {credential.secret.reveal()}",
        )
        after = ini.insert(self._without(before), self.name, lines)
        self._prove(before, after, credential)
        return after

    def drop(self, content: bytes) -> bytes | None:
        """The file without our lines, and without our section where nothing else is in it."""
        return ini.prune(self._without(content), self.name) or None

    def _without(self, content: bytes) -> bytes:
        return ini.remove(content, self.name, OPTIONS, "# narrowgate: ")

    def _prove(self, before: bytes, after: bytes, credential: Credential) -> None:
        # INVARIANT: what AWS's tools read from the file changes only by our key.
        with_section = before if self.name in (ini.parse(before) or {}) else ini.insert(before, self.name, ())
        wanted = dict(ini.parse(with_section) or {})
        rest = {k: v for k, v in wanted.get(self.name, {}).items() if k not in OPTIONS}
        wanted[self.name] = rest | {ID: credential.access_key_id, SECRET: credential.secret.reveal()}
        if ini.parse(after) != wanted:
            raise Refused(
                f"cannot write the profile `{self.name}`: its section is written in a way that cannot be "
                "edited safely. remove the section, or choose another name"
            )


def _open(settings: Settings, context: Context) -> FileSink:
    written = settings.path or context.environ.get("AWS_SHARED_CREDENTIALS_FILE") or DEFAULT_PATH
    # AWS resolves a relative AWS_SHARED_CREDENTIALS_FILE from where the person stands, not from the spec.
    path = place(context, written) if settings.path or written.startswith("~") else Path(written).absolute()
    label = f"profile `{settings.name}` in `{written}`"
    return FileSink(path, ProfileForm(settings.name, context), label, settings.replace, settings.name)


SINK: Final = SinkKind("profile", "A profile of the AWS shared credentials file.", Settings, _open)
