"""The WSGI layer that sees every request before moto: it authenticates, decides, journals, and performs.

INVARIANT: moto performs nothing that was not authenticated and allowed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any, Final, Protocol

from narrowgate.adapters.sandbox.administrator import OPERATOR
from narrowgate.adapters.sandbox.answer import Answer, Fault, error, not_implemented
from narrowgate.adapters.sandbox.arrival import Arrival, arrive
from narrowgate.adapters.sandbox.authenticate import authenticate
from narrowgate.adapters.sandbox.credential_limits import limit_of
from narrowgate.adapters.sandbox.decode import decode, performed
from narrowgate.adapters.sandbox.desk import Desk
from narrowgate.adapters.sandbox.engine import Engine
from narrowgate.adapters.sandbox.gate import Allowed, Misnamed, Refused, Verdict
from narrowgate.adapters.sandbox.identities import Census, Key, key_of, operator, take
from narrowgate.adapters.sandbox.late_profiles import late_profile
from narrowgate.adapters.sandbox.request import (
    MAX_BODY,
    MAX_FORM,
    READ_EXCEPTIONS,
    READ_PREFIXES,
    BodyRefused,
    Environ,
    Request,
    Style,
)
from narrowgate.adapters.sandbox.sessions import session_of
from narrowgate.adapters.sandbox.signature import Unsigned
from narrowgate.adapters.sandbox.state import Entry, State
from narrowgate.adapters.sandbox.undecodable import Undecodable
from narrowgate.adapters.sandbox.visibility import Change, Views
from narrowgate.adapters.sandbox.weather import CALM, Forecast, Weather, fault, forecast
from narrowgate.calls import Call, Fields
from narrowgate.catalogue.authorization import UnknownOperation
from narrowgate.catalogue.facts import Place
from narrowgate.policy.request_context import Value

# Services whose changes change who may do what.
IDENTITY_SERVICES: Final = frozenset({"iam", "organizations", "cloudformation"})
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
UNSIGNED_OPERATIONS: Final = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
# IAM's operations that are about the caller where no user is named: the pages of each in IAM's API reference.
OWN: Final = frozenset(
    {"ChangePassword", "CreateAccessKey", "DeleteAccessKey", "GetUser", "ListAccessKeys", "ListMFADevices"}
    | {"ListSSHPublicKeys", "ListServiceSpecificCredentials", "ListSigningCertificates", "UpdateAccessKey"}
    | {"UpdateSigningCertificate", "DeleteSigningCertificate", "UploadSigningCertificate", "EnableMFADevice"}
)

_DRY_RUN: Final = Fault("DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set.")
_WRONG: Final[dict[Style, str]] = {
    "query": "ValidationError",
    "ec2": "InvalidParameterValue",
    "json": "ValidationException",
    "rest-json": "ValidationException",
    "rest-xml": "InvalidArgument",
}


class Dropped(Exception):
    """The connection ends without an answer, as the weather wants it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one request; `call`, `key` and `verdict` as far as it came."""

    sequence: int
    at: datetime
    request: Request
    answer: Answer
    call: Call | None = None
    key: Key | None = None
    verdict: Verdict | None = None
    outlook: Forecast = field(default_factory=Forecast)


class Watcher(Protocol):
    """Told of every request, in order, by one thread at a time."""

    def __call__(self, seen: Seen) -> None:
        """Takes note of it; must not fail."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the sandbox behaves beyond AWS's rules: seconds added to each answer, the weather, who watches.

    `operator` tells the policies of the administrator's other key; without one there is no such key.
    """

    delay: float = 0.0
    weather: Weather = CALM
    watchers: tuple[Watcher, ...] = ()
    operator: Callable[[], tuple[str, ...]] = tuple


FAIR: Final = Conditions()


class Layer:
    """A WSGI application. Safe from several threads; delays are slept by each on its own."""

    def __init__(self, engine: Engine, state: State | None, desk: Desk, conditions: Conditions = FAIR) -> None:
        self._engine = engine
        self._state = state
        self._desk = desk
        self.conditions = conditions
        self._lock = threading.Lock()
        self._sequence = self._number = 0
        self._change = Change()
        self._views: dict[str, Views[Census]] = {}
        self._closed = False
        self._replay()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            answer = self.answer(arrive(environ))
        except BodyRefused:
            answer = error(
                "query", Fault("RequestEntityTooLarge", 413, f"a body has at most {MAX_BODY} bytes, a form {MAX_FORM}")
            )
        headers = [(k, v) for k, v in answer.headers if k.lower() != "content-length"]
        headers.append(("Content-Length", _length(answer)))
        start_response(f"{answer.status} {_phrase(answer.status)}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def answer(self, arrival: Arrival) -> Answer:
        """What the embedded AWS says to one request. Raises Dropped."""
        with self._lock:
            seen = self._seen(arrival)
            for watcher in self.conditions.watchers:
                watcher(seen)
        # Outside the lock: waiting callers do not wait for one another.
        if pause := self.conditions.delay + seen.outlook.slow:
            time.sleep(pause)
        if seen.outlook.trouble in ("dropped-before", "dropped-after"):
            raise Dropped
        return seen.answer

    def change_weather(self, weather: Weather) -> None:
        """Another weather from the next call on. What was changed before is then known everywhere."""
        with self._lock:
            self.conditions = replace(self.conditions, weather=weather)
            # How far back they reach depends on the weather.
            self._views.clear()

    def close(self) -> None:
        """Answer nothing any more (ServiceUnavailable): moto's state may soon be another's."""
        with self._lock:
            self._closed = True

    def _seen(self, arrival: Arrival) -> Seen:
        request = arrival.request
        self._number += 1
        seen = Seen(self._number, datetime.now(UTC), request, _closed(request.style))
        if self._closed:
            return seen
        call = decode(request)
        if isinstance(call, Call):
            outlook = forecast(self.conditions.weather, self._number, call.service, call.operation)
            seen = replace(seen, call=call, outlook=outlook)
            if outlook.trouble == "dropped-before":
                return seen
            if outlook.trouble in ("throttled", "fails", "unavailable"):
                return replace(seen, answer=error(request.style, fault(outlook.trouble, request.style, call.service)))
        return self._authenticated(arrival, call, seen)

    def _authenticated(self, arrival: Arrival, call: Call | Undecodable, seen: Seen) -> Seen:
        request = arrival.request
        if isinstance(arrival.claim, Unsigned) and request.operation in UNSIGNED_OPERATIONS:
            why = "it cannot verify the tokens of identity providers"
            return replace(seen, answer=not_implemented(request.style, f"sts:{request.operation}", why))
        census = self._census(request, call, seen.at)
        key = authenticate(arrival.claim, request.style, lambda key_id: self._key(key_id, request, census), seen.at)
        if isinstance(key, Fault):
            return replace(seen, answer=error(request.style, key))
        seen = replace(seen, key=key)
        if isinstance(call, Undecodable):
            return replace(seen, answer=error(request.style, Fault(call.code, call.status, call.message)))
        if limit := limit_of(key, call.service, call.operation):
            return replace(seen, answer=error(request.style, limit))
        call = _own(call, key)
        return self._decided(arrival, call, key, replace(seen, call=call), census)

    def _decided(self, arrival: Arrival, call: Call, key: Key, seen: Seen, census: Census) -> Seen:
        # moto makes its backends at first use: what is decided about must be there before.
        self._engine.ready(arrival.request)
        place = Place(_partition(arrival.request), key.principal.requester.account, _region(arrival.request))
        verdict = self._desk.gate.decide(call, key.principal, place, _connection(arrival, seen.at), census)
        seen = replace(seen, verdict=verdict)
        delay = self.conditions.weather.over(call.service).consistency
        if delay and (late := late_profile(call, verdict, census)):
            return replace(seen, answer=error(arrival.request.style, late))
        return replace(seen, answer=self._answer(verdict, call, arrival.request))

    def _answer(self, verdict: Verdict, call: Call, request: Request) -> Answer:
        style = request.style
        match verdict:
            case UnknownOperation():
                return not_implemented(style, verdict.name, "what it needs is not in the catalogue")
            case Misnamed():
                code = "InvalidInput" if verdict.tags and call.service == "iam" else _WRONG[style]
                return error(style, Fault(code, 400, verdict.why))
            case Refused():
                self._engine.note_use(request)
                encoded = self._desk.seal.encoded(verdict.denial) if style == "ec2" else ""
                return error(style, verdict.denial.fault(style, encoded))
            case Allowed():
                is_dry = call.service == "ec2" and call.params.get("DryRun") is True
                return error(style, _DRY_RUN) if is_dry else self._perform(request, call)

    def _key(self, key_id: str, request: Request, census: Census) -> Key | None:
        """The key of the administrator, a user or a session."""
        if (key := census.keys.get(key_id)) is not None:
            return key
        if key_id == OPERATOR[0]:
            texts = self.conditions.operator()
            return operator(texts, self._engine.account, _partition(request)) if texts else None
        if not key_id.startswith("ASIA"):
            return None
        found = (session_of(key_id, account, _partition(request)) for account in self._engine.accounts())
        session = next((each for each in found if each is not None), None)
        return None if session is None else key_of(session, census)

    def _census(self, request: Request, call: Call | Undecodable, now: datetime) -> Census:
        partition = _partition(request)
        if partition not in self._views:
            longest = timedelta(seconds=self.conditions.weather.longest_delay)
            self._views[partition] = Views(lambda: take(self._engine.accounts(), partition), longest)
        service = call.service if isinstance(call, Call) else ""
        delay = timedelta(seconds=self.conditions.weather.over(service).consistency)
        return self._views[partition].seen(self._change, now, delay)

    def _perform(self, request: Request, call: Call) -> Answer:
        request = performed(request, call)
        answer = self._engine.perform(request) if _reads(call) else self._changed(request, call)
        if self._state:
            self._state.note_use()
        return answer

    def _changed(self, request: Request, call: Call) -> Answer:
        entry = Entry(self._sequence + 1, _now(), request)
        # INVARIANT: the journal has the call before it takes effect.
        if self._state:
            self._state.append(entry)
        self._sequence = entry.sequence
        answer = self._engine.perform(request, sequence=entry.sequence, at=entry.at)
        if call.service in IDENTITY_SERVICES:
            self._change = Change(entry.sequence, entry.at)
        return answer

    def _replay(self) -> None:
        for entry in self._state.entries if self._state else ():
            self._engine.perform(entry.request, sequence=entry.sequence, at=entry.at)
            self._sequence = entry.sequence
        if self._state:
            self._state.restore_use()


def _reads(call: Call) -> bool:
    """Whether the operation, by AWS's naming, changes nothing."""
    return call.operation.startswith(READ_PREFIXES) and call.operation not in READ_EXCEPTIONS


