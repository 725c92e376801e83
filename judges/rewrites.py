"""Rewrites of a world into one that means the same and avoids one thing in which iam-simulate differs. Pure.

Each is the predicate of a known class of differences. It returns the very same world where the thing is
not in it. A rewrite may go by its own reading of AWS's documentation (`reading`), never by an engine's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from judges.pools import STRANGER, UNIQUE_IDS
from judges.reading import Entry, entries, glob, value_of, with_entries
from judges.world import NO_TRUST, Json, World, each_statement

Rewrite: TypeAlias = Callable[[World], World]

ALL: Final[Json] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NOBODY: Final[Entry] = ("AWS", f"arn:aws:iam::{STRANGER}:user/nobody")


def layer_that_does_not_apply(world: World) -> World:
    """SCPs and the caller's own policies for a principal that is no AWS identity; SCPs and RCPs for a linked role."""
    if world.principal["type"] != "AWS":
        made = replace(world, identity=(), boundaries=(), session=None, scps=())
    elif ":role/aws-service-role/" in world.principal.get("role_arn", ""):
        made = replace(world, scps=(), rcps=())
    else:
        return world
    return world if made == world else made


def root_without_policies(world: World) -> World:
    """Root: with an identity policy that allows everything, for it needs none."""
    return replace(world, identity=(ALL,)) if world.kind == "root" else world


def federated_principal(world: World) -> World:
    """A principal of type Federated: as a service of a name of its own, in the request and in every Principal."""
    provider = world.principal.get("provider")
    if provider is None:
        return world
    name = "federated.amazonaws.com"
    other = replace(world, principal={"type": "Service", "service": name})
    return _renamed(other, lambda entry: ("Service", name) if entry == ("Federated", provider) else entry)


def unique_id(world: World) -> World:
    """A unique id in a Principal: as the ARN of whom it means, by `aws:userid`, else of nobody."""
    userid = str(value_of(world.context, "aws:userid") or "")

    def meant(entry: Entry) -> Entry:
        if entry[0] != "AWS" or entry[1] not in UNIQUE_IDS.values():
            return entry
        if entry[1] != userid.partition(":")[0]:
            return NOBODY
        return "AWS", world.principal.get("role_arn") or _identity_arn(world)

    return _renamed(world, meant)


def _identity_arn(world: World) -> str:
    arn = str(world.principal["arn"])
    if ":assumed-role/" not in arn:
        return arn
    head, _, tail = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{tail.partition('/')[0]}"


def role_of_another_path(world: World) -> World:
    """A role's ARN in a Principal that is not the session's role but has its name: as nobody."""
    role = world.principal.get("role_arn")

    def meant(entry: Entry) -> Entry:
        same_name = role and entry[1] != role and entry[1].rpartition("/")[2].lower() == role.rpartition("/")[2].lower()
        return NOBODY if entry[0] == "AWS" and ":role/" in entry[1] and same_name else entry

    return _renamed(world, meant)


def user_of_a_federated_name(world: World) -> World:
    """A user's ARN in a Principal that has the name of the federated user session: as nobody."""
    arn = world.principal.get("arn", "")
    user = arn.replace(":sts:", ":iam:").replace(":federated-user/", ":user/")
    if user == arn or world.kind != "federated-user":
        return world
    return _renamed(world, lambda entry: NOBODY if entry == ("AWS", user) else entry)


def _renamed(world: World, meant: Callable[[Entry], Entry]) -> World:
    def change(statement: Json, layer: str, document: Json) -> list[Json]:
        element, named = entries(statement)
        changed = [meant(entry) for entry in named]
        return [statement if changed == named else with_entries(statement, element, dict.fromkeys(changed))]

    return each_statement(world, change)


def canonical_user(world: World) -> World:
    """A canonical user, which cannot be evaluated: an Allow goes, a Deny holds for everyone and always."""

    def change(statement: Json, layer: str, document: Json) -> list[Json]:
        element, named = entries(statement)
        if not any(kind == "CanonicalUser" for kind, _ in named):
            return [statement]
        bare = {name: part for name, part in statement.items() if name != "Condition"}
        return [] if statement["Effect"] == "Allow" else [with_entries(bare, element, [("AWS", "*")])]

    return each_statement(world, change)


