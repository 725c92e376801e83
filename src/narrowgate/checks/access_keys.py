"""The user's keys: no strangers, none switched off unseen, every sink supplied. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from narrowgate.checks import Check, Subject
from narrowgate.finding import Finding
from narrowgate.identities import KEY
from narrowgate.kinds.iam_access_key import current, holders_of


def find(subject: Subject) -> Iterable[Finding]:
    """Findings about keys beside the current one, and about the current one's state and whereabouts."""
    found = subject.at(KEY)
    if not found:
        return
    kept = current(found)
    memory = found.group("Memory")
    known = {*holders_of(found), *memory.texts("Made"), *memory.texts("Delivered")}
    user = subject.spec.user_name
    for key in found.items_of("Keys"):
        name = key.text("AccessKeyId")
        if name == kept and key.text("Status") != "Active":
            evidence = f"the key `{name}` that the sinks hold is {key.text('Status').lower()}"
            fix = "narrowgate rotate makes a new one; aws iam update-access-key switches this one on again"
            yield Finding("access_keys", "high", user, evidence, fix)
        elif name != kept and name not in known:
            evidence = f"the key `{name}` was not made by narrowgate"
            yield Finding("access_keys", "medium", user, evidence, "delete it in IAM if nobody uses it")
        elif name != kept:
            evidence = f"the older key `{name}` is still there: a rotation is unfinished"
            yield Finding("access_keys", "medium", user, evidence, "narrowgate rotate")
    if kept and kept not in holders_of(found):
        evidence = f"no sink holds the secret of `{kept}` any more"
        yield Finding(
            "access_keys", "low", user, evidence, "narrowgate rotate makes a new key, if the secret is needed"
        )


CHECK = Check("access_keys", "the user has one active key, ours, and the sinks hold it", "account", find)
