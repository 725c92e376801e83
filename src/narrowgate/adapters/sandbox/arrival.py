"""A request as it came, beside the form in which it is performed: with the signature that it claims.

INVARIANT: the scope of the request is that of the signature it is judged by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from narrowgate.adapters.sandbox.request import Environ, Request, headers_of, parse, raw_target
from narrowgate.adapters.sandbox.signature import Claim, Signature, signature_of


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request, what it claims to be signed with, and the program that says it sent it."""

    request: Request
    claim: Claim
    user_agent: str = ""


def arrive(environ: Environ) -> Arrival:
    """The request that a WSGI server received. Raises BodyRefused."""
    request, headers = parse(environ), headers_of(environ)
    claim = signature_of(request.method, raw_target(environ), headers, request.body)
    if isinstance(claim, Signature):
        request = replace(request, scope=replace(claim.scope, service=claim.scope.service.lower()))
    return Arrival(request, claim, dict(headers).get("user-agent", ""))
