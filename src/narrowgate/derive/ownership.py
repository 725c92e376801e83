"""How a program marks what is its own, as its calls show. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from narrowgate.catalogue.authorization import is_reserved
from narrowgate.catalogue.rule import Made
from narrowgate.derive.evidence import Evidence
from narrowgate.derive.scope import Own

REQUEST_TAG = "aws:RequestTag/"


def own_of(evidence: Evidence) -> Own:
    """The tags that everything carries which the calls made with tags; none where they have none in common.

    What was made without tags, although AWS could tag it there, does not count: its grants say so.
    """
    common: dict[str, str] | None = None
    for tags in _tags_of(evidence):
        common = dict(tags) if common is None else {k: v for k, v in common.items() if tags.get(k) == v}
    return Own(MappingProxyType({k: v for k, v in sorted((common or {}).items()) if not is_reserved(k + v)}))


def _tags_of(evidence: Evidence) -> Iterator[dict[str, str]]:
    for use in evidence.uses:
        for asked in use.authorizations:
            tags = {k.removeprefix(REQUEST_TAG): v for k, v in asked.context.items() if k.startswith(REQUEST_TAG)}
            if asked.new and tags:
                yield {k: v for k, v in tags.items() if isinstance(v, str)}


def untagged(evidence: Evidence, own: Own) -> tuple[Made, ...]:
    """What the calls made and did not mark, as far as the catalogue knows its tags."""
    # An association is no thing of its own: its id stands for one of those that it joins.
    made = (each for arn in evidence.drawn if (each := evidence.made.get(arn)) and "self" not in each.attributes.links)
    return tuple(each for each in made if any(each.attributes.tags.get(k) != v for k, v in own.tags.items()))
