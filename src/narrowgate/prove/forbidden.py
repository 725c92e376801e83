"""Requests that a policy must refuse: what a profile names, and every needed request altered in one way. Pure.

Altered is what tells the program's own from another's: the tag, the region, the account, the name, the action, and
the keys with which an action could be used to rise. What the program may choose freely, such as the type of an
instance, is not altered: to allow another one is no fault.
INVARIANT: the needed requests come from the catalogue, as the policy does. What the catalogue does not know of AWS is
neither granted nor forbidden here, so neither proof notices it; docs/proofs.md says where truth is looked for instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from narrowgate.catalogue.authorization import Authorization, is_reserved
from narrowgate.catalogue.facts import GLOBAL
from narrowgate.derive.evidence import Evidence
from narrowgate.derive.known import opened
from narrowgate.derive.scope import Own, is_open
from narrowgate.policy.actions import ActionList
from narrowgate.policy.request_context import Value, several
from narrowgate.prove.alternatives import ANOTHER, REGION_KEYS, Others, another_prefix, others_of, renamed
from narrowgate.prove.sufficiency import called, identity, named, needs_of

TAG_KEYS: Final = "aws:tagkeys"
_RISING: Final = frozenset(
    {
        "autoscaling:launchtemplateversionspecified",
        "ec2:createaction",
        "ec2:newinstanceprofile",
        "elasticloadbalancing:createaction",
        "iam:awsservicename",
        "iam:passedtoservice",
        "iam:policyarn",
    }
)
"""Keys of actions that could be used to rise: whatever the program has there, nothing else."""

_BOUNDARY: Final = "iam:permissionsboundary"
_BOUNDED: Final = frozenset(
    {"iam:createrole", "iam:createuser", "iam:putrolepermissionsboundary", "iam:putuserpermissionsboundary"}
)
MAY_BE_ABSENT: Final = frozenset({"ec2:createaction", "elasticloadbalancing:createaction", _BOUNDARY})
"""Of those, the keys that a request may also not have; every request to pass a role has `iam:PassedToService`."""

_TAGGING: Final = frozenset({"ec2:createtags", "ec2:deletetags"})


Altered: TypeAlias = Literal["tag", "tag key", "key", "region", "account", "prefix", "name", "action"]
_Found: TypeAlias = tuple[Altered, str, Authorization]


@dataclass(frozen=True, slots=True)
class ForbiddenRequest:
    """A request that must be refused. `name`: what is wrong with it, for a person.

    `altered`: what of a needed request is another here; the empty string for one that a profile names.
    """

    name: str
    asked: Authorization
    altered: Altered | Literal[""] = ""


_CREATE_ACTIONS: Final = frozenset({"ec2:createaction", "elasticloadbalancing:createaction"})


Conditioned: TypeAlias = Callable[[str, str], frozenset[str]]
"""The keys, in lower case, on which policies depend for an action, in lower case, on a resource."""


def _nothing(_: str, __: str) -> frozenset[str]:
    return frozenset()


def generated(
    evidence: Evidence, own: Own, actions: ActionList, conditioned: Conditioned = _nothing
) -> tuple[ForbiddenRequest, ...]:
    """Every needed request altered in one way; none that is needed itself, each once.

    `conditioned`: what the policies depend on, which is altered too.
    """
    needs = needs_of(evidence)
    made = _Alterations(evidence, own, others_of(evidence, actions), conditioned)
    seen = {identity(need.asked) for need in needs}
    found: list[ForbiddenRequest] = []
    for need in needs:
        for altered, what, asked in made.of(need.asked):
            if identity(asked) not in seen:
                seen.add(identity(asked))
                found.append(ForbiddenRequest(f"{called(need.uses[0])}: {what}: {named(asked)}", asked, altered))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Alterations:
    evidence: Evidence
    own: Own
    others: Others
    conditioned: Conditioned

    def of(self, asked: Authorization) -> Iterator[_Found]:
        """The request altered in every way, each with what was altered."""
        yield from self._tags(asked)
        yield from self._tag_keys(asked)
        yield from self._keys(asked)
        yield from self._places(asked)
        yield from self._names(asked)
        if other := self.others.action(asked.action, asked.type):
            yield "action", f"another action than {asked.action}", replace(asked, action=other)

    def _is_open(self, asked: Authorization) -> bool:
        return is_open(self.evidence.drawn.get(asked.resource) or opened(asked.resource))

    def _tags(self, asked: Authorization) -> Iterator[_Found]:
        for family, name in sorted({found for key in asked.context if (found := _tag_of(key))}):
            if family == "resourcetag" and asked.new:
                # Of a thing that is made, AWS takes the tags from the request: they change with those.
                continue
            together = (family, "resourcetag") if asked.new else (family,)
            keys = [key for key in asked.context if _tag_of(key) in {(each, name) for each in together}]
            if not self._tells(asked, name, keys):
                continue
            values = {key: self.others.value(key, _text(asked.context[key])) for key in keys}
            yield "tag", f"another value of the tag `{name}`", _with(asked, values)
            yield "tag", f"without the tag `{name}`", _untagged(asked, keys, name if family == "requesttag" else "")

    def _tells(self, asked: Authorization, name: str, keys: list[str]) -> bool:
        """Whether the tag tells what is the program's own: of a thing that its name tells, it need not."""
        is_conditioned = any(self._is_conditioned(asked, key.lower()) for key in keys)
        if name not in self.own.tags:
            return is_conditioned
        if self.own.tags[name] not in {_text(asked.context[key]) for key in keys}:
            return False
        return is_conditioned or self._is_open(asked)

    def _is_conditioned(self, asked: Authorization, key: str) -> bool:
        return key in self.conditioned(asked.action.lower(), asked.resource)

    def _tag_keys(self, asked: Authorization) -> Iterator[_Found]:
        key = next((key for key in asked.context if key.lower() == TAG_KEYS), None)
        if key is None or asked.action.lower() not in _TAGGING:
            return
        names = (*several(asked.context[key]), ANOTHER)
        yield "tag key", "another tag besides", _with(asked, {key: names, f"aws:RequestTag/{ANOTHER}": ANOTHER})
        if asked.action.lower() == "ec2:deletetags":
            # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html: all tags are deleted then.
            set_ = [each for each in asked.context if each == key or each.lower().startswith("aws:requesttag/")]
            yield "tag key", "naming no tag", _without(asked, set_)

    def _keys(self, asked: Authorization) -> Iterator[_Found]:
        for key, value in asked.context.items():
            lower = key.lower()
            if not self._is_told(asked, lower) or is_reserved(_text(value)):
                continue
            if other := self.others.value(key, _text(value)):
                yield "key", f"another {key}", _with(asked, {key: other})
            if lower in MAY_BE_ABSENT:
                yield "key", f"without {key}", _without(asked, [key])

    def _is_told(self, asked: Authorization, key: str) -> bool:
        if key == _BOUNDARY:
            return asked.action.lower() in _BOUNDED or self._is_conditioned(asked, key)
        if key in REGION_KEYS or key == TAG_KEYS or _tag_of(key):
            return False
        return key in _RISING or self._is_conditioned(asked, key)

    def _places(self, asked: Authorization) -> Iterator[_Found]:
        parts = asked.resource.split(":", 5)
        regions: dict[str, Value] = {key: self.others.region for key in asked.context if key.lower() in REGION_KEYS}
        if len(parts) < 6:
            if asked.resource == "*" and regions and asked.action.partition(":")[0] not in GLOBAL:
                yield "region", "another region", _with(asked, regions)
            return
        if parts[3]:
            there = ":".join((*parts[:3], self.others.region, *parts[4:]))
            yield "region", "another region", replace(_with(asked, regions), resource=there)
        if other := self._account(parts[4]):
            theirs = ":".join((*parts[:4], other, parts[5]))
            owners: dict[str, Value] = {key: other for key in asked.context if key.lower() == "aws:resourceaccount"}
            yield "account", "another account", replace(_with(asked, owners), resource=theirs, resource_account="")

    def _account(self, account: str) -> str:
        """Another owner; of what AWS itself owns, such as a managed policy, the customer."""
        if account.isdecimal():
            return self.others.account
        return self.evidence.place.account if account == "aws" else ""

    def _names(self, asked: Authorization) -> Iterator[_Found]:
        if prefixed := another_prefix(asked.resource):
            yield "prefix", "another prefix", replace(asked, resource=prefixed)
        if asked.action.lower() in _TAGGING and any(key.lower() in _CREATE_ACTIONS for key in asked.context):
            # It is asked together with the creating action only, and that one says which names there are.
            return
        is_named = ":s3:::" in asked.resource or not self._is_open(asked)
        if is_named and (other := renamed(asked.resource)):
            yield "name", "another name", replace(asked, resource=other)


def _tag_of(key: str) -> tuple[str, str] | None:
    """The family, in lower case, and the name of a tag that a condition key speaks of."""
    family, slash, name = key.partition(":")[2].partition("/")
    return (family.lower(), name) if slash and family.lower() in ("requesttag", "resourcetag") else None


def _text(value: Value) -> str:
    return next(iter(several(value)), "")


def _with(asked: Authorization, values: Mapping[str, Value]) -> Authorization:
    return replace(asked, context={**asked.context, **values})


def _without(asked: Authorization, keys: Collection[str]) -> Authorization:
    return replace(asked, context={key: value for key, value in asked.context.items() if key not in keys})


def _untagged(asked: Authorization, keys: Collection[str], name: str) -> Authorization:
    """The request without a tag; a tag that is not set is not among the keys that are set, either."""
    made = _without(asked, keys)
    if not name:
        return made
    context = {
        key: tuple(each for each in several(value) if each != name) if key.lower() == TAG_KEYS else value
        for key, value in made.context.items()
    }
    return replace(made, context=context)
