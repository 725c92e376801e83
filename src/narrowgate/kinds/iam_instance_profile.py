"""The instance profile that hands the role to the nodes; it holds one role. Pure.

Source: CreateInstanceProfile, AddRoleToInstanceProfile, IAM API reference: one role at most, no boundary.
"""

from __future__ import annotations

from narrowgate.calls import Fields, call
from narrowgate.resource import Draft, Installation, Kind, Obstacle, Resource, Script, missing_tags, tag_list, tags_in

KIND = Kind("iam_instance_profile", "what EC2 hands to the nodes", options=("path", "name_prefix", "tags"))


def resource(installation: Installation, address: str, name: str, role: tuple[str, str]) -> Resource:
    """The profile `name`, with the role given as name and address."""
    wanted = installation.tags_of(address)
    role_name, role_address = role
    add = call("iam", "AddRoleToInstanceProfile", InstanceProfileName=name, RoleName=role_name)

    def remove(holder: str) -> Draft:
        gone = call("iam", "RemoveRoleFromInstanceProfile", InstanceProfileName=name, RoleName=holder)
        return Draft(gone, "delete", "the profile is emptied first")

    def read(whole: bool) -> Script:
        reply = yield call("iam", "GetInstanceProfile", InstanceProfileName=name)
        if reply is None:
            return None
        found = reply.group("InstanceProfile")
        return Fields(
            Arn=found["Arn"],
            Path=found["Path"],
            Tags=tags_in(found),
            Roles=tuple(r.text("RoleName") for r in found.items_of("Roles")),
        )

    def change(found: Fields) -> tuple[Draft | Obstacle, ...]:
        if found.text("Path") != installation.path:
            where = installation.path
            return (
                Obstacle(
                    f"its path is {found.text('Path')}; AWS cannot move an instance profile to {where}. "
                    "tear down with the old path first, or keep it"
                ),
            )
        drafts: list[Draft] = []
        if tags := missing_tags(found, wanted):
            tag = call("iam", "TagInstanceProfile", InstanceProfileName=name, Tags=tag_list(tags))
            drafts.append(Draft(tag, "update", f"tags to set: {', '.join(tags)}", needs=()))
        if found.texts("Roles") != (role_name,):
            drafts += [remove(holder) for holder in found.texts("Roles")]
            drafts.append(Draft(add, "update", f"it holds {', '.join(found.texts('Roles')) or 'no role'}"))
        return tuple(drafts)

    def delete(found: Fields) -> tuple[Draft, ...]:
        gone = call("iam", "DeleteInstanceProfile", InstanceProfileName=name)
        return (*(remove(r) for r in found.texts("Roles")), Draft(gone, "delete", "the instance profile"))

    create = call(
        "iam", "CreateInstanceProfile", InstanceProfileName=name, Path=installation.path, Tags=tag_list(wanted)
    )
    return Resource(
        address=address,
        name=name,
        identity=installation.arn("instance-profile", name),
        needs=(role_address,),
        read=read,
        create=(
            Draft(create, "create", "its name goes to the installer", needs=()),
            Draft(add, "create", "the nodes get the role"),
        ),
        change=change,
        delete=delete,
        unsupported=(("permissions_boundary", "AWS has boundaries on users and roles only"),),
    )
