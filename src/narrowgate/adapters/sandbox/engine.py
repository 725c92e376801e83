"""moto, made repeatable: one request, one seed and one instant give one answer, whatever was read before.

moto keeps its state, its randomness and our clock per process, so exactly one engine lives at a time and
performs one request at a time. That costs nothing: moto is pure Python, its dictionaries are not safe
to read while another thread writes, and a caller's delay is slept outside.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from importlib import import_module
from typing import Any, Final

from narrowgate.adapters.sandbox.answer import Answer, internal_failure, not_implemented
from narrowgate.adapters.sandbox.desk import Desk
from narrowgate.adapters.sandbox.request import Request, environ_of

# IAM has one region in each partition, and tells it as the region where a key was last used:
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html
IAM_HOME: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
# Services whose backends never make an EC2 backend: it is slow to load, and only others need it.
WITHOUT_NETWORK: Final = frozenset({"iam", "sts", "secretsmanager", "ssm", "kms", "s3", "dynamodb", "logs"})
PROFILE: Final = {
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
# Our subclasses of services that are loaded when they are first asked: the module and the class.
_FAITHFUL: Final = {
    "autoscaling": ("faithful_autoscaling", "FaithfulAutoScaling"),
    "ec2": ("faithful_ec2", "FaithfulEc2"),
    "organizations": ("faithful_organizations", "FaithfulOrganizations"),
    "servicequotas": ("faithful_quotas", "FaithfulServiceQuotas"),
}
# moto's own control interfaces must not be reached through the layer.
HIDDEN_PATHS: Final = ("/moto-api", "/favicon.ico", "/latest/")


class Engine:
    """moto's state in this process. Not safe from several threads: the layer holds a lock."""

    def __init__(self, seed: int, desk: Desk | None = None) -> None:
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication

        self.account: str = DEFAULT_ACCOUNT_ID
        self._seed = seed
        self._born: set[tuple[str, str, str]] = set()
        self._dispatcher: Any = DomainDispatcherApplication(partial(_application, desk))
        self._dispatcher.get_backend_for_host = cache(_backend_of_host)
        reset()

    def accounts(self) -> tuple[str, ...]:
        """The accounts that there are: the sandbox's own first, then those that its organization made."""
        from moto.iam.models import iam_backends

        return (self.account, *sorted(account for account in iam_backends if account != self.account))

    def perform(self, request: Request, *, sequence: int = 0, at: datetime | None = None) -> Answer:
        """Let moto answer. A call that changes something gets its place in the sequence and its instant.

        INVARIANT: the same calls with the same sequence numbers and instants leave the same state,
        whatever was read in between.
        """
        request = _at_home(request)
        if request.path.startswith(HIDDEN_PATHS):
            return not_implemented(request.style, self._name(request))
        try:
            self._prepare(request)
            if at is None:
                return self._run(request)
            _reseed(self._seed, f"call {sequence}")
            with frozen(at):
                return self._run(request)
        except NotImplementedError as lack:
            return not_implemented(request.style, self._name(request), _detail(lack))
        except ModuleNotFoundError:
            return not_implemented(request.style, self._name(request))
        except Exception:  # noqa: BLE001  # the one boundary: whatever breaks in moto is its InternalFailure
            return internal_failure(request.style, self._name(request))

    def ready(self, request: Request) -> None:
        """Make what the call may name, such as the default network of a region."""
        with suppress(NotImplementedError, ModuleNotFoundError):
            self._prepare(_at_home(request))

    def note_use(self, request: Request) -> None:
        """A key was used, although the call was not allowed: AWS's last use tells of that too."""
        from moto.iam.models import mark_account_as_visited

        at = _at_home(request).scope
        if at is not None:
            mark_account_as_visited(self._account_of(at.key_id), at.key_id, at.service, at.region)

    def _run(self, request: Request) -> Answer:
        from werkzeug.test import run_wsgi_app

        s3 = request.scope is not None and request.scope.service == "s3"
        with without_profile(), judged_once() if s3 else nullcontext():
            body, status, headers = run_wsgi_app(self._dispatcher, environ_of(_unambiguous(request)), buffered=True)
        code = int(status.split()[0])
        if code >= 404 and "text/html" in headers.get("content-type", ""):
            return not_implemented(request.style, self._name(request))
        kept = tuple((k, v) for k, v in headers.items() if not k.lower().startswith(("access-control-", "status")))
        return Answer(code, kept, b"".join(body))

    def _prepare(self, request: Request) -> None:
        """Make the backends that the call may need, each from its own seed.

        moto makes them at first use: a default VPC drawn within a call, or already there because of a
        read, would shift every id after it.
        """
        if not request.scope:
            return
        service = self._dispatcher.get_backend_for_host(_host(request))
        if service is None:
            raise NotImplementedError
        needed = ("iam", service) if service in WITHOUT_NETWORK else ("iam", "ec2", service)
        account = self._account_of(request.scope.key_id)
        for name in needed:
            # moto looks a service's paths up in its backend of us-east-1.
            self._bear(name, "us-east-1", self.account)
            self._bear(name, request.scope.region, account)

    def _account_of(self, key_id: str) -> str:
        """The account that moto takes a key to be of."""
        from moto.iam.models import get_account_id_from

        return str(get_account_id_from(key_id)) if len(self.accounts()) > 1 else self.account

    def _bear(self, service: str, region: str, account: str) -> None:
        if (service, region, account) in self._born:
            return
        with without_profile():
            self._make(service, region, account)
        self._born.add((service, region, account))

    def _make(self, service: str, region: str, account: str) -> None:
        from moto.backends import get_backend
        from moto.utilities.utils import get_partition

        regions = get_backend(service)[account]
        place = region if region in regions else get_partition(region)
        if place not in regions.keys():  # noqa: SIM118  # `in regions` also means those that could be made
            _reseed(self._seed, f"backend {service} {place}" + (f" {account}" if account != self.account else ""))
            regions[place]

    def _name(self, request: Request) -> str:
        service = request.scope.service if request.scope else "sts"
        return f"{service}:{request.operation or f'{request.method} {request.path}'}"


