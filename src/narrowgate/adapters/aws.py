"""AWS through botocore as a World: one principal in one region. Real AWS and the sandbox alike."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from narrowgate.calls import EMPTY, Call, Fields, Reply, Value, freeze
from narrowgate.errors import AwsError, NarrowgateError, NotPermitted, OutcomeUnknown
from narrowgate.secret import Secret

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError
    from botocore.model import OperationModel, Shape
    from botocore.session import Session

Transport = Callable[["AWSPreparedRequest"], "AWSResponse"]

NOT_FOUND = frozenset(
    {"NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException", "InvalidResourceId", "ParameterNotFound"}
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess"})
BAD_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
# Its answer also tells AWS's time, which ours is compared with.
IDENTITY = "sts:GetCallerIdentity"
# Members that are secret although a model does not always mark them so.
SECRET_MEMBERS = frozenset({"SecretAccessKey", "SessionToken", "SecretString", "SecretBinary", "Password"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs. Without a key, botocore's own chain is asked (environment, profile, SSO, metadata)."""

    access_key_id: str | None = None
    secret: Secret | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where calls go. Without a URL: AWS itself, or AWS_ENDPOINT_URL where that is set."""

    region: str
    url: str | None = None
    transport: Transport | None = None


class Workshop:
    """Makes botocore clients out of one session, so that a service's model is read once for all identities."""

    def __init__(self, ambient: Identity) -> None:
        self._ambient = ambient
        self._session: Session | None = None
        # Making clients is not thread-safe in botocore; using them is.
        self._lock = threading.Lock()

    def client(self, service: str, identity: Identity, endpoint: Endpoint) -> BaseClient:
        """A new client. Raises NotPermitted when the person's AWS settings do not allow for one."""
        from botocore.exceptions import BotoCoreError

        try:
            with self._lock:
                return self._make(service, identity, endpoint)
        except BotoCoreError as error:
            raise NotPermitted(f"cannot set up the AWS client: {error}") from error

    def _make(self, service: str, identity: Identity, endpoint: Endpoint) -> BaseClient:
        import botocore.session
        from botocore.config import Config

        if self._session is None:
            self._session = botocore.session.Session(profile=self._ambient.profile, session_vars=self._variables())
        client = self._session.create_client(
            service,
            region_name=endpoint.region,
            endpoint_url=endpoint.url,
            aws_access_key_id=identity.access_key_id,
            aws_secret_access_key=identity.secret.reveal() if identity.secret else None,
            config=Config(
                # Retries are `patient`'s: botocore would repeat a CreateAccessKey whose answer was lost.
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=10,
                read_timeout=30,
                max_pool_connections=32,
                user_agent_extra="narrowgate",
            ),
        )
        if endpoint.transport is not None:
            client.meta.events.register("before-send", _sender(endpoint.transport))
        return client

    def _variables(self) -> dict[str, Any] | None:
        """With a key of our own the ambient AWS_PROFILE, which may not even exist, is not asked."""
        return {"profile": (None, None, None, None)} if self._ambient.access_key_id else None


def connect(identity: Identity, endpoint: Endpoint, workshop: Workshop | None = None) -> Connection:
    """The World of `identity` at `endpoint`. Raises NotPermitted at the first call without credentials."""
    return Connection(identity, endpoint, workshop or Workshop(identity))


class Connection:
    """A World whose clients are made once each, on first use or ahead of it."""

    def __init__(self, identity: Identity, endpoint: Endpoint, workshop: Workshop) -> None:
        self._identity = identity
        self._endpoint = endpoint
        self._workshop = workshop
        self._clients: dict[str, BaseClient] = {}
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> Reply | None:
        """Make the call."""
        from botocore import xform_name

        client = self._client(call.service)
        model: OperationModel = client.meta.service_model.operation_model(call.operation)
        raw = _ask(client, xform_name(call.operation), call)
        if raw is None:
            return None
        headers = raw.pop("ResponseMetadata", {}).get("HTTPHeaders", {})
        if call.name == IDENTITY and "date" in headers:
            with suppress(ValueError):
                raw["Date"] = parsedate_to_datetime(headers["date"])
        sealed = _sealed(raw, model.output_shape)
        return sealed if isinstance(sealed, Fields) else EMPTY

    def prepare(self, *services: str) -> None:
        """Make clients in the background, ahead of their first call, which tells what goes wrong."""
        threading.Thread(target=self._make_all, args=(services,), name="clients", daemon=True).start()

    def _make_all(self, services: tuple[str, ...]) -> None:
        with suppress(NarrowgateError):
            for service in services:
                self._client(service)

    def _client(self, service: str) -> BaseClient:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._workshop.client(service, self._identity, self._endpoint)
            return self._clients[service]


