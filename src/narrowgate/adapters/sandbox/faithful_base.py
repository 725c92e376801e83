"""What every call to IAM and STS passes through: parameters checked, lists cut into pages, AWS's words.

moto's classes stay as they are; this stands before them. Loaded only when the first call comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from botocore.model import OperationNotFoundError
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.iam.exceptions import ValidationError

from narrowgate.adapters.sandbox import names, paging
from narrowgate.adapters.sandbox.answer import Fault, error

VERSIONS: Final = {"iam": "2010-05-08", "sts": "2011-06-15"}
# Codes for which moto finds no status: they stand in no error shape of IAM's or STS's model, or no exception
# of moto's module of the service has them.
_STATUSES: Final[Mapping[str, int]] = {
    "AccessDenied": 403,
    "InvalidAction": 400,
    "InvalidAuthorizationMessageException": 400,
    "InvalidParameterValue": 400,
}
# moto's words, and AWS's for the same.
_REWORDED: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Role (\S+) not found", r"The role with name \1 cannot be found."),
        (r"Group (\S+) not found", r"The group with name \1 cannot be found."),
        (r"User (\S+) not found", r"The user with name \1 cannot be found."),
        (r"Instance profile (\S+) not found", r"Instance Profile \1 cannot be found."),
        (r"Policy (arn:\S+) not found", r"Policy \1 was not found."),
        (r"Policy Document (\S+) not attached to role \S+", r"The role policy with name \1 cannot be found."),
        (r"Login profile for (\S+) not found", r"Login Profile for User \1 cannot be found."),
        (r"User (\S+) already has password", r"Login Profile for user \1 already exists."),
    )
)
_INLINE_MISSING: Final = re.compile(r"Policy (\S+) not found")


class AccessDenied(ServiceException):  # type: ignore[misc]  # moto is not typed
    """A refusal that no policy can lift."""

    code = "AccessDenied"


class Checked:
    """Stands before a response class of moto's: `class X(Checked, IamResponse)`.

    The methods of a response class are its operations: what else is here begins with an underscore,
    or has the name of something of moto's.
    """

    _page: paging.Page | None = None
    _unreadable: ServiceException | None = None
    params: dict[str, Any]

    def parse_parameters(self, request: Any) -> None:
        """What moto does; what it cannot read is refused later, when it can be answered."""
        self.params = {}
        try:
            super().parse_parameters(request)  # type: ignore[misc]
        except OperationNotFoundError:
            version = VERSIONS[self._service]
            words = f"Could not find operation {self._operation} for version {version}"
            self._unreadable = ServiceException("InvalidAction", words)
        except ValueError:
            self._unreadable = ValidationError("A parameter is not of its type.")

    def call_action(self) -> Any:
        """What moto does, if the parameters are as AWS wants them."""
        try:
            self._check()
        except ServiceException as refusal:
            return self._refused(refusal)
        return super().call_action()  # type: ignore[misc]

    def serialized(self, action_result: Any) -> Any:
        """The reply: of a list, the page that was asked for; of a refusal, AWS's words."""
        result = action_result.result
        if isinstance(result, ServiceException):
            return self._refusal(result)
        if self._page:
            action_result = ActionResult(paging.cut(self._page, result))
        return super().serialized(action_result)  # type: ignore[misc]

    @property
    def _service(self) -> str:
        return str(self.service_name)  # type: ignore[attr-defined]

    @property
    def _operation(self) -> str:
        return str(self._get_action())  # type: ignore[attr-defined]

    def _check(self) -> None:
        if self._unreadable:
            raise self._unreadable
        names.check(get_service_model(self._service).operation_model(self._operation), self.params)
        self._page = paging.asked(self._operation, self.params)

    def _refused(self, refusal: ServiceException) -> Any:
        status, headers, body = self.serialized(ActionResult(refusal))
        headers = {**self.response_headers, **headers, "status": str(status)}  # type: ignore[attr-defined]
        headers, body = self._enrich_response(headers, body)  # type: ignore[attr-defined]
        return status, headers, body

    def _refusal(self, refusal: ServiceException) -> Any:
        refusal.message = _reworded(self._operation, refusal.message)
        if refusal.code not in _STATUSES:
            return super().serialized(ActionResult(refusal))  # type: ignore[misc]
        answer = error("query", Fault(refusal.code, _STATUSES[refusal.code], refusal.message))
        return answer.status, dict(answer.headers), answer.body.decode()


def _reworded(operation: str, message: str) -> str:
    for pattern, words in _REWORDED:
        if pattern.fullmatch(message):
            return pattern.sub(words, message)
    kind = next((kind for kind in ("User", "Role", "Group") if f"{kind}Policy" in operation), "")
    if kind and (found := _INLINE_MISSING.fullmatch(message)):
        return f"The {kind.lower()} policy with name {found[1]} cannot be found."
    return message
