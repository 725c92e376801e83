"""Which members of a call's parameters hold secrets, by their names; and parameters shown without them. Pure.

botocore's models mark most of these as sensitive, but not all, and not in every service; a test walks
the models and finds nothing marked that is missing here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from narrowgate.calls import Call, Fields, Value, masked
from narrowgate.secret import MASK

DEEPEST: Final = 128
"""Levels of parameters that are shown, as many as the decoders take. Below stands `TOO_DEEP`."""
TOO_DEEP: Final = "(too deep to show)"

# In lower case: as a whole name, anywhere.
_NAMES: Final = frozenset(
    {"userdata", "launchtemplatespecificationuserdata", "uefidata"}
    | {"secretstring", "secretbinary", "secretaccesskey", "rawsecretaccesskey"}
    | {"privatekey", "addprivatekey", "keymaterial", "privatekeymaterial", "presharedkey", "plaintext"}
    | {"sessiontoken", "securitytoken", "webidentitytoken", "tradeintoken", "rotationtoken", "authtoken"}
    | {"samlassertion", "tokencode", "authenticationcode1", "authenticationcode2"}
    | {"maccredentials", "uploadpolicy", "uploadpolicysignature"}
    # A presigned URL opens what it names.
    | {"presignedurl", "importmanifesturl", "url"}
    # Whole contents: of an object, a function, a message to it. NoEcho parameters of a stack have no mark.
    | {"body", "payload", "zipfile", "parametervalue"}
)
_ENDINGS: Final = ("password", "passphrase", "secret", "customerkey")
_OF_SERVICE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "ssm": frozenset({"parameters", "taskparameters", "input", "ownerinformation", "configuration"}),
        "kms": frozenset({"message"}),
        "lambda": frozenset({"variables"}),
        "s3": frozenset({"ssekmsencryptioncontext"}),
    }
)
# `Value` alone says nothing (a tag has one), but at the top of these calls it does.
_AT_TOP: Final = frozenset({("ssm:PutParameter", "value"), ("ec2:ModifyInstanceAttribute", "value")})


def is_secret(call: Call, member: str, *, top: bool) -> bool:
    """Whether the member holds a secret; `top`: it is a parameter itself, not inside of one."""
    name = member.lower()
    return (
        name in _NAMES
        or name.endswith(_ENDINGS)
        or name in _OF_SERVICE.get(call.service, ())
        or (top and (call.name, name) in _AT_TOP)
    )


def shown(call: Call) -> dict[str, object]:
    """The parameters as JSON-ready data: secrets masked, by type and by name, whole structures too."""
    return {
        name: MASK if _hides(call, name, value, 0) else _shown(value, call, 0) for name, value in call.params.items()
    }


def shown_value(value: Value) -> object:
    """Data of our own as JSON-ready data: secrets masked by type."""
    return _shown(value, None, 0)


def _shown(value: Value, call: Call | None, depth: int) -> object:
    if depth > DEEPEST:
        return TOO_DEEP
    match value:
        case Fields():
            inside = depth + 1
            return {
                name: MASK if _hides(call, name, inner, inside) else _shown(inner, call, inside)
                for name, inner in value.items()
            }
        case tuple():
            return [_shown(inner, call, depth + 1) for inner in value]
        case float() if not math.isfinite(value):
            return str(value)  # JSON has no word for it
    return masked(value)


def _hides(call: Call | None, name: str, value: Value, depth: int) -> bool:
    # A flag is no secret: `AllowUsersToChangePassword`.
    return call is not None and not isinstance(value, bool | None) and is_secret(call, name, top=depth == 0)
