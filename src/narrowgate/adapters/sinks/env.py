"""The sink `env`: a block of exports in a file that a POSIX shell sources.

The block stands between two comments; what else the file says is kept byte for byte. It goes last,
because the last assignment wins. It unsets the session token, which a shell may still have from a
role and which would make AWS reject a key that belongs to a user.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from narrowgate.adapters.sinks import Context, Credential, SinkKind
from narrowgate.adapters.sinks._file import FileSink, Held, mark, place
from narrowgate.secret import Secret

ID: Final = "AWS_ACCESS_KEY_ID"
SECRET: Final = "AWS_SECRET_ACCESS_KEY"
END: Final = "# narrowgate: end"
ASSIGNED: Final = re.compile(rf"^[ \t]*(?:export[ \t]+)?({ID}|{SECRET})=(.*?)\r?$".encode(), re.M)


class Settings(BaseModel):
    """Where the file is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field("credentials.env", min_length=1, description="The file, from the spec's folder.")
    replace: bool = Field(False, description="Write although the file also sets a key that is not ours.")


@dataclass(frozen=True, slots=True)
class EnvForm:
    """Somebody's lines, and one block of ours."""

    context: Context
    replace: bool = False

    def objection(self, content: bytes) -> str | None:
        """A block that was cut off (where did it end?), or a key that other lines set."""
        others = self._others(content)
        if self._begin().search(others):
            return f"our block in it lacks its last line, `{END}`. remove the block, or choose another path"
        if _keys(others) and not self.replace:
            return (
                f"the file sets `{ID}` or `{SECRET}` outside our block. choose another path, or set "
                "`replace: true` to have ours come last and win"
            )
        return None

    def held(self, content: bytes) -> Held | None:
        """The key in the block of our name: ours, or that of another installation of this name."""
        block = self._block().search(content)
        keys = _keys(block.group()) if block else {}
        secret = Secret(keys[SECRET]) if keys.get(SECRET) else None
        return Held(keys.get(ID, ""), secret, marked=True) if keys else None

    def put(self, content: bytes | None, credential: Credential) -> bytes:
        """The other lines, then the block."""
        others = self._others(content or b"")
        if others and not others.endswith(b"\n"):
            others += b"\n"
        return others + "".join(f"{line}\n" for line in self._lines(credential)).encode()

    def drop(self, content: bytes) -> bytes | None:
        """The other lines."""
        return self._others(content) or None

    def _lines(self, credential: Credential) -> list[str]:
        values = {ID: credential.access_key_id, SECRET: credential.secret.reveal()}
        if credential.region:
            values |= {"AWS_REGION": credential.region, "AWS_DEFAULT_REGION": credential.region}
        exports = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
        begin = f"# {mark(self.context, credential.access_key_id)}"
        return [begin, "unset AWS_SESSION_TOKEN", *exports, END]

    def _others(self, content: bytes) -> bytes:
        return self._block().sub(b"", content)

    def _begin(self) -> re.Pattern[bytes]:
        return re.compile(b"^# " + re.escape(mark(self.context, "").encode()), re.M)

    def _block(self) -> re.Pattern[bytes]:
        end = re.escape(END.encode())
        return re.compile(self._begin().pattern + b".*?^" + end + rb"\r?(?:\n|\Z)", re.M | re.S)


def _keys(lines: bytes) -> dict[str, str]:
    """The variables of a key that the lines set; a value that no shell could read is left out."""
    found = {}
    for name, quoted in ASSIGNED.findall(lines):
        try:
            words = shlex.split(quoted.decode("utf-8", "replace"))
        except ValueError:
            words = []
        found[name.decode()] = "".join(words[:1])
    return found


def _open(settings: Settings, context: Context) -> FileSink:
    label = f"environment file `{settings.path}`"
    return FileSink(place(context, settings.path), EnvForm(context, settings.replace), label, settings.replace)


SINK: Final = SinkKind("env", "A file of exports that a shell sources.", Settings, _open)