@cache
def _closed(style: Style) -> Answer:
    return error(style, Fault("ServiceUnavailable", 503, "the embedded AWS is closed"))


def _own(call: Call, key: Key) -> Call:
    """The call with the caller's name, where IAM means the caller."""
    name = key.principal.context.get("aws:username")
    if call.service != "iam" or call.operation not in OWN or "UserName" in call.params or not isinstance(name, str):
        return call
    return replace(call, params=Fields(call.params, UserName=name))


def _connection(arrival: Arrival, now: datetime) -> dict[str, Value]:
    """What a request carries whoever makes it. The sandbox stands for an AWS that is reached by TLS.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    return {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:SecureTransport": "true",
        "aws:SourceIp": "127.0.0.1",
        "aws:ViaAWSService": "false",
        **({"aws:UserAgent": arrival.user_agent} if arrival.user_agent else {}),
    }


def _partition(request: Request) -> str:
    return _partition_of(_region(request))


# What a region is called is for the client to say: not without end.
@lru_cache(maxsize=256)
def _partition_of(region: str) -> str:
    from moto.utilities.utils import get_partition

    return str(get_partition(region))


def _region(request: Request) -> str:
    return request.scope.region if request.scope else "us-east-1"


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _length(answer: Answer) -> str:
    told = next((v for k, v in answer.headers if k.lower() == "content-length"), "")
    return told if told and not answer.body else str(len(answer.body))


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
