"""The SSM parameter that a sink fills: made with a placeholder, before the key exists. Pure.

Source: PutParameter, ListTagsForResource, Systems Manager API reference; tags and Overwrite exclude each other.
"""

from __future__ import annotations

from narrowgate.calls import Fields, call
from narrowgate.kinds.drafts import NO_BOUNDARY, VALUE_REPLACED, retagged
from narrowgate.resource import Draft, Installation, Kind, Obstacle, Resource, Script, tag_list, tags_in

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
        return retagged(
            found,
            wanted,
            lambda tags: call("ssm", "AddTagsToResource", ResourceType="Parameter", ResourceId=name, Tags=tags),
            adopting=VALUE_REPLACED,
        )

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
            NO_BOUNDARY,
        ),
    )
