"""The sink `csv`: the two columns that the IAM console offers as "Download .csv file".

The console's file begins with a byte order mark and ends its lines with CRLF. Ours does neither:
whoever reads the console's file reads a plainer one too, while a mark ends up in the first column's
name and a carriage return in a secret that a shell script cuts out. Both are accepted on reading.

`aws configure import --csv file://…` (CLI version 2) demands a third column, `User name`, which the
console's download for an access key lacks (aws-cli issues 7721, 7758): `user_name: true` adds it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from narrowgate.adapters.sinks import Context, Credential, SinkKind
from narrowgate.adapters.sinks._file import FileSink, Held, place, text_of
from narrowgate.secret import Secret

USER: Final = "User name"
ID: Final = "Access key ID"
SECRET: Final = "Secret access key"


class Settings(BaseModel):
    """Where the file is, and whether it names the user."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field("credentials.csv", min_length=1, description="The file, from the spec's folder.")
    user_name: bool = Field(False, description="Add the column `User name`, which `aws configure import --csv` needs.")
    replace: bool = Field(False, description="Overwrite a file that is not ours, and lose what it holds.")


@dataclass(frozen=True, slots=True)
class CsvForm:
    """A header and one row."""

    user_name: bool = False
    replace: bool = False

    def objection(self, content: bytes) -> str | None:
        """Anything but one row in the console's columns is somebody else's."""
        if self.replace or not content.strip() or _row(content) is not None:
            return None
        return "the file is not a single access key in the console's layout. move it, or choose another path"

    def held(self, content: bytes) -> Held | None:
        """The key of the one row. A CSV file has no comments, so nothing marks it as ours."""
        row = _row(content)
        return Held(row[ID], Secret(row[SECRET])) if row else None

    def put(self, content: bytes | None, credential: Credential) -> bytes:
        """The header and the row."""
        cells = {ID: credential.access_key_id, SECRET: credential.secret.reveal()}
        if self.user_name:
            cells = {USER: credential.user_name, **cells}
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([list(cells), list(cells.values())])
        return out.getvalue().encode()

    def drop(self, content: bytes) -> bytes | None:
        """Nothing is left: the file is the credential."""
        return None


def _row(content: bytes) -> dict[str, str] | None:
    text = text_of(content)
    if text is None:
        return None
    try:
        rows = [r for r in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")) if r]
    except csv.Error:
        return None
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return None
    row = {name.strip().lower(): cell.strip() for name, cell in zip(*rows, strict=True)}
    id_, secret = row.pop(ID.lower(), ""), row.pop(SECRET.lower(), "")
    row.pop(USER.lower(), "")
    return {ID: id_, SECRET: secret} if id_ and secret and not row else None


def _open(settings: Settings, context: Context) -> FileSink:
    form = CsvForm(settings.user_name, settings.replace)
    return FileSink(place(context, settings.path), form, f"csv file `{settings.path}`", settings.replace)


SINK: Final = SinkKind("csv", "A CSV file in the layout that the IAM console downloads.", Settings, _open)
