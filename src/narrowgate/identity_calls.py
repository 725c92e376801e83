"""Every call that the identity verbs can make for one spec, by walking their scripts. Pure.

Plan, setup, drift, rotate, shrink and teardown are scripts over data: each resource's reads ask, its drafts write.
Driven with the replies of accounts in which nothing exists, and in which everything exists and differs, they show
the calls that they can come to. What of a reply cannot be known here is text that no policy can name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from narrowgate.calls import Call, Fields, Reply, Value, call
from narrowgate.catalogue.rule import reserved
from narrowgate.happening import Happening, Phase
from narrowgate.identities import INSTALLER_POLICY, KEY, USER, Documents, Forms, Places, identities
from narrowgate.kinds.iam_policy import MOST_VERSIONS
from narrowgate.policy import Document, from_value
from narrowgate.resource import INSTALLATION, Draft, Installation, Observed, Resource, Script
from narrowgate.spec import Spec

SinkCalls: TypeAlias = Callable[[Call], tuple[Call, ...]]
"""The calls to AWS by which a sink carries out a call of the service `sink`; none of a sink in a file."""

Answer: TypeAlias = Callable[[Call], "Reply | None"]

FOUND: Final = "found"
"""The address in the ids that stand for what only AWS can tell."""
KEY_ID: Final = "AKIAFOUND00000000000"
"""The access key that is there: no policy can name a key."""
_LOCAL: Final = frozenset({"sink", "journal"})
_THEN: Final = "2026-01-01T00:00:00Z"


class Anything(Fields):
    """A reply that has every member: texts are not known, lists have one item; `given` says which are not so."""

    __slots__ = ("_given",)

    def __init__(self, given: Mapping[str, Value]) -> None:
        super().__init__()
        self._given = given

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, key: str) -> Value:
        return self._given[key] if key in self._given else reserved(FOUND, key)

    def text(self, key: str) -> str:
        """See Fields."""
        value = self[key]
        return value if isinstance(value, str) else ""

    def group(self, key: str) -> Fields:
        """See Fields."""
        return self

    def items_of(self, key: str) -> tuple[Fields, ...]:
        """See Fields."""
        value = self._given.get(key)
        return tuple(v for v in value if isinstance(v, Fields)) if isinstance(value, tuple) else (self,)

    def texts(self, key: str) -> tuple[str, ...]:
        """See Fields."""
        value = self._given.get(key)
        return tuple(v for v in value if isinstance(v, str)) if isinstance(value, tuple) else (self.text(key),)


def sink_label(number: int) -> str:
    """How the walk names the sink of `credentials[number]`."""
    return f"credentials.{number}"


def identity_happenings(spec: Spec, installation: Installation, sinks: SinkCalls) -> tuple[Happening, ...]:
    """The administrator's calls in the order of a life, each once for each phase and address.

    What the spec made earlier, under other names, is not among them: that was another spec.
    """
    made: dict[Happening, None] = {}
    for told in _told(_Walk(spec, installation)):
        for asked in sinks(told.call) if told.call.service == "sink" else (told.call,):
            if asked.service not in _LOCAL:
                made[Happening(asked, spec.region, "admin", told.phase, address=told.address)] = None
    return tuple(made)


class _Told(NamedTuple):
    phase: Phase
    address: str
    call: Call


def _told(walk: _Walk) -> Iterator[_Told]:
    """Every call of every verb: first it looks, then it writes, then it looks again."""
    all_ = walk.resources
    yield from walk.reads("preflight", all_)
    yield from walk.reads("setup", all_)
    yield from walk.creations(all_)
    yield from walk.repairs("setup", all_)
    yield from walk.reads("rotate", walk.only(USER, KEY))
    yield from walk.rotation(walk.only(KEY))
    yield from walk.reads("shrink", all_)
    yield from walk.repairs("shrink", walk.only(INSTALLER_POLICY))
    yield from walk.reads("teardown", all_, whole=True)
    yield from walk.removals(all_)


class _Walk:
    """The resources of a spec, and the accounts that they are read in."""

    def __init__(self, spec: Spec, installation: Installation) -> None:
        self._user = spec.user_name
        self._boundary = installation.boundary
        self.resources = _resources(spec, installation)
        self._accounts = tuple(_accounts(spec, installation))

    def only(self, *addresses: str) -> tuple[Resource, ...]:
        """The resources at the addresses."""
        return tuple(r for r in self.resources if r.address in addresses)

    def reads(self, phase: Phase, resources: Iterable[Resource], *, whole: bool = False) -> Iterator[_Told]:
        """What a verb asks: who it is, whether the boundary exists, and what is there, after writes too."""
        yield _Told(phase, "", call("sts", "GetCallerIdentity"))
        if self._boundary and phase in ("preflight", "setup", "shrink"):
            yield _Told(phase, "", call("iam", "GetPolicy", PolicyArn=self._boundary))
        for resource in resources:
            for deep in (False, True) if whole else (False,):
                for account in self._accounts:
                    for asked in _driven(resource.read(deep), account)[0]:
                        yield _Told(phase, resource.address, asked)

    def creations(self, resources: Iterable[Resource]) -> Iterator[_Told]:
        """What makes the things, where nothing is there."""
        for resource in resources:
            yield from _written("setup", resource, resource.create)

    def repairs(self, phase: Phase, resources: Iterable[Resource]) -> Iterator[_Told]:
        """What brings each thing to what is wanted, in each account."""
        for resource, found in self._found(resources, whole=False):
            yield from _written(phase, resource, (d for d in resource.change(found) if isinstance(d, Draft)))

    def rotation(self, resources: Iterable[Resource]) -> Iterator[_Told]:
        """The moves of a rotation: make, copy, switch off and on again, delete; and the look at the last use."""
        named: Mapping[str, Value] = {"UserName": self._user, "AccessKeyId": KEY_ID}
        for resource in resources:
            yield _Told("rotate", resource.address, call("iam", "GetAccessKeyLastUsed", AccessKeyId=KEY_ID))
            yield from _written("rotate", resource, resource.create)
            yield from self.repairs("rotate", (resource,))
            for status in ("Inactive", "Active"):
                yield _Told("rotate", resource.address, call("iam", "UpdateAccessKey", Status=status, **named))
            yield _Told("rotate", resource.address, call("iam", "DeleteAccessKey", **named))

    def removals(self, resources: Iterable[Resource]) -> Iterator[_Told]:
        """What unmakes each thing, and what `--force` takes off it first."""
        for resource, found in self._found(resources, whole=True):
            yield from _written("teardown", resource, resource.delete(found))

    def _found(self, resources: Iterable[Resource], *, whole: bool) -> Iterator[tuple[Resource, Fields]]:
        for resource in resources:
            for account in self._accounts:
                found = _driven(resource.read(whole), account)[1]
                if found is not None:
                    yield resource, found


def _written(phase: Phase, resource: Resource, drafts: Iterable[Draft]) -> Iterator[_Told]:
    return (_Told(phase, resource.address, draft.call) for draft in drafts)


def _driven(script: Script, answer: Answer) -> tuple[tuple[Call, ...], Observed]:
    """The calls of a script in an account, and what it found."""
    asked: list[Call] = []
    reply: Reply | tuple[Reply | None, ...] | None = None
    while True:
        try:
            question = script.send(reply)
        except StopIteration as end:
            return tuple(asked), end.value
        calls = question if isinstance(question, tuple) else (question,)
        asked += calls
        replies = tuple(map(answer, calls))
        reply = replies if isinstance(question, tuple) else replies[0]


def _accounts(spec: Spec, installation: Installation) -> Iterator[Answer]:
    """Nothing exists; all is there, another's, with keys in use; all is ours, with one sink that has the key each."""
    yield lambda asked: None
    policies = tuple(installation.arn("policy", p) for p in (spec.installer_policy_name, spec.node_policy_name))
    versions = tuple(Fields(VersionId=f"v{number}") for number in range(1, MOST_VERSIONS + 1))
    strange: dict[str, Value] = {
        # Beside ours, something else is attached everywhere; an id of our own is real.
        "AttachedPolicies": tuple(Fields(PolicyArn=arn) for arn in (*policies, reserved(FOUND, "PolicyArn"))),
        "Versions": versions,
        "AccessKeyId": KEY_ID,
        "DefaultVersionId": versions[-1].text("VersionId"),
        "CreateDate": _THEN,
        "At": _THEN,
    }
    yield _there(strange)
    ours = {**strange, "Path": installation.path, "Tags": (Fields(Key=INSTALLATION, Value=installation.system),)}
    yield _there({**ours, "LastUsedDate": "", "Made": (KEY_ID,)})
    for number in range(len(spec.credentials)):
        yield _there(ours, holder=sink_label(number))


def _there(given: Mapping[str, Value], holder: str = "") -> Answer:
    reply = Anything(given)

    def answer(asked: Call) -> Reply | None:
        if asked.service != "sink":
            return reply
        return Fields(Held=(KEY_ID,) if asked.params.text("Sink") == holder else ())

    return answer


def _resources(spec: Spec, installation: Installation) -> tuple[Resource, ...]:
    policies = frozenset(installation.arn("policy", p) for p in (spec.installer_policy_name, spec.node_policy_name))
    entities = frozenset({("User", spec.user_name), ("Role", spec.role_name)})
    forms = Forms(policies, entities, frozenset({spec.instance_profile_name}))
    places = Places(tuple(map(sink_label, range(len(spec.credentials)))))
    return identities(spec, installation, Documents(_any_policy(), _any_policy()), places, forms)


def _any_policy() -> Document:
    """A policy to stand for those of the spec: what a policy says makes no call another one."""
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    document = from_value({"Version": "2012-10-17", "Statement": statement}, "identity")
    assert isinstance(document, Document)
    return document
