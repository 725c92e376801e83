"""Idempotency: the same ClientToken with the same parameters gets the same reply, and nothing is made twice.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from narrowgate.adapters.sandbox.faithful_ec2_kept import kept, refused


class Idempotent(EC2Response):  # type: ignore[misc]  # moto is not typed
    """Stands before every operation that takes a ClientToken; moto ignores it."""

    def call_action(self) -> Any:
        """The reply of the first such call; IdempotentParameterMismatch where the parameters differ."""
        token = self.params.get("ClientToken")
        if not token:
            return super().call_action()
        answers, at, said = kept(self.ec2_backend).answers, (self._get_action(), token), _text(self.params)
        if at not in answers:
            status, headers, body = super().call_action()
            if int(status) < 300:
                answers[at] = (said, (status, dict(headers), body))
            return status, headers, body
        if answers[at][0] != said:
            return self._mismatch()
        status, headers, body = answers[at][1]
        return status, dict(headers), body

    def _mismatch(self) -> Any:
        words = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
        status, headers, body = self.serialized(ActionResult(refused("IdempotentParameterMismatch", words)))
        headers = {**self.response_headers, **headers, "status": str(status)}
        headers, body = self._enrich_response(headers, body)
        return status, headers, body


def _text(params: dict[str, Any]) -> str:
    return json.dumps(params, sort_keys=True, default=str)
