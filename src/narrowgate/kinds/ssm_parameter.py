"""The SSM parameter that a sink fills: made with a placeholder, before the key exists. Pure.

Source: PutParameter, ListTagsForResource, Systems Manager API reference; tags and Overwrite exclude each other.
"""

from __future__ import annotations

from narrowgate.calls import Fields, call
from narrowgate.resource import (
    INSTALLATION,
    Draft,
    Installation,
    Kind,
    Obstacle,
    Resource,
    Script,
    missing_tags,
    tag_list,
    tags_in,
)

KIND = Kind("ssm_parameter", "where the `ssm` sink keeps the key", options=("tags",))
PLACEHOLDER = "pending"


def resource(installation: Installation, address: str, name: str, kms_key: str | None) -> Resource:
    """The SecureString parameter `name`, encrypted under `kms_key` or the account's default key."""
    wanted = installation.tags_of(address)

    def read(whole: bool) -> Script:
        listed, tags = yield (
            call(
                "ssm",
                "DescribeParameters",
                ParameterFilters=({"Key": "Name", "Option": "Equals", "Values": [name]},),
                MaxResults=10,
            ),
            call("ssm", "ListTagsForResource", ResourceType="Parameter", ResourceId=name),
        )
        if not (listed or Fields()).items_of("Parameters"):
            return None
        found = tags or Fields()
        return Fields(Tags=tags_in(Fields(Tags=found.items_of("TagList"))))

    def change(found: Fields) -> tuple[Draft | Obstacle, ...]:
        tags = missing_tags(found, wanted)
        if not tags:
            return ()
        tag = call("ssm", "AddTagsToResource", ResourceType="Parameter", ResourceId=name, Tags=tag_list(tags))
        return (Draft(tag, "update", _why(tags)),)

    def delete(found: Fields) -> tuple[Draft, ...]:
        return (Draft(call("ssm", "DeleteParameter", Name=name), "delete", "the key in it no longer works"),)

    create = call(
        "ssm", "PutParameter", Name=name, Value=PLACEHOLDER, Type="SecureString", KeyId=kms_key, Tags=tag_list(wanted)
    )
    return Resource(
        address=address,
        name=name,
        identity=f"arn:{installation.partition}:ssm:{installation.region}:{installation.account}:parameter{name}",
        needs=(),
        read=read,
        create=(Draft(create, "create", "a placeholder until the key exists"),),
        change=change,
        delete=delete,
        unsupported=(
            ("path", "the parameter's name is its path"),
            ("name_prefix", "the spec gives a parameter's whole name"),
            ("permissions_boundary", "AWS has boundaries on users and roles only"),
        ),
    )


def _why(tags: Fields) -> str:
    adopted = "; it is taken over, and the key takes the place of its value" if INSTALLATION in tags else ""
    return f"tags to set: {', '.join(tags)}{adopted}"
