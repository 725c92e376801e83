"""What the journal's lines prove about access keys and earlier specs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from narrowgate.calls import Fields

Entry = Mapping[str, Any]


def keys(everything: Sequence[Entry], user: str, account: str | None = None) -> Fields:
    """What is known of the keys of `user` in `account`; None asks for every account's.

    `Made`: ids that CreateAccessKey answered us. `Delivered`: ids whose secret reached a sink. `Open`: intents
    to make a key that were never answered, with the ids `Before` and the time `At`. `Born`: id to the time we made
    it, unless we deleted it. `Gone`: id to the time we deleted it. `Deleting`: id to the time we last set out to
    delete it. `Stored`: which `Sink` was given which key, and
    when. `Inactive`: id to the time we deactivated it. `Rotation`: the id that an unfinished rotation replaces.
    """
    entries = tuple(_in_account(everything, account))
    intents = {e["n"]: e for e in entries if e["event"] == "intent"}
    answered = {e["of"] for e in entries if e["event"] in ("outcome", "failure")}
    mine = {n: e for n, e in intents.items() if e["call"] == "iam:CreateAccessKey" and e["params"]["UserName"] == user}
    done = [(intents[e["of"]], e) for e in entries if e["event"] == "outcome" and e["of"] in intents]
    born = {o["ids"]["AccessKeyId"]: o["at"] for i, o in done if i["n"] in mine and "AccessKeyId" in o["ids"]}
    theirs = [(i, o) for i, o in done if i["params"].get("UserName") == user]
    gone = {i["params"]["AccessKeyId"]: o["at"] for i, o in theirs if i["call"] == "iam:DeleteAccessKey"}
    delivered = [i["params"]["AccessKeyId"] for i, _ in theirs if i["call"] in ("sink:StoreKey", "sink:CopyKey")]
    deleting = [e for e in intents.values() if e["call"] == "iam:DeleteAccessKey" and e["params"]["UserName"] == user]
    return Fields(
        Made=tuple(born),
        Born=Fields({key: at for key, at in born.items() if key not in gone}),
        Gone=Fields(gone),
        Deleting=Fields({e["params"]["AccessKeyId"]: e["at"] for e in deleting}),
        Stored=_stored(done),
        Delivered=tuple(dict.fromkeys(delivered)),
        Open=tuple(
            Fields(Before=tuple(e.get("note", {}).get("Before", ())), At=e["at"])
            for n, e in mine.items()
            if n not in answered
        ),
        Inactive=Fields(_deactivations(done, user)),
        Rotation=_rotation(entries, user),
    )


def _in_account(entries: Iterable[Entry], account: str | None) -> Iterator[Entry]:
    """The lines of runs in the account: a spec may have been used in several, the sandbox's among them."""
    present: object = None
    for entry in entries:
        if entry["event"] == "run":
            present = entry["scope"].get("account")
        if account is None or present == account:
            yield entry


def _stored(done: Iterable[tuple[Entry, Entry]]) -> tuple[Fields, ...]:
    stored: dict[tuple[str, str], str] = {}
    for intent, outcome in done:
        params = intent["params"]
        if intent["call"] in ("sink:StoreKey", "sink:CopyKey"):
            stored = {pair: at for pair, at in stored.items() if pair[1] != params["Sink"]}
            stored[params["AccessKeyId"], params["Sink"]] = outcome["at"]
        elif intent["call"] == "sink:ForgetKey":
            stored.pop((params["AccessKeyId"], params["Sink"]), None)
    return tuple(Fields(AccessKeyId=key, Sink=sink, At=at) for (key, sink), at in stored.items())


def _deactivations(done: Iterable[tuple[Entry, Entry]], user: str) -> dict[str, str]:
    since: dict[str, str] = {}
    for intent, outcome in done:
        params = intent["params"]
        if intent["call"] == "iam:UpdateAccessKey" and params["UserName"] == user:
            if params["Status"] == "Inactive":
                since[params["AccessKeyId"]] = outcome["at"]
            else:
                since.pop(params["AccessKeyId"], None)
    return since


def _rotation(entries: Iterable[Entry], user: str) -> str:
    replaced = ""
    for entry in entries:
        if entry["event"] in ("rotation", "rotated") and entry["user"] == user:
            replaced = entry["old"] if entry["event"] == "rotation" else ""
        elif entry["event"] == "clean" and entry["user"] == user:
            replaced = ""
    return replaced


def _cleans(entry: Entry, scope: Mapping[str, Any]) -> bool:
    """Whether the teardown was of what the scope made."""
    torn = (entry["account"], entry["file"], entry["system"])
    return torn == (scope["account"], scope.get("file"), scope["spec"].get("system"))


def scopes(entries: Iterable[Entry]) -> tuple[Mapping[str, Any], ...]:
    """Every different scope that mutating commands worked on since all was last torn down, oldest first."""
    found: list[Mapping[str, Any]] = []
    for entry in entries:
        if entry["event"] == "clean":
            found = [scope for scope in found if not _cleans(entry, scope)]
        elif entry["event"] == "run" and entry["scope"] not in found:
            found.append(entry["scope"])
    return tuple(found)