def _sender(transport: Transport) -> Callable[..., Any]:
    """botocore's `before-send` hook: an answer from it takes the place of the HTTP request."""

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return transport(request)

    return send


def _ask(client: BaseClient, name: str, call: Call) -> dict[str, Any] | None:
    """The raw reply, pages joined; None where AWS says that the thing does not exist."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    params = _thawed(call.params)
    try:
        if call.reads_only and client.can_paginate(name) and "MaxResults" not in call.params:
            return dict(client.get_paginator(name).paginate(**params).build_full_result())
        return dict(getattr(client, name)(**params))
    except ClientError as error:
        if _code(error) in NOT_FOUND:
            return None
        raise _translated(error, call) from None
    except (ResponseParserError, KeyError):
        # A page instead of an answer; botocore's query parser gives KeyError where the page is well-formed XML.
        raise _not_aws(call) from None
    except BotoCoreError as error:
        # `from None`: botocore's parameter errors quote the parameters, secrets included.
        raise _unanswered(error, call) from None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _translated(error: ClientError, call: Call) -> NarrowgateError:
    code = _code(error)
    said = str(error.response.get("Error", {}).get("Message", "")).strip() or "no message"
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if 300 <= status < 400:
        return _not_aws(call)
    if code in DENIED:
        return NotPermitted(f"AWS denied `{call.name}`: {said}", code=code)
    if code in BAD_CREDENTIALS:
        return NotPermitted(f"AWS does not accept the credentials for `{call.name}` ({code}): {said}", code=code)
    if status >= 500 and status != 501:
        return OutcomeUnknown(f"AWS failed at `{call.name}` ({code}): {said}", code=code)
    return AwsError(f"`{call.name}` failed with {code}: {said}", code=code)


def _not_aws(call: Call) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"what answered for `{call.name}` is not AWS (a proxy's login page?): "
        "check the proxy, AWS_ENDPOINT_URL and the network",
        code="NotAws",
    )


def _unanswered(error: Exception, call: Call) -> NarrowgateError:
    from botocore import exceptions as raised

    if isinstance(error, raised.NoCredentialsError | raised.PartialCredentialsError):
        return NotPermitted(
            "no AWS credentials found: set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or try the verb with `--sandbox`"
        )
    if isinstance(error, raised.TokenRetrievalError | raised.UnauthorizedSSOTokenError | raised.SSOTokenLoadError):
        return NotPermitted(f"the AWS session has expired: {error}")
    if isinstance(error, raised.ConnectTimeoutError | raised.EndpointConnectionError | raised.ProxyConnectionError):
        return AwsError(f"cannot reach AWS for `{call.name}`: {error}", code="NotReached")
    if isinstance(error, raised.ParamValidationError):
        return AwsError(
            f"`{call.name}` was not sent: its parameters do not fit botocore's model", code="ParamValidation"
        )
    return OutcomeUnknown(f"no answer to `{call.name}`: {type(error).__name__}", code="NoAnswer")


def _thawed(value: Value) -> Any:
    """Plain data for botocore; the one place where a Secret goes on the wire."""
    match value:
        case Fields():
            return {k: _thawed(v) for k, v in value.items()}
        case tuple():
            return [_thawed(v) for v in value]
        case Secret():
            return value.reveal()
    return value


def _sealed(raw: object, shape: Shape | None, name: str = "") -> Value:
    """The reply as immutable values; what the model or our list calls sensitive becomes a Secret."""
    if name in SECRET_MEMBERS or (shape is not None and shape.metadata.get("sensitive")):
        if isinstance(raw, bytes):
            return Secret(raw.decode("utf-8", "replace"))
        if isinstance(raw, str):
            return Secret(raw)
    if isinstance(raw, Mapping):
        members: Mapping[str, Shape] = getattr(shape, "members", {})
        inner = getattr(shape, "value", None)
        return Fields({str(k): _sealed(v, members.get(str(k), inner), str(k)) for k, v in raw.items()})
    if isinstance(raw, list):
        member = getattr(shape, "member", None)
        return tuple(_sealed(v, member) for v in raw)
    return freeze(raw)
