"""Whose call an event is: the principal, the account; the events of one of them. Pure.

Sessions of one role are one principal: policies are written for the role.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from narrowgate.adapters.cloudtrail_files import Event, group_of, text_of
from narrowgate.errors import UsageError
from narrowgate.report.text import count_of

_SESSION: Final = re.compile(r"arn:([^:]+):sts::(\d{12}):assumed-role/([^/]+)/.+")
_ARN: Final = re.compile(r"arn:aws(-cn|-us-gov)?:(iam|sts):[^:\s]*:\d{12}:[!-~]+")
_ACCOUNT: Final = re.compile(r"\d{12}")
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Identity:
    """Who made a call: the ARN of a user, a role or the root user; the account that it belongs to."""

    principal: str
    account: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The events of one principal, and how many there are of each other."""

    identity: Identity
    events: tuple[Event, ...]
    others: Mapping[str, int]


def chosen(events: Iterable[Event], principal: str, account: str) -> Chosen:
    """The events of one principal. `principal`: an ARN or a name, "" if there is only one; `account`: an id, or "".

    Raises UsageError where several are left to choose from, or none.
    """
    by_whom: dict[Identity, list[Event]] = {}
    anonymous: Counter[str] = Counter()
    told = list(events)
    paths = _role_arns(told)
    for event in told:
        found = _identity(event, paths)
        if isinstance(found, Identity):
            by_whom.setdefault(found, []).append(event)
        else:
            anonymous[found] += 1
    mine = _one({who: len(theirs) for who, theirs in by_whom.items()}, _role_of(principal, paths), account)
    others = {who.principal: len(theirs) for who, theirs in by_whom.items() if who != mine}
    return Chosen(mine, tuple(by_whom[mine]), {**others, **anonymous})


def _one(counts: Mapping[Identity, int], principal: str, account: str) -> Identity:
    left = {who: n for who, n in counts.items() if account in ("", who.account) and _is(who, principal)}
    if not left:
        asked = " and ".join(filter(None, (principal and f"`{principal}`", account and f"account `{account}`")))
        there = f"; there are events of {_listed({who.principal: n for who, n in counts.items()})}" if counts else ""
        raise UsageError(f"no CloudTrail event is of {asked or 'a user or role'}{there}")
    accounts: Counter[str] = Counter()
    for who, n in left.items():
        accounts[who.account] += n
    if len(accounts) > 1:
        raise UsageError(
            f"the events are of {len(accounts)} accounts: {_listed(accounts)}; choose one with `--account ID`"
        )
    if len(left) > 1:
        whose = _listed({who.principal: n for who, n in left.items()})
        raise UsageError(f"the events are of {len(left)} principals: {whose}; choose one with `--principal ARN`")
    return next(iter(left))


def _is(who: Identity, principal: str) -> bool:
    return principal in ("", who.principal, who.principal.rpartition("/")[2])


def _listed(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    shown = [f"{name} ({count_of(n, 'event')})" for name, n in ordered[:_SHOWN]]
    more = len(ordered) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _identity(event: Event, paths: Mapping[str, str]) -> Identity | str:
    """Who made the call; a text that says what it is if it is no principal with an ARN."""
    told = event.group("userIdentity")
    arn = text_of(told, "arn")
    if not arn:
        kind = text_of(told, "type") or "unknown"
        return text_of(told, "invokedBy") or f"{kind} {text_of(told, 'accountId')}".strip()
    issuer = group_of(group_of(told, "sessionContext"), "sessionIssuer")
    whose = text_of(issuer, "arn") if text_of(issuer, "type") == "Role" and ":assumed-role/" in arn else ""
    account = text_of(told, "accountId") or _account(arn) or event.text("recipientAccountId")
    if not (_ARN.fullmatch(arn) and _ACCOUNT.fullmatch(account)):
        return "an identity that cannot be read"
    return Identity(whose or _role_of(arn, paths), account)


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""


def _role_arns(events: Iterable[Event]) -> Mapping[str, str]:
    """The ARNs of roles, with their paths, by those without: that of a session does not tell the path."""
    found: dict[str, str] = {}
    for event in events:
        issuer = group_of(group_of(event.group("userIdentity"), "sessionContext"), "sessionIssuer")
        arn = text_of(issuer, "arn")
        if text_of(issuer, "type") == "Role" and ":role/" in arn:
            found[f"{arn.partition(':role/')[0]}:role/{arn.rpartition('/')[2]}"] = arn
    return found


def _role_of(arn: str, paths: Mapping[str, str]) -> str:
    """The role of a session; any other ARN as it is."""
    session = _SESSION.fullmatch(arn)
    if not session:
        return arn
    bare = f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}"
    return paths.get(bare, bare)
