"""Denials in the words of AWS's services, wherever in a text they stand. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
The older words have no reason, S3's often nothing but `Access Denied`; the rest is the wrapping of SDKs and tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Final

from narrowgate.explain_denial.denied import Denied, How, layer_of
from narrowgate.policy.decision import Layer

LONGEST_SENTENCE: Final = 3_000
SHORTEST_ENCODED: Final = 40

CODES: Final = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedFault",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Client.UnauthorizedOperation",
        "Forbidden",
        "NotAuthorized",
        "UnauthorizedAccess",
        "UnauthorizedOperation",
    }
)
"""Error codes that mean that a policy said no; an ended session or a wrong signature is another matter."""

_ACTION: Final = r"[A-Za-z0-9-]{1,64}:[A-Za-z0-9]{1,128}"
_SENTENCE = re.compile(
    rf"(?:\b(?:User|Principal|Role):? (?P<who>\S{{1,2048}}) is )?\bnot authorized to "
    rf"(?:perform|access|call|invoke)(?: this \w+)?:? ?[\"'`]?(?P<action>{_ACTION})?",
    re.IGNORECASE,
)
_RESOURCE = re.compile(
    r"[\"'`]?,? on (?:the )?resources?:? "
    # IAM writes `role x` where there is no such role.
    r"(?:(?:role|user|group|policy|instance profile) (?!because |with ))?(?P<name>\"[^\"]{1,2048}\"|\S{1,2048})",
    re.IGNORECASE,
)
_SILENT = re.compile(r"because no (?P<layer>[A-Za-z -]{4,40}?) allows? ", re.IGNORECASE)
_EXPLICIT = re.compile(
    r"with an explicit deny(?: in (?:an?|the) (?P<layer>[A-Za-z -]{3,40}?(?:policy|policies|boundary)))?"
    r"(?:[: ]{1,2}(?P<arn>arn:[\w-]+:(?:iam|organizations|ec2):[^\s]{1,512}))?(?![\w-])",
    re.IGNORECASE,
)
_CIPHERTEXT = re.compile(r"no resource-based policies allow access, or a resource-based policy", re.IGNORECASE)
_OPERATIONS = (
    re.compile(
        r"An error occurred \((?P<code>[\w.]+)\) when calling the (?P<operation>[A-Za-z0-9]+) operation", re.IGNORECASE
    ),
    re.compile(r"operation error (?P<name>[\w ]{2,40}): (?P<operation>[A-Za-z0-9]+), "),
    re.compile(r"\bAPI: (?P<service>[a-z0-9-]+):(?P<operation>[A-Za-z0-9]+) "),
    re.compile(r"AWS denied `(?P<service>[a-z0-9-]+):(?P<operation>[A-Za-z0-9]+)`"),
)
_BARE = re.compile(
    r"you are not authorized to perform this operation|you don't have permissions? to access this resource"
    r"|\baccess ?denied(?:exception)?\b|\bunauthorizedoperation\b|\bunauthorizedaccess\b"
    r"|you are not authorized to use launch template|is not authorized to perform this action",
    re.IGNORECASE,
)
_CROSS_PASS = re.compile(r"cross-account pass role is not allowed", re.IGNORECASE)
_ENCODED = re.compile(
    r"encoded authorization failure message:\s{0,8}"
    # A terminal breaks it; the last row may be of any length, but then nothing follows.
    r"(?P<text>[\w=-]+(?:\r?\n {0,8}[\w=-]{20,})*(?:\r?\n {0,8}[\w=-]+(?=\s*\Z))?)",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"[\w=-]{{{SHORTEST_ENCODED},}}")


def encoded_alone(text: str) -> str:
    """The encoded message that the text is, line ends left out; the empty string where it is anything else."""
    whole = "".join(text.split())
    drawn = any(c.isdigit() for c in whole) and any(c.isupper() for c in whole) and any(c.islower() for c in whole)
    return whole if drawn and _ALONE.fullmatch(whole) else ""


def denials(text: str) -> tuple[Denied, ...]:
    """Every denial in the text, in order, each once; none where it has none."""
    codes = ["".join(found["text"].split()) for found in _ENCODED.finditer(text)]
    # JSON and XML around a message have its line ends and quotes in their own spelling.
    shorter = _ENCODED.sub(" \x00 ", text.replace("\x00", " "))
    flat = re.sub(r"\s+", " ", unescape(re.sub(r"\\[nrt]", " ", shorter)).replace('\\"', '"'))
    found = [*_sentences(flat)] or [*_bare(flat)]
    return tuple(dict.fromkeys(_with_encoded(found, codes)))


def _with_encoded(found: list[Denied], codes: list[str]) -> Iterator[Denied]:
    """Each with the encoded message that stands behind it, where there are as many as denials."""
    if codes and not found:
        yield from (Denied(service="ec2", encoded=code) for code in codes)
    elif len(codes) == len(found):
        yield from (replace(each, encoded=code) for each, code in zip(found, codes, strict=True))
    else:
        yield from found


def _sentences(text: str) -> Iterator[Denied]:
    found = [match for match in _SENTENCE.finditer(text) if match["action"] or match["who"]]
    for at, match in enumerate(found):
        begin = found[at - 1].end() if at else 0
        end = min(found[at + 1].start() if at + 1 < len(found) else len(text), match.end() + LONGEST_SENTENCE)
        before, rest = text[begin : match.start()], text[match.end() : end].partition("\x00")[0]
        yield _sentence(match, before, rest)


def _sentence(match: re.Match[str], before: str, rest: str) -> Denied:
    service, operation, code = _operation(before)
    layer, how, policy = _reason(rest)
    action = _spelled(match["action"] or "")
    return Denied(
        principal=(match["who"] or "").strip("\"'`,;<>"),
        action=action,
        resource=_resource(rest),
        layer=layer,
        how=how,
        service=service or action.partition(":")[0],
        operation=operation,
        code=code,
        policy_arn=policy,
        cross_account_pass=_CROSS_PASS.search(rest) is not None,
    )


def _spelled(action: str) -> str:
    """Prefixes are in lower case; SNS and SQS write their own in capitals."""
    prefix, sign, name = action.partition(":")
    return f"{prefix.lower()}{sign}{name}"


def _resource(rest: str) -> str:
    found = _RESOURCE.match(rest)
    if found is None:
        return ""
    name = found["name"]
    if name.startswith('"'):
        return name.strip('"')
    if name.lower() in ("associated", "because", "with"):
        return ""
    name = re.split(r"[\"'`<]", name.lstrip("\"'`"))[0]
    return name if name == "*" else name.rstrip(".,;)]}")


def _reason(rest: str) -> tuple[Layer | None, How | None, str]:
    """Layer, kind of denial, and the ARN of the policy where the words name one."""
    if found := _EXPLICIT.search(rest):
        return layer_of(found["layer"]), "explicitDeny", (found["arn"] or "").rstrip(".,;)\"'<")
    if found := _SILENT.search(rest):
        return layer_of(found["layer"]), "implicitDeny", ""
    return ("resource", None, "") if _CIPHERTEXT.search(rest) else (None, None, "")


def _operation(text: str) -> tuple[str, str, str]:
    """Service, operation and error code of the last call that the text tells of."""
    found = [match for pattern in _OPERATIONS for match in pattern.finditer(text)]
    if not found:
        return "", "", ""
    last = max(found, key=lambda match: match.start()).groupdict()
    # Go's SDK writes the service's id, `EC2` or `Secrets Manager`.
    service = last.get("service") or (last.get("name") or "").replace(" ", "").lower()
    return service, last["operation"], last.get("code") or ""


def _bare(text: str) -> Iterator[Denied]:
    """Denials that tell no more than that they are one, and perhaps of which operation."""
    calls = [m for pattern in _OPERATIONS for m in pattern.finditer(text)]
    calls.sort(key=lambda match: match.start())
    told = False
    for at, match in enumerate(calls):
        end = calls[at + 1].start() if at + 1 < len(calls) else len(text)
        part, code = text[match.start() : end], match.groupdict().get("code") or ""
        if (code in CODES) if code else (_BARE.search(part) or _CROSS_PASS.search(part)):
            told = True
            yield _bare_of(part)
    if not told and not calls and (_BARE.search(text) or _CROSS_PASS.search(text)):
        yield _bare_of(text)


def _bare_of(part: str) -> Denied:
    service, operation, code = _operation(part)
    passing = _CROSS_PASS.search(part) is not None
    ec2 = "unauthorizedoperation" in part.lower() or "\x00" in part
    return Denied(
        action="iam:PassRole" if passing else "",
        service=service or ("iam" if passing else "ec2" if ec2 else ""),
        operation=operation,
        code=code,
        cross_account_pass=passing,
    )
