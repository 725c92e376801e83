"""Where scenarios play: an account behind an endpoint or in this process, its clients, and the names in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import botocore.session
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from bench.enforcement_signing import PLAIN, Send, Signer, Signing
from bench.enforcement_table import Outcome

REGION: Final = "eu-west-1"
ACCOUNT: Final = "123456789012"
PUBLIC_IMAGE: Final = "ami-12c6146b"
"""An image of Amazon's that the base of the embedded AWS always has."""
_CONFIG: Final = Config(
    retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30, s3={"addressing_style": "path"}
)

Client = Any
Params = Any


@dataclass(frozen=True, slots=True)
class Caller:
    """Credentials, and the ARN that messages call their holder by."""

    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    arn: str = ""
    signing: Signing = PLAIN


@dataclass(frozen=True, slots=True)
class Stage:
    """One empty account for one scenario. `send` answers without a socket; without it requests go to `endpoint`."""

    admin: Caller
    endpoint: str | None = None
    send: Send | None = None
    names: dict[str, str] = field(
        default_factory=lambda: {"account": ACCOUNT, "region": REGION, "public_image": PUBLIC_IMAGE}
    )

    def client(self, service: str, caller: Caller, region: str = REGION) -> Client:
        """A client with the caller's credentials that signs as the caller does."""
        made: Client = _session().create_client(
            service,
            region_name=region or REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=caller.key_id,
            aws_secret_access_key=caller.secret,
            aws_session_token=caller.token,
            config=_CONFIG,
        )
        if caller.signing != PLAIN:
            credentials = Credentials(caller.key_id, caller.secret, caller.token)
            sender = self.send or URLLib3Session().send
            name = made.meta.service_model.signing_name
            signer = Signer(credentials, name, made.meta.region_name, caller.signing, sender)
            made.meta.events.register("before-send", signer)
        elif self.send:
            made.meta.events.register("before-send", _quiet(self.send))
        return made

    def do(self, call: str, params: Params, caller: Caller | None = None, region: str = REGION) -> Any:
        """The reply to a call of the administrator, or of somebody else. Raises ClientError."""
        service, _, operation = call.partition(":")
        made = self.client(service, caller or self.admin, region)
        try:
            return getattr(made, xform_name(operation))(**params)
        finally:
            made.close()

    def ask(self, call: str, params: Params, caller: Caller, region: str = "") -> Outcome:
        """What comes of a call, whether it is allowed or not."""
        try:
            reply = self.do(call, params, caller, region or REGION)
        except ClientError as refused:
            response: Any = refused.response
            error, status = response["Error"], response["ResponseMetadata"]["HTTPStatusCode"]
            return Outcome(error["Code"], status, error.get("Message", ""))
        return Outcome("", reply["ResponseMetadata"]["HTTPStatusCode"])


def _quiet(send: Send) -> Any:
    def answer(request: AWSPreparedRequest, **_: Any) -> Any:
        return send(request)

    return answer


@cache
def _session() -> Any:
    """One for all clients: botocore reads each service's model once a session."""
    return botocore.session.Session(profile=None)
