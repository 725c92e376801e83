"""How AWS says no: code, status and words of a denial, and the encoded message that can be decoded. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html (words),
https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html (encoded message)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from narrowgate.adapters.sandbox.answer import Fault
from narrowgate.adapters.sandbox.request import Style
from narrowgate.catalogue.rule import RESERVED
from narrowgate.policy.decision import Decision, Layer
from narrowgate.policy.request_context import Request, several

LAYER_NAMES: Final[Mapping[Layer, str]] = {
    "identity": "identity-based policy",
    "resource": "resource-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "endpoint": "VPC endpoint policy",
}
"""The layers in the words of AWS's messages."""

_CODES: Final[Mapping[Style, tuple[str, int]]] = {
    "query": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "json": ("AccessDeniedException", 400),
    "rest-json": ("AccessDeniedException", 403),
    "rest-xml": ("AccessDenied", 403),
}
_MOST_DECODED: Final = 1024 * 1024
_SIGNED: Final = 32


@dataclass(frozen=True, slots=True)
class Denial:
    """A request that was not allowed, and the decision on it; `shown`: how AWS's sentence names the resource."""

    request: Request
    decision: Decision
    shown: str = ""

    @property
    def reason(self) -> str:
        """`because no identity-based policy allows the iam:CreateUser action`, or with what it is denied."""
        layer = LAYER_NAMES[self.decision.layer or "identity"]
        article = "an" if layer.startswith("identity") else "a"
        if self.decision.outcome == "explicitDeny":
            return f"with an explicit deny in {article} {layer}"
        return f"because no {layer} allows the {self.request.action} action"

    @property
    def sentence(self) -> str:
        """AWS's sentence: who may not do what on which resource, and why."""
        principal = self.request.principal
        who = principal.arn or principal.service or principal.provider or "anonymous"
        resource = self.shown or self.request.resource
        on = "" if resource == "*" else f" on resource: {_shown(resource)}"
        return f"User: {who} is not authorized to perform: {self.request.action}{on} {self.reason}"

    def fault(self, style: Style, encoded: str) -> Fault:
        """The error as the service in question gives it; only EC2 adds the encoded message."""
        code, status = _CODES[style]
        if style != "ec2":
            return Fault(code, status, self.sentence)
        words = f"You are not authorized to perform this operation. {self.sentence}."
        return Fault(code, status, f"{words} Encoded authorization failure message: {encoded}")


class Seal:
    """Encodes and decodes authorization messages of one sandbox; those of others it does not take."""

    def __init__(self, seed: int, account: str) -> None:
        self._key = hashlib.sha256(f"narrowgate authorization messages {account} {seed}".encode()).digest()

    def encoded(self, denial: Denial) -> str:
        """The message: opaque to the client, as AWS's is."""
        body = zlib.compress(json.dumps(decoded_message(denial), separators=(",", ":")).encode())
        return base64.urlsafe_b64encode(self._signature(body) + body).decode().rstrip("=")

    def decoded(self, message: str) -> str | None:
        """The JSON text of a message of ours; None for any other text."""
        try:
            raw = base64.b64decode(message + "=" * (-len(message) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body = raw[_SIGNED:]
        if not hmac.compare_digest(raw[:_SIGNED], self._signature(body)):
            return None
        return zlib.decompressobj().decompress(body, _MOST_DECODED).decode()

    def _signature(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()


def decoded_message(denial: Denial) -> dict[str, Any]:
    """What DecodeAuthorizationMessage tells, in the form of AWS's example.

    `layer` is ours: AWS's message does not name it.
    """
    request, decision = denial.request, denial.decision
    conditions = [
        {"key": key, "values": {"items": [{"value": _shown(value)} for value in several(found)]}}
        for key, found in sorted(request.context.items())
    ]
    matched = [
        {"statementId": each.sid or "", "effect": each.effect.upper(), "layer": each.layer, "policy": each.policy}
        for each in decision.statements
    ]
    return {
        "allowed": False,
        "explicitDeny": decision.outcome == "explicitDeny",
        "layer": decision.layer,
        "matchedStatements": {"items": matched},
        "failures": {"items": []},
        "context": {
            "principal": {"id": _id(request), "arn": request.principal.arn},
            "action": request.action,
            "resource": _shown(request.resource),
            "conditions": {"items": conditions},
        },
    }


def _shown(text: str) -> str:
    """A text with what nobody could tell in words: the catalogue's reserved ids begin with a private character."""
    return text.replace(RESERVED, "unknown-")


def _id(request: Request) -> str:
    return next(iter(several(request.context.get("aws:userid"))), "")
