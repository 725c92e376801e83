"""A sink in AWS: one JSON text in a container that the plan makes, tags and deletes.

The text has sorted members, so that the same credential is always the same text and a store can be
repeated. A text of any other shape, such as the container's placeholder, holds no credential.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from narrowgate.adapters.sinks import Context, Credential, Pair
from narrowgate.adapters.sinks.credential_process import object_of
from narrowgate.calls import Fields, Value, World
from narrowgate.errors import Refused
from narrowgate.secret import Secret

NOTHING: Final = Secret("{}")
"""What `forget` leaves: neither service keeps an empty text, and the container is the plan's to delete."""


class Container(Protocol):
    """A place in AWS that keeps one secret text."""

    def check(self) -> None:
        """Raise Refused if the container is there and is not ours to write. One not made yet is fine."""

    def read(self) -> Secret | None:
        """The text now in it; None where there is no container or no text."""

    def write(self, text: Secret) -> None:
        """Make the text the current one."""


@dataclass(frozen=True, slots=True)
class CloudSink:
    """The sink that keeps a credential in a container in AWS."""

    container: Container
    label: str
    where: str

    def probe(self, ours: frozenset[str] = frozenset()) -> None:
        """See Sink. AWS has no dry run for a write: that it is permitted is for the plan's proof."""
        self.container.check()

    def store(self, credential: Credential) -> None:
        """See Sink. Raises AWS's errors; repeating it after an unknown outcome is safe."""
        text = text_of(credential)
        if self.container.read() != text:
            self.container.write(text)

    def holds(self) -> frozenset[str]:
        """See Sink."""
        pair = pair_of(self.container.read())
        return frozenset({pair[0]}) if pair else frozenset()

    def load(self, key_id: str) -> Pair | None:
        """See Sink."""
        pair = pair_of(self.container.read())
        return pair if pair and pair[0] == key_id else None

    def forget(self, key_id: str) -> bool:
        """See Sink. AWS keeps older versions for a while: only deleting the key makes them worthless."""
        if self.load(key_id) is None:
            return False
        self.container.write(NOTHING)
        return True

    def describe(self) -> str:
        """See Sink."""
        return self.label

    def place(self) -> str:
        """See Sink."""
        return self.where

    def part(self) -> str:
        """See Sink."""
        return ""


def text_of(credential: Credential) -> Secret:
    """The JSON text that the container keeps."""
    members = {
        "access_key_id": credential.access_key_id,
        "secret_access_key": credential.secret.reveal(),
        "user_name": credential.user_name,
    }
    return Secret(json.dumps(members, sort_keys=True))


def pair_of(text: Secret | None) -> Pair | None:
    """The key in the text; None where it is not such a text."""
    found = object_of(text.reveal()) if text else {}
    key_id, secret = found.get("access_key_id"), found.get("secret_access_key")
    if isinstance(key_id, str) and isinstance(secret, str) and key_id and secret:
        return key_id, Secret(secret)
    return None


def world_of(context: Context, label: str) -> World:
    """The World to reach AWS with. Raises Refused where there is none."""
    if context.world is None:
        raise Refused(f"cannot use {label}: it lives in AWS, and this runs offline. choose a sink in a file")
    return context.world


def check_tags(label: str, tags: Iterable[Fields], wanted: Mapping[str, str], *, adopt: bool = False) -> None:
    """Raise Refused unless the container carries all of our owner tags, or, to `adopt`, nobody's."""
    found = {tag.text("Key"): tag.text("Value") for tag in tags}
    if adopt and not wanted.keys() & found.keys():
        return
    if not wanted or not wanted.items() <= found.items():
        raise Refused(
            f"cannot use {label}: it exists without our tags. choose another name, or adopt it with `--adopt`"
        )


def secret_of(value: Value) -> Secret | None:
    """A member that AWS marks sensitive, whether the World has wrapped it or not."""
    if isinstance(value, str):
        return Secret(value)
    return value if isinstance(value, Secret) else None
