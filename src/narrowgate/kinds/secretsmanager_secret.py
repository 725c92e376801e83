"""The Secrets Manager secret that a sink fills: made empty, before the key exists. Pure.

Source: CreateSecret, DescribeSecret, RestoreSecret, DeleteSecret, Secrets Manager API reference.
"""

from __future__ import annotations

from narrowgate.calls import Fields, call
from narrowgate.kinds.drafts import NO_BOUNDARY, VALUE_REPLACED, retagged
from narrowgate.resource import Draft, Installation, Kind, Obstacle, Resource, Script, tag_list, tags_in

KIND = Kind("secretsmanager_secret", "where the `secretsmanager` sink keeps the key", options=("tags",))


def resource(installation: Installation, address: str, name: str) -> Resource:
    """The secret `name`."""
    wanted = installation.tags_of(address)

    def read(whole: bool) -> Script:
        found = yield call("secretsmanager", "DescribeSecret", SecretId=name)
        if found is None:
            return None
        return Fields(Arn=found["ARN"], Tags=tags_in(found), Deleted=bool(found.get("DeletedDate")))

    def change(found: Fields) -> tuple[Draft | Obstacle, ...]:
        restore = call("secretsmanager", "RestoreSecret", SecretId=name)
        return (
            *((Draft(restore, "update", "it is scheduled for deletion"),) if found.get("Deleted") else ()),
            *retagged(
                found,
                wanted,
                lambda tags: call("secretsmanager", "TagResource", SecretId=name, Tags=tags),
                adopting=VALUE_REPLACED,
            ),
        )

    def delete(found: Fields) -> tuple[Draft, ...]:
        gone = call("secretsmanager", "DeleteSecret", SecretId=name, ForceDeleteWithoutRecovery=True)
        return (Draft(gone, "delete", "the key in it no longer works"),)

    create = call("secretsmanager", "CreateSecret", Name=name, Tags=tag_list(wanted))
    return Resource(
        address=address,
        name=name,
        identity=f"arn:{installation.partition}:secretsmanager:{installation.region}:{installation.account}:secret:{name}",
        needs=(),
        read=read,
        create=(Draft(create, "create", "empty until the key exists"),),
        change=change,
        delete=delete,
        unsupported=(
            ("path", "a secret has no path"),
            ("name_prefix", "the spec gives a secret's whole name"),
            NO_BOUNDARY,
        ),
    )
