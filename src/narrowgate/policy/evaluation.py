"""The decision: all layers, all their statements that select the action, one conclusion. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
For each action the candidate statements are found once. A decision then runs their tests, writes how
directly each names the principal into one number, and looks up what follows from that number; what
follows is worked out once for each number, by `conclude`.
INVARIANT: a decision depends on the request and the layers only, never on the decisions before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from narrowgate.policy.clause import Clause, Policy, policies_of
from narrowgate.policy.conclusion import Case, Gate, Hits, Slot, conclude
from narrowgate.policy.decision import ALWAYS_ALLOWED, DEFAULTS, LAYERS, Deciding, Decision, Layer, Layers, Switches
from narrowgate.policy.request_context import Category, Request
from narrowgate.policy.statement import Compiled, Matches, compiled, selects

MOST_REMEMBERED: Final = 500_000
"""Statements in all that an Evaluator remembers for the actions and for the combinations it has met."""

_CROSSES: Final = 0
_REQUIRED: Final = 1
_FIRST: Final = 2
_WIDTH: Final = 2

_TRUST_ACTIONS: Final = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")
_BY_NOBODY: Final = Decision("allowed", None)


class _Member(NamedTuple):
    """One clause of one layer, and its compiled form once some action needed it."""

    gate: Gate
    place: Deciding
    clause: Clause


class _Plan:
    """What one action of one category of principal needs: tests, and conclusions seen so far."""

    __slots__ = ("base", "case", "conclusions", "tests")

    def __init__(self, case: Case, tests: tuple[tuple[int, Matches], ...], base: int) -> None:
        self.case = case
        self.tests = tests
        self.base = base
        self.conclusions: dict[int, Decision] = {}

    def hits(self, key: int) -> Hits:
        """The statements that match, from the strengths that the key holds."""
        return tuple(
            (slot, strength)
            for number, slot in enumerate(self.case.slots)
            if (strength := key >> (_FIRST + number * _WIDTH) & 3)
        )


class Evaluator:
    """Decides many requests against the same documents; compiled step by step, as actions come."""

    __slots__ = ("_compiled", "_gates", "_members", "_most", "_plans", "_selects", "_size", "layers", "switches")

    def __init__(self, layers: Layers, switches: Switches = DEFAULTS, *, most: int = MOST_REMEMBERED) -> None:
        self.layers = layers
        self.switches = switches
        self._most = most
        self._size = 0
        self._members = tuple(_members(layers))
        self._gates = tuple(_gates(layers))
        self._selects: dict[int, Callable[[str], bool]] = {}
        self._compiled: dict[int, Compiled] = {}
        self._plans: dict[Category, dict[str, _Plan]] = {c: {} for c in _MEETS}

    def evaluate(self, request: Request) -> Decision:
        """The decision on one request."""
        plan = self._plans[request.principal.category].get(request.action)
        if plan is None:
            plan = self._plan(request)
        key = plan.base | request.crosses
        for shift, test in plan.tests:
            key |= test(request) << shift
        return plan.conclusions.get(key) or self._concluded(plan, key)

    def statements(self, request: Request) -> tuple[Compiled, ...]:
        """Every statement of the layers that apply to the principal, in the order of the layers."""
        meets = _MEETS[request.principal.category]
        return tuple(self._statement(n) for n, member in enumerate(self._members) if member.gate.layer in meets)

    def _concluded(self, plan: _Plan, key: int) -> Decision:
        """What follows from the key, remembered."""
        hits = plan.hits(key)
        made = conclude(plan.case, hits, crosses=bool(key & 1), required=bool(key >> _REQUIRED & 1))
        self._grow(1 + len(hits))
        plan.conclusions[key] = made
        return made

    def _plan(self, request: Request) -> _Plan:
        made = self._made(request.principal.category, request.action.lower())
        self._grow(1 + len(made.case.slots))
        self._plans[request.principal.category][request.action] = made
        return made

    def _grow(self, more: int) -> None:
        """Notes what is about to be remembered; forgets everything else where it would be too much."""
        self._size += more
        if self._size > self._most:
            for plans in self._plans.values():
                plans.clear()
            self._size = more

    def _made(self, category: Category, action: str) -> _Plan:
        if action in ALWAYS_ALLOWED and category != "outsider":
            return _Plan(Case(category, (), (), settled=_BY_NOBODY), (), 0)
        meets = _MEETS[category]
        slots: list[Slot] = []
        tests: list[tuple[int, Matches]] = []
        base = 0
        for number, member in enumerate(self._members):
            if member.gate.layer not in meets or not self._selecting(number)(action):
                continue
            statement = self._statement(number)
            shift = _FIRST + len(slots) * _WIDTH
            slots.append(Slot(member.gate, statement.place, statement.not_evaluable))
            if statement.matches is None:
                base |= 3 << shift
            else:
                tests.append((shift, statement.matches))
        if (owner := _owner_test(action)) is not None:
            tests.append((_REQUIRED, owner))
        gates = {gate: None for gate in self._gates if gate.layer in meets}
        if category == "federated-user":
            # Without a session policy such a session has no permissions of its own:
            # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
            gates[_SESSION] = None
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        barred = category == "root" and action == "sts:assumerole"
        return _Plan(Case(category, tuple(slots), tuple(gates), barred=barred), tuple(tests), base)

    def _selecting(self, number: int) -> Callable[[str], bool]:
        found = self._selects.get(number)
        if found is None:
            found = self._selects[number] = selects(self._members[number].clause)
        return found

    def _statement(self, number: int) -> Compiled:
        made = self._compiled.get(number)
        if made is None:
            member = self._members[number]
            bounded = bool(self.layers.boundaries)
            made = compiled(member.clause, member.place, self.switches, bounded=bounded)
            self._compiled[number] = made
        return made


def evaluate(request: Request, layers: Layers, switches: Switches = DEFAULTS) -> Decision:
    """The decision on one request; for many against the same documents, keep an `Evaluator`."""
    return Evaluator(layers, switches).evaluate(request)


_ALL: Final[frozenset[Layer]] = frozenset(LAYERS)
_MEETS: Final[dict[Category, frozenset[Layer]]] = {
    "identity": _ALL,
    "federated-user": _ALL,
    "service-linked": _ALL - {"rcp", "scp"},
    "root": _ALL - {"boundary"},
    "outsider": frozenset({"rcp", "resource", "endpoint"}),
}
"""The layers that apply to each category of principals."""

_SESSION: Final = Gate("session", 0)


def _members(layers: Layers) -> Iterator[_Member]:
    """Every clause of every layer, in the order in which AWS looks at them."""
    for gates in _documents(layers):
        for number, (gate, policy) in enumerate(gates):
            for index, clause in enumerate(policy.clauses):
                place = Deciding(gate.layer, number, index, clause.sid, clause.effect)
                yield _Member(gate, place, clause)


def _documents(layers: Layers) -> Iterator[list[tuple[Gate, Policy]]]:
    """The policies of each layer with the gate that they stand in."""
    yield [(Gate("rcp", n), p) for n, level in enumerate(layers.rcps) for p in policies_of(level)]
    yield [(Gate("scp", n), p) for n, level in enumerate(layers.scps) for p in policies_of(level)]
    yield [(Gate("resource", 0), p) for p in policies_of((layers.resource,) if layers.resource else ())]
    yield [(Gate("identity", 0), p) for p in policies_of(layers.identity)]
    yield [(Gate("boundary", n), p) for n, p in enumerate(policies_of(layers.boundaries))]
    yield [(_SESSION, p) for p in policies_of((layers.session,) if layers.session else ())]
    yield [(Gate("endpoint", n), p) for n, p in enumerate(policies_of(layers.endpoints))]


def _gates(layers: Layers) -> Iterator[Gate]:
    """Every gate that must be passed where its layer is needed. RCPs always let through."""
    yield from (Gate("scp", number) for number in range(len(layers.scps)))
    yield Gate("resource", 0)
    yield Gate("identity", 0)
    yield from (Gate("boundary", number) for number in range(len(layers.boundaries)))
    if layers.session is not None:
        yield _SESSION
    yield from (Gate("endpoint", number) for number in range(len(layers.endpoints)))


def owner_must_allow(request: Request) -> bool:
    """Whether the resource is a role that is assumed or a key: its own policy must then always allow."""
    test = _owner_test(request.action.lower())
    return test is not None and bool(test(request))


def _owner_test(action: str) -> Matches | None:
    """Whether the resource is one whose own policy must always allow: a role, a key."""
    if action.startswith("kms:"):
        return _is_key
    return _is_role if action.startswith(_TRUST_ACTIONS) else None


def _is_key(request: Request) -> int:
    parts = request.resource.split(":", 5)
    return int(len(parts) == 6 and parts[2] == "kms" and parts[5].startswith("key/"))


def _is_role(request: Request) -> int:
    parts = request.resource.split(":", 5)
    return int(len(parts) == 6 and parts[2] == "iam" and parts[5].startswith("role/"))
