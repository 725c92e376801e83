"""A fresh embedded AWS with one guest: an IAM user for a foreign program, whose calls are recorded.

INVARIANT: what the administrator does to prepare it is not in the recording.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from narrowgate.adapters.aws import Endpoint, Identity, connect
from narrowgate.adapters.sandbox.administrator import ADMIN, ADMIN_KEYS
from narrowgate.adapters.sandbox.fresh_user import fresh_user
from narrowgate.adapters.sandbox.recording import Recorded, Recorder, read_recording
from narrowgate.calls import World, call
from narrowgate.secret import Secret

if TYPE_CHECKING:
    from narrowgate.adapters.sandbox.layer import Seen, Watcher

NAME: Final = "program"
EVERYTHING: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
_URL: Final = "http://127.0.0.1"
_HERE: Final = "127.0.0.1,localhost"


@dataclass(slots=True)
class _Lines:
    """The lines of a recording, in memory."""

    lines: list[bytes] = field(default_factory=list)

    def write(self, line: bytes) -> None:
        self.lines.append(line)

    def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Guest:
    """The program's user: its ARN and key, where the sandbox listens, and in which region the program works."""

    arn: str
    key: Identity
    url: str
    region: str
    _recorded: _Lines

    def calls(self) -> tuple[Recorded, ...]:
        """The calls of everybody but the administrator so far."""
        return tuple(read_recording(b"".join(self._recorded.lines).decode()))

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The environment of the program: `given` without its AWS settings, and with those of the guest.

        No profile, no configuration file and no metadata service is read; no proxy stands before the sandbox.
        """
        kept = {k: v for k, v in given.items() if not k.startswith(("AWS_", "BOTO_"))}
        proxied = {name: ",".join(filter(None, (kept.get(name), _HERE))) for name in ("NO_PROXY", "no_proxy")}
        return {
            **kept,
            **proxied,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.key.access_key_id or "",
            # The child's environment is where a program looks for its key; the key is worth nothing elsewhere.
            "AWS_SECRET_ACCESS_KEY": self.key.secret.reveal() if self.key.secret else "",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            # The sandbox takes no chunks that are signed one by one.
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        }


@contextmanager
def hosting(documents: Sequence[str], region: str, *, ahead: int = 0, keep: Path | None = None) -> Iterator[Guest]:
    """Serve a fresh sandbox to a guest with these managed policies and no other.

    `ahead`: how many ids of changing calls are passed over, so that what is made has other ids than in a run
    before, while what an account has from the start, such as the default VPC, keeps its own: as on AWS. `keep`: a
    file that the recording is added to. Raises Refused beside another sandbox, or for a file that cannot be used.
    """
    from narrowgate.adapters.sandbox.embedded import Embedded
    from narrowgate.adapters.sandbox.layer import Conditions
    from narrowgate.adapters.sandbox.server import serve

    lines = _Lines()
    with _recording(lines, keep) as watcher, Embedded(conditions=Conditions(watchers=(watcher,))) as embedded:
        admin = connect(Identity(ADMIN[0], Secret(ADMIN[1])), Endpoint(region, _URL, embedded.transport))
        _pass_over(admin, ahead)
        arn, key = fresh_user(admin, NAME, documents)
        with serve(embedded) as server:
            yield Guest(arn, key, server.url, region, lines)


@contextmanager
def _recording(lines: _Lines, keep: Path | None) -> Iterator[Watcher]:
    from narrowgate.adapters.sandbox.watchers import RecordingWatcher

    def tell(_: str) -> None:
        """What the file lacks, the file itself says; the policy is derived from what is in memory."""

    recorders = [Recorder(lines, tell=tell), *([Recorder(keep, tell=tell)] if keep else [])]
    watchers = [RecordingWatcher(recorder) for recorder in recorders]

    def watch(seen: Seen) -> None:
        if seen.request.scope is None or seen.request.scope.key_id not in ADMIN_KEYS:
            for watcher in watchers:
                watcher(seen)

    try:
        yield watch
    finally:
        for recorder in recorders:
            recorder.close()


def _pass_over(admin: World, count: int) -> None:
    """Make so many changing calls that change nothing: ids depend on the number of the call that makes them."""
    for _ in range(count):
        # There is no such parameter, which a World tells by None.
        admin(call("ssm", "DeleteParameter", Name="narrowgate-nothing"))
