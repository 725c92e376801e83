"""The instance profile that hands the role to the nodes; it holds one role. Pure.

Source: CreateInstanceProfile, AddRoleToInstanceProfile, IAM API reference: one role at most, no boundary.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import Call, Fields, call
from narrowgate.kinds.drafts import NO_BOUNDARY, retagged, unmoved
from narrowgate.resource import Draft, Installation, Kind, Obstacle, Resource, Script, tag_list, tags_in

KIND = Kind("iam_instance_profile", "what EC2 hands to the nodes", options=("path", "name_prefix", "tags"))


def resource(installation: Installation, address: str, name: str, role: tuple[str, str]) -> Resource:
    """The profile `name`, with the role given as name and address."""
    tags = tag_list(installation.tags_of(address))
    create = call("iam", "CreateInstanceProfile", InstanceProfileName=name, Path=installation.path, Tags=tags)
    role_name, role_address = role
    return Resource(
        address=address,
        name=name,
        identity=installation.arn("instance-profile", name),
        needs=(role_address,),
        read=partial(_read, name),
        create=(
            Draft(create, "create", "its name goes to the installer", needs=()),
            Draft(_add(name, role_name), "create", "the nodes get the role"),
        ),
        change=partial(_change, installation, address, (name, role_name)),
        delete=partial(_delete, name),
        unsupported=(NO_BOUNDARY,),
    )


def _read(name: str, whole: bool) -> Script:
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


def _change(
    installation: Installation, address: str, names: tuple[str, str], found: Fields
) -> tuple[Draft | Obstacle, ...]:
    if stuck := unmoved(found, installation.path, "an instance profile"):
        return stuck
    name, role = names
    refilled: tuple[Draft, ...] = ()
    if found.texts("Roles") != (role,):
        why = f"it holds {', '.join(found.texts('Roles')) or 'no role'}"
        refilled = (*_emptied(name, found), Draft(_add(name, role), "update", why))
    tagged = retagged(
        found,
        installation.tags_of(address),
        lambda tags: call("iam", "TagInstanceProfile", InstanceProfileName=name, Tags=tags),
    )
    return (*tagged, *refilled)


def _delete(name: str, found: Fields) -> tuple[Draft, ...]:
    gone = call("iam", "DeleteInstanceProfile", InstanceProfileName=name)
    return (*_emptied(name, found), Draft(gone, "delete", "the instance profile"))


def _add(name: str, role: str) -> Call:
    return call("iam", "AddRoleToInstanceProfile", InstanceProfileName=name, RoleName=role)


def _emptied(name: str, found: Fields) -> tuple[Draft, ...]:
    return tuple(
        Draft(
            call("iam", "RemoveRoleFromInstanceProfile", InstanceProfileName=name, RoleName=holder),
            "delete",
            "the profile is emptied first",
        )
        for holder in found.texts("Roles")
    )