def reset() -> None:
    """Forget all of moto's state."""
    from moto.core.base_backend import BackendDict

    # `BackendDict.reset` makes each backend again before it drops it: a fifth of a second for EC2.
    for backends in tuple(BackendDict._instances):
        backends.clear()
        # Which account a bucket or an organization belongs to, kept beside the backends.
        for name in ("bucket_accounts", "master_accounts"):
            getattr(backends, name, {}).clear()
    BackendDict._instances.clear()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the process's clock at an instant, so that a replay can give the very same dates.

    It is held for the few milliseconds of one changing call; monotonic clocks go on.
    """
    import time_machine

    with time_machine.travel(at, tick=False):
        yield


@contextmanager
def judged_once() -> Iterator[None]:
    """Keep moto's buckets from judging their policies again, which they do without conditions: the gate has judged."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    again = FakeBucket.get_permission
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL
    try:
        yield
    finally:
        FakeBucket.get_permission = again


@contextmanager
def without_profile() -> Iterator[None]:
    """Hide the person's AWS profile: moto asks botocore for regions and managed policies, which reads it.

    A profile that does not exist, or a broken file, would make the sandbox fail.
    """
    before = {name: os.environ.get(name) for name in PROFILE}
    for name, empty in PROFILE.items():
        _set(name, empty)
    try:
        yield
    finally:
        for name, value in before.items():
            _set(name, value)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _reseed(seed: int, what: str) -> None:
    from moto.moto_api._internal import mock_random

    mock_random.seed(f"narrowgate sandbox {seed}: {what}")


def _at_home(request: Request) -> Request:
    from moto.utilities.utils import get_partition

    if not request.scope or request.scope.service != "iam":
        return request
    home = IAM_HOME.get(get_partition(request.scope.region), request.scope.region)
    return replace(request, scope=replace(request.scope, region=home))


def _unambiguous(request: Request) -> Request:
    """The request with a query, where a JSON body would else be read as a form too.

    moto takes the operation and parameters from a form before it looks at the target or the JSON: a body of
    `{"x": "&Action=DeleteParameter&"}` would make it perform another call than the one that was decided.
    """
    if request.style not in ("json", "rest-json") or "?" in request.target:
        return request
    query = f"Action={request.operation}" if request.style == "json" else "narrowgate="
    return replace(request, target=f"{request.target}?{query}")


def _host(request: Request) -> str:
    from moto.moto_server.werkzeug_app import SIGNING_ALIASES

    assert request.scope is not None
    service = SIGNING_ALIASES.get(request.scope.service, request.scope.service)
    return f"{service}.{request.scope.region}.amazonaws.com"


def _backend_of_host(host: str | None) -> str | None:
    """What moto's own method does, without its listing of folders and its printing at each call."""
    from moto.backend_index import backend_url_patterns
    from moto.backends import list_of_moto_modules

    if host is None or host in list_of_moto_modules():
        return host
    return next((name for name, pattern in backend_url_patterns if pattern.match(f"http://{host}")), None)


def _application(desk: Desk | None, service: Any) -> Any:
    """moto's Flask application of one service, with our subclass where we have one."""
    from moto.core.utils import convert_to_flask_response
    from moto.moto_server.werkzeug_app import create_backend_app

    from narrowgate.adapters.sandbox.faithful import FaithfulIam, FaithfulSts

    app = create_backend_app(service)
    faithful: dict[str, Any] = {"iam": FaithfulIam, "sts": FaithfulSts}
    if service in _FAITHFUL:
        module, name = _FAITHFUL[service]
        faithful[service] = getattr(import_module(f"narrowgate.adapters.sandbox.{module}"), name)
    if service in faithful:
        # A class of this engine's own: moto makes an instance for each call, and it may ask the desk.
        ours: Any = type(faithful[service].__name__, (faithful[service],), {"desk": desk})
        view = convert_to_flask_response(ours.dispatch)
        app.view_functions = dict.fromkeys(app.view_functions, view)
    return app


def _detail(lack: NotImplementedError) -> str:
    text = str(lack)
    return "" if re.search(r"action has not been implemented", text) else text
