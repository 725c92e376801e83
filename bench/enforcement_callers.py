"""Who calls in a scenario: a user, a session of a role, a federated user, a member account, with keys in any state."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bench.enforcement_given import assumed, listed, member, session
from bench.enforcement_signing import Signing
from bench.enforcement_stage import Caller, Stage
from bench.enforcement_table import Json, document, filled

_WRONG: Final = "wrong/secret/00000000000000000000000000000"
_UNKNOWN: Final = "AKIAQQQQQQQQQQQQQQQQ"


def caller(stage: Stage, who: Json) -> Caller:
    """The caller of a scenario; the administrator where none is named."""
    who = filled(who, stage.names)
    made = _identity(stage, who)
    how = who.get("signed", {})
    if "secret" in how:
        made = replace(made, secret=_WRONG)
    if "key" in how:
        made = replace(made, key_id=_UNKNOWN)
    if "token" in how:
        made = replace(made, token=None if how["token"] == "none" else _another_token(stage, who))
    return replace(made, signing=Signing(**{name: value for name, value in how.items() if name not in _CREDENTIALS}))


_CREDENTIALS: Final = ("secret", "key", "token")


def _identity(stage: Stage, who: Json) -> Caller:
    if "user" in who:
        return _user(stage, who["user"], who)
    if "role" in who:
        return _role(stage, who["role"], who)
    if "federated" in who:
        return _federated(stage, who["federated"], who)
    if "token_of" in who:
        user = _user(stage, who["token_of"], {})
        return session(stage.do("sts:GetSessionToken", {}, user)["Credentials"], user.arn)
    return member(stage) if "member" in who else stage.admin


def _user(stage: Stage, name: str, who: Json) -> Caller:
    if who.get("in") == "member":
        stage = replace(stage, admin=member(stage))
    given = stage.do("iam:CreateAccessKey", {"UserName": name})["AccessKey"]
    named = {"UserName": name, "AccessKeyId": given["AccessKeyId"]}
    if who.get("key") == "inactive":
        stage.do("iam:UpdateAccessKey", {**named, "Status": "Inactive"})
    if who.get("key") == "deleted":
        stage.do("iam:DeleteAccessKey", named)
    return Caller(given["AccessKeyId"], given["SecretAccessKey"], arn=stage.names[f"{name}.arn"])


def _role(stage: Stage, name: str, who: Json) -> Caller:
    params: Json = {
        "RoleArn": stage.names[f"{name}.arn"],
        "RoleSessionName": who.get("session", "session"),
        **_limits(who),
    }
    if "external_id" in who:
        params["ExternalId"] = who["external_id"]
    if "tags" in who:
        params["Tags"] = listed(who["tags"])
    made = assumed(stage, caller(stage, who["by"]) if "by" in who else stage.admin, params)
    if who.get("key") == "role deleted":
        stage.do("iam:DeleteRolePolicy", {"RoleName": name, "PolicyName": "given"})
        stage.do("iam:DeleteRole", {"RoleName": name})
    return made


def _federated(stage: Stage, name: str, who: Json) -> Caller:
    params = {"Name": name, **_limits(who)}
    reply = stage.do("sts:GetFederationToken", params, caller(stage, who["by"]))
    return session(reply["Credentials"], reply["FederatedUser"]["Arn"])


def _limits(who: Json) -> Json:
    found: Json = {"Policy": document(who["policy"])} if "policy" in who else {}
    if "managed" in who:
        found["PolicyArns"] = [{"arn": arn} for arn in who["managed"]]
    return found


def _another_token(stage: Stage, who: Json) -> str | None:
    """The token of another session of the same kind."""
    return _identity(stage, who).token
