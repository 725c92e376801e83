"""A customer-managed policy; a change is a new version, the oldest unused one making room. Pure.

Source: "Versioning IAM policies", IAM User Guide: five versions at most, the default one cannot be deleted.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import Fields, Reply, call
from narrowgate.kinds.drafts import NO_BOUNDARY, retagged
from narrowgate.policy import Document, from_value
from narrowgate.resource import INSTALLATION, Draft, Installation, Kind, Obstacle, Resource, Script, tag_list, tags_in

KIND = Kind("iam_policy", "a customer-managed policy", options=("path", "name_prefix", "tags"))
MOST_VERSIONS = 5


def resource(
    installation: Installation, address: str, name: str, document: Document, users: frozenset[tuple[str, str]]
) -> Resource:
    """The policy `name` with the meaning of `document`; `users` are entities, by sort and name, that are ours."""
    arn = installation.arn("policy", name)
    tags, text = installation.tags_of(address), document.text()
    create = call(
        "iam", "CreatePolicy", PolicyName=name, Path=installation.path, PolicyDocument=text, Tags=tag_list(tags)
    )
    return Resource(
        address=address,
        name=name,
        identity=arn,
        needs=(),
        read=partial(_read, arn, document),
        create=(Draft(create, "create", "what the identity may do"),),
        change=partial(_change, arn, users, (tags, text)),
        delete=partial(_delete, arn, users),
        unsupported=(NO_BOUNDARY,),
    )


def _read(arn: str, document: Document, whole: bool) -> Script:
    reply = yield call("iam", "GetPolicy", PolicyArn=arn)
    if reply is None:
        return None
    policy = reply.group("Policy")
    default = policy.text("DefaultVersionId")
    version = yield call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=default)
    difference = _difference(version, document)
    versions, entities = None, None
    if whole or difference:
        versions = yield call("iam", "ListPolicyVersions", PolicyArn=arn)
    if whole or INSTALLATION not in tags_in(policy):
        entities = yield call("iam", "ListEntitiesForPolicy", PolicyArn=arn)
    return Fields(
        Arn=arn,
        Tags=tags_in(policy),
        Difference=difference,
        Default=default,
        Versions=_oldest_first(versions),
        Entities=_entities(entities),
    )


def _change(
    arn: str, users: frozenset[tuple[str, str]], wanted: tuple[Fields, str], found: Fields
) -> tuple[Draft | Obstacle, ...]:
    tags_wanted, text = wanted
    others = [d.extra for e in found.items_of("Entities") if (d := _detachment(arn, e, users)) is not None]
    if others and INSTALLATION not in found.group("Tags"):
        return (Obstacle(f"others use it, and taking it over would change what they may do: {', '.join(others)}"),)
    drafts = [*retagged(found, tags_wanted, lambda tags: call("iam", "TagPolicy", PolicyArn=arn, Tags=tags))]
    if found.text("Difference"):
        versions = found.texts("Versions")
        if len(versions) >= MOST_VERSIONS:
            oldest = next(v for v in versions if v != found.text("Default"))
            drop = call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=oldest)
            drafts.append(Draft(drop, "delete", f"the oldest unused of {MOST_VERSIONS} versions makes room"))
        new = call("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        drafts.append(Draft(new, "update", f"version {found.text('Default')}: {found.text('Difference')}"))
    return tuple(drafts)


def _delete(arn: str, users: frozenset[tuple[str, str]], found: Fields) -> tuple[Draft, ...]:
    others = tuple(d for e in found.items_of("Entities") if (d := _detachment(arn, e, users)) is not None)
    unused = (v for v in found.texts("Versions") if v != found.text("Default"))
    drop = tuple(
        Draft(call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=v), "delete", "an older version")
        for v in unused
    )
    return (*others, *drop, Draft(call("iam", "DeletePolicy", PolicyArn=arn), "delete", "the policy"))


def _difference(version: Reply | None, document: Document) -> str:
    """How the version's meaning differs from what is wanted, in words; the empty string when it does not."""
    value = version.group("PolicyVersion").get("Document") if version else None
    found = from_value(value, "identity") if isinstance(value, Fields) else None
    if not isinstance(found, Document):
        return "it cannot be read as a policy"
    if found == document:
        return ""
    lacking, surplus = _apart(document, found), _apart(found, document)
    differing = tuple(name for name in lacking if name in surplus)
    parts = (
        _named("differs in", differing),
        _named("lacks", tuple(n for n in lacking if n not in differing)),
        _named("has, though it is not wanted,", tuple(n for n in surplus if n not in differing)),
    )
    return "it " + (", ".join(part for part in parts if part) or "has another Version element")


def _apart(these: Document, those: Document) -> tuple[str, ...]:
    """The statements of `these`, by Sid or number, whose meaning none of `those` has."""
    meanings = {statement.meaning for statement in those.statements}
    return tuple(
        statement.sid or f"number {number}"
        for number, statement in enumerate(these.statements, 1)
        if statement.meaning not in meanings
    )


def _named(verb: str, statements: tuple[str, ...]) -> str:
    return f"{verb} statement{'s' if len(statements) > 1 else ''} {', '.join(statements)}" if statements else ""


def _oldest_first(reply: Reply | None) -> tuple[str, ...]:
    versions = (reply or Fields()).items_of("Versions")
    return tuple(v.text("VersionId") for v in sorted(versions, key=lambda v: int(v.text("VersionId").lstrip("v") or 0)))


def _entities(reply: Reply | None) -> tuple[Fields, ...]:
    found = reply or Fields()
    return tuple(
        Fields(Kind=kind, Name=entity.text(f"{kind}Name"))
        for kind in ("User", "Role", "Group")
        for entity in found.items_of(f"Policy{kind}s")
    )


def _detachment(arn: str, entity: Fields, ours: frozenset[tuple[str, str]]) -> Draft | None:
    """The call that takes the policy from an entity that is not ours."""
    kind, name = entity.text("Kind"), entity.text("Name")
    if (kind, name) in ours:
        return None
    detach = call("iam", f"Detach{kind}Policy", **{f"{kind}Name": name}, PolicyArn=arn)
    return Draft(detach, "delete", "attached by someone else", extra=f"attachment of {arn} to {kind.lower()} {name}")
