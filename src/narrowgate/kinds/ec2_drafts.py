"""What the kinds of EC2 have in common: reads by the ownership tag, creates that carry the tags. Pure.

A thing of EC2 gets its id from AWS, so it is found by its address tag. One filter for all of an installation makes the
reads of things of one type the same Call, which an observation makes once.
Source: "Filtering" and `TagSpecifications` of each operation, Amazon EC2 API Reference.
"""

from __future__ import annotations

from collections.abc import Mapping

from narrowgate.calls import EMPTY, Call, Fields, Ref, Reply, Value, call
from narrowgate.kinds.drafts import NO_BOUNDARY
from narrowgate.resource import ADDRESS, INSTALLATION, Installation, Obstacle, tag_list, tags_in

UNSUPPORTED = (
    ("path", "EC2 has no paths"),
    ("name_prefix", "it is found by its tags; a name begins with the system's"),
    NO_BOUNDARY,
)


def listing(installation: Installation, operation: str, **params: object) -> Call:
    """The read of everything of one type that carries the installation's tag."""
    ours = Fields(Name=f"tag:{INSTALLATION}", Values=(installation.system,))
    return call("ec2", operation, Filters=(ours,), **params)


def tagged(installation: Installation, address: str, *types: str) -> tuple[Fields, ...]:
    """`TagSpecifications` for new things of some types."""
    tags = tag_list(installation.tags_of(address))
    return tuple(Fields(ResourceType=type_, Tags=tags) for type_ in types)


def making(installation: Installation, operation: str, address: str, **params: object) -> Call:
    """The call that makes the thing at `address` and tags it; its kind is AWS's name of its type."""
    type_ = address.partition(".")[0].replace("_", "-")
    return call("ec2", operation, **params, TagSpecifications=tagged(installation, address, type_))


def identity(installation: Installation, address: str) -> str:
    """What a thing without a name of its own is known by: its two tags, in its account and region."""
    place = f"{installation.partition}:{installation.account}:{installation.region}"
    return f"{place} {INSTALLATION}={installation.system} {ADDRESS}={address}"


def found(reply: Reply | None, member: str, address: str) -> Fields | None:
    """The thing with that address tag in a reply's list."""
    listed = (reply or EMPTY).items_of(member)
    return next((each for each in listed if tags_in(each).text(ADDRESS) == address), None)


def refs_of(reply: Reply | None, member: str, attribute: str) -> Mapping[str, Ref]:
    """The installation's things in a reply's list: by id, the Ref that a wanted call names each by."""
    listed = (reply or EMPTY).items_of(member)
    return {each.text(attribute): Ref(tags_in(each).text(ADDRESS), attribute) for each in listed}


def referring(value: Value, ids: Mapping[str, Ref]) -> Value:
    """What was read, with Refs in the place of ids, so that it compares with what is wanted."""
    match value:
        case str():
            return ids.get(value, value)
        case Fields():
            return Fields({name: referring(inner, ids) for name, inner in value.items()})
        case tuple():
            return tuple(referring(inner, ids) for inner in value)
    return value


def contains(there: Value, wanted: Value) -> bool:
    """Whether what is there says all that is wanted; lists in any order, members that AWS adds aside."""
    if isinstance(wanted, Fields):
        return isinstance(there, Fields) and all(contains(there.get(name), wanted[name]) for name in wanted)
    if isinstance(wanted, tuple):
        same = isinstance(there, tuple) and len(there) == len(wanted)
        return same and isinstance(there, tuple) and all(any(contains(each, one) for each in there) for one in wanted)
    return there == wanted


def unchangeable(there: Fields, wanted: Mapping[str, str | None], what: str) -> tuple[Obstacle, ...]:
    """Why a thing with other values than the wanted ones cannot be had; None is no wish."""
    other = [f"its {name} is {there.text(name)}" for name, value in wanted.items() if value not in (None, there[name])]
    if not other:
        return ()
    told = ", ".join(f"{name} {value}" for name, value in wanted.items() if value is not None)
    why = f"{', '.join(other)}; AWS cannot change {what} to {told}"
    return (Obstacle(f"{why}. tear down first, or keep what is there"),)