def not_principal(world: World) -> World:
    """Deny with NotPrincipal: for everyone, or gone where the principal and its account are both listed."""

    def change(statement: Json, layer: str, document: Json) -> list[Json]:
        element, named = entries(statement)
        if element != "NotPrincipal":
            return [statement]
        return [] if _is_exempt(world, named) else [with_entries(statement, "Principal", [("AWS", "*")])]

    return each_statement(world, change)


def _is_exempt(world: World, named: list[Entry]) -> bool:
    bounded = world.boundaries and world.kind in ("user", "role", "assumed-role")
    if bounded:
        return False
    rows = {row for entry in named for row in names(world, entry)}
    if world.principal["type"] != "AWS" or "everyone" in rows:
        return bool(rows)
    return "account" in rows and ("self" in rows or world.kind == "root")


def names(world: World, entry: Entry) -> set[str]:
    """How a Principal entry means the principal: `everyone`, `account`, `self`, or not at all."""
    kind, name = entry
    principal = world.principal
    if entry == ("AWS", "*"):
        return {"everyone"}
    if principal["type"] != "AWS":
        own = {"Service": principal.get("service"), "Federated": principal.get("provider")}.get(kind)
        return {"self"} if own == name else set()
    if kind != "AWS":
        return set()
    account = principal["arn"].split(":")[4]
    if name in (account, f"arn:aws:iam::{account}:root"):
        return {"account"}
    return {"self"} if _is_self(world, name) else set()


def _is_self(world: World, name: str) -> bool:
    arn, role = world.principal["arn"], world.principal.get("role_arn")
    if name in (arn, role) or str(value_of(world.context, "aws:userid") or "").partition(":")[0] == name:
        return True
    session_only = world.kind == "assumed-role" and role is None and ":role/" in name
    return session_only and name.split(":")[4] == arn.split(":")[4] and name.rpartition("/")[2] == arn.split("/")[1]


def endpoint_principal(world: World) -> World:
    """The Principal of an endpoint policy: everyone, or the statement is gone."""

    def change(statement: Json, layer: str, document: Json) -> list[Json]:
        _, named = entries(statement)
        if layer != "endpoint" or named == [("AWS", "*")]:
            return [statement]
        hit = any(names(world, entry) for entry in named)
        return [with_entries(statement, "Principal", [("AWS", "*")])] if hit else []

    return each_statement(world, change)


def granted_without_the_session_policy(world: World) -> World:
    """The world with nothing but what the resource policy allows to the session's own ARN, or to everyone."""
    policy = {**(world.resource_policy or {}), "Statement": _direct_grants(world) or [NO_TRUST]}
    bare = World(world.number, world.principal, world.action, world.resource, world.context, world.resource_account)
    return replace(bare, resource_policy=policy)


def _direct_grants(world: World) -> list[Json]:
    direct = {("AWS", str(world.principal.get("arn"))), ("AWS", "*")}
    statements: list[Json] = (world.resource_policy or {"Statement": []})["Statement"]
    return [s for s in statements if s["Effect"] == "Allow" and direct & set(entries(s)[1])]


def session_policy_beside_a_direct_grant(world: World) -> World:
    """A resource policy that allows a session's own ARN or everyone: a session policy of all but what it denies."""
    if world.session is None or not _direct_grants(world):
        return world
    return replace(world, session={**world.session, "Statement": [*world.session["Statement"], *ALL["Statement"]]})


def federated_user_without_session_policy(world: World) -> World:
    """A federated user session without a session policy: with one that allows nothing."""
    if world.kind != "federated-user" or world.session is not None:
        return world
    nothing = {"Effect": "Allow", "Action": "zzz:Never", "Resource": "*"}
    return replace(world, session={"Version": "2012-10-17", "Statement": [nothing]})


def root_that_assumes_a_role(world: World) -> World:
    """Root that calls AssumeRole, which it cannot: with a trust policy that only denies."""
    if world.kind != "root" or world.action.lower() != "sts:assumerole":
        return world

    def change(statement: Json, layer: str, document: Json) -> list[Json]:
        return [] if layer == "resource" and statement["Effect"] == "Allow" else [statement]

    return each_statement(world, change)


def missing_trust_policy(world: World) -> World:
    """A role without its trust policy: with one that grants nothing."""
    assumes = glob("sts:*", world.action) and ":role/" in world.resource
    return (
        replace(world, resource_policy={"Version": "2012-10-17", "Statement": [NO_TRUST]})
        if (assumes and world.resource_policy is None)
        else world
    )
