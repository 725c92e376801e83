"""What AWS refuses in a call and moto takes, where a decision would then be about something else. Pure.

Tags for a resource that the call does not make, tags twice or of AWS's own, versions of a launch template that are
none: moto makes something of each, so what was decided would not be what is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from narrowgate.calls import Call, Fields, Value
from narrowgate.catalogue.authorization import Authorization
from narrowgate.catalogue.facts import Facts, Place

TWINS: Final = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
_RESERVED: Final = "aws: prefixed tag key names are not allowed for external use."
_VERSION: Final = re.compile(r"[1-9][0-9]{0,9}|\$Latest|\$Default")
_TAGS: Final = (("Key", "Value"), ("key", "value"), ("TagKey", "TagValue"))
_TAG_CONTEXT: Final = "aws:requesttag/"


def objection(call: Call, asked: Iterable[Authorization], place: Place, facts: Facts) -> tuple[str, bool] | None:
    """Why AWS would refuse the call before it decides, and whether its tags are why; None where nothing is wrong."""
    asked = tuple(asked)
    if _repeats_a_tag(call.params) or any(_has_twins(each) for each in asked):
        return TWINS, True
    # IAM's own words for these come from the faithful services.
    if call.service != "iam" and any(_is_awss(key) for each in asked for key in each.context):
        return _RESERVED, True
    return next(_untaggable(call, asked), None) or next(_no_versions(call.params, place, facts), None)


def _has_twins(each: Authorization) -> bool:
    """A condition key has no case, so what tags that differ in case only mean to a condition is not known."""
    return len({key.lower() for key in each.context}) < len(each.context)


def _is_awss(key: str) -> bool:
    lower = key.lower()
    return lower.startswith(_TAG_CONTEXT) and lower.removeprefix(_TAG_CONTEXT).startswith("aws:")


def _repeats_a_tag(value: Value) -> bool:
    """Whether some list of tags in the call has a key twice."""
    match value:
        case Fields():
            return any(_repeats_a_tag(each) for each in value.values())
        case tuple():
            keys = [each[k] for each in value if isinstance(each, Fields) for k, v in _TAGS if k in each and v in each]
            return len(set(keys)) < len(keys) or any(_repeats_a_tag(each) for each in value)
    return False


def _untaggable(call: Call, asked: tuple[Authorization, ...]) -> Iterator[tuple[str, bool]]:
    """Tags for a type that the operation does not make; for the others ec2:CreateTags was asked."""
    if call.service != "ec2":
        return
    types = {each.type for each in asked if each.action == "ec2:CreateTags"}
    for each in call.params.items_of("TagSpecifications"):
        if each.text("ResourceType") not in types and each.items_of("Tags"):
            yield f"'{each.text('ResourceType')}' is not a valid taggable resource type for this operation.", False


def _no_versions(value: Value, place: Place, facts: Facts) -> Iterator[tuple[str, bool]]:
    """Launch templates in a call with a version that none can have, or that a known template does not have."""
    if isinstance(value, tuple):
        for each in value:
            yield from _no_versions(each, place, facts)
    if not isinstance(value, Fields):
        return
    named = value.text("LaunchTemplateId") or value.text("LaunchTemplateName")
    if named and "Version" in value:
        version = value.text("Version")
        known = facts(place.arn("ec2", f"launch-template/{named}"))
        missing = known is not None and version.isdecimal() and version not in known.data
        if missing or not _VERSION.fullmatch(version):
            yield f"Could not find launch template version {version!r} of {named}.", False
    for each in value.values():
        yield from _no_versions(each, place, facts)
