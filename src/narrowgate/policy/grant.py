"""Principal elements, compiled: whom a statement means, and how directly it names the one who asks. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from narrowgate.policy.arn import Arn, parse_arn
from narrowgate.policy.clause import Names
from narrowgate.policy.decision import Switches
from narrowgate.policy.placeholder import ACCOUNT
from narrowgate.policy.principal import canonical_principal
from narrowgate.policy.request_context import Request, Requester, several

Strength: TypeAlias = int
NOBODY: Final[Strength] = 0
THE_ACCOUNT: Final[Strength] = 1
"""Only the account is named: its own policies decide who of it."""
LIMITED: Final[Strength] = 2
"""The role is named, or everyone: boundary and session policy still limit."""
DIRECT: Final[Strength] = 3
"""The user or the session itself is named, or a principal that has no other policies."""

EVERYONE_DIRECTLY: Final[Names] = (False, (("AWS", "*"),))
"""A Principal that names everyone and nobody else."""

Grants: TypeAlias = Callable[[Request], Strength]
_Naming: TypeAlias = Callable[[Request], Strength]


def grants(names: Names, switches: Switches, *, bounded: bool) -> Grants:
    """How directly a Principal or NotPrincipal element names the principal of a request.

    `bounded`: the principal has a permissions boundary. A NotPrincipal names with full strength, or
    nobody; canonical users name nobody (`is_unknowable` tells).
    """
    negated, listed = names
    if negated:
        return _all_but(listed, switches, bounded)
    everyone = DIRECT if switches.everyone == "unlimited" else LIMITED
    namings = [_naming(kind, name, everyone) for kind, name in listed]
    if len(namings) == 1:
        return namings[0]
    return lambda request: max(naming(request) for naming in namings)


def is_unknowable(names: Names) -> bool:
    """Whether the element names a canonical user, whose account nothing here tells."""
    return any(kind == "CanonicalUser" for kind, _ in names[1])


def _naming(kind: str, name: str, everyone: Strength) -> _Naming:
    match kind:
        case "AWS":
            return _aws(canonical_principal(kind, name)[1], everyone)
        case "Service":
            return lambda request: DIRECT if request.principal.service == name else NOBODY
        case "Federated":
            return lambda request: DIRECT if request.principal.provider == name else NOBODY
    return lambda _: NOBODY


def _aws(name: str, everyone: Strength) -> _Naming:
    if name == "*":
        return lambda request: everyone if request.principal.type == "AWS" else DIRECT
    if ACCOUNT.fullmatch(name):
        return lambda request: _of_account(request.principal, name)
    arn = parse_arn(name)
    if arn is None:
        return lambda request: _by_id(request, name)
    if arn.resource.startswith("role/"):
        return lambda request: LIMITED if _is_role(request.principal, name, arn) else NOBODY
    return lambda request: DIRECT if request.principal.arn == name else NOBODY


def _of_account(principal: Requester, account: str) -> Strength:
    if principal.account != account:
        return NOBODY
    return DIRECT if principal.kind == "root" else THE_ACCOUNT


def _is_role(principal: Requester, name: str, arn: Arn) -> bool:
    """Whether the principal is the role or a session of it; the path counts where it is known."""
    if principal.kind == "role":
        return principal.arn == name
    if principal.kind != "assumed-role":
        return False
    if principal.role_arn:
        return principal.role_arn == name
    return principal.account == arn.account and principal.role == arn.resource.rpartition("/")[2]


def _by_id(request: Request, name: str) -> Strength:
    """A unique id, as `aws:userid` shows it: alone, or before a colon and the session's name."""
    principal, found = request.principal, several(request.context.get("aws:userid"))
    if principal.type != "AWS" or len(found) != 1 or not f"{found[0]}:".startswith(f"{name}:"):
        return NOBODY
    is_role = principal.kind in ("role", "assumed-role") or found[0] != name
    return LIMITED if is_role else DIRECT


def _all_but(listed: Iterable[tuple[str, str]], switches: Switches, bounded: bool) -> Grants:
    namings = [_naming(kind, name, LIMITED) for kind, name in listed]
    everyone = any(name == "*" for _, name in listed)

    def test(request: Request) -> Strength:
        principal = request.principal
        if bounded and principal.kind in BOUNDED:
            return DIRECT
        found = {naming(request) for naming in namings}
        any_will_do = principal.type != "AWS" or switches.not_principal == "any" or everyone
        exempt = max(found) > NOBODY if any_will_do else _is_exempt(principal, found)
        return NOBODY if exempt else DIRECT

    return test


def _is_exempt(principal: Requester, found: set[Strength]) -> bool:
    """Listed with its account; root is its account."""
    if principal.kind == "root":
        return DIRECT in found
    return THE_ACCOUNT in found and max(found) > THE_ACCOUNT


BOUNDED: Final = frozenset({"user", "role", "assumed-role", "federated-user"})
"""The kinds of principals that a permissions boundary can limit."""
