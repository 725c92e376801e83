"""Policy documents as IAM takes them: what moto's own check lets through is judged by our grammar.

The words are AWS's, as far as they are known; "Syntax errors in policy." where they are not.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
Raises moto's exceptions, which it renders as AWS does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator

from narrowgate.adapters.sandbox.administrator import ADMIN_USER
from narrowgate.policy.document import Document
from narrowgate.policy.grammar import parse
from narrowgate.policy.place import Fault, Faults

_SYNTAX: Final = "Syntax errors in policy."
_SID: Final = (
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
)
_JSON: Final = "This policy contains invalid Json"
# What our grammar says, and what AWS says of the same; the first that is contained counts.
_IDENTITY_WORDS: Final = (
    ("cannot have Principal", "Policy document should not specify a principal."),
    ("cannot have NotPrincipal", "Policy document should not specify a principal."),
    ("may have only letters and digits", _SID),
    ("is here twice; a Sid must be unique", "Statement IDs (SID) in a single policy must be unique."),
)
_TRUST_WORDS: Final = (
    ("cannot have Resource", "Has prohibited field Resource"),
    ("cannot have NotResource", "Has prohibited field NotResource"),
    ("cannot have NotAction", "Has prohibited field NotAction"),
    ("cannot have NotPrincipal", "Has prohibited field NotPrincipal"),
    ("has no Principal", "Missing required field Principal"),
    ("has no Action", "Missing required field Action"),
    ("has no Effect", "Missing required field Effect"),
    ("has no Statement", "Missing required field Statement"),
    ("is not an action of a trust policy", "AssumeRole policy may only specify STS AssumeRole actions."),
    ("may have only letters and digits", _SID),
    ("is here twice; a Sid must be unique", "Statement IDs (SID) in a single policy must be unique."),
)


def check_identity(text: str) -> None:
    """Raises MalformedPolicyDocument for what can be no identity policy; also of session policies.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
    """
    IAMPolicyDocumentValidator(text).validate()
    found = parse(text, "identity")
    if isinstance(found, Faults):
        raise MalformedPolicyDocument(_words(found.items[0], _IDENTITY_WORDS))


def check_trust(iam: Any, text: str) -> None:
    """Raises MalformedPolicyDocument for what can be no trust policy, and for principals that do not exist.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    found = parse(text, "trust")
    if isinstance(found, Faults):
        raise MalformedPolicyDocument(_trust_words(found.items[0]))
    if missing := next(iter(_missing(iam, found)), None):
        raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{missing}"')


def _words(fault: Fault, known: Iterable[tuple[str, str]]) -> str:
    return next((words for part, words in known if part in fault.message), _SYNTAX)


def _trust_words(fault: Fault) -> str:
    if not fault.path and fault.message.startswith("expected"):
        return _JSON
    if ".Principal" in fault.path and "`" in fault.message:
        kind = fault.path.rpartition("Principal.")[2].partition("[")[0]
        named = fault.message.split("`")[1]
        return f'Invalid principal in policy: "{kind.upper()}":"{named}"'
    return _words(fault, _TRUST_WORDS)


def _missing(iam: Any, document: Document) -> Iterable[str]:
    """The users and roles of this account that the document names and that do not exist.

    Those of other accounts cannot be looked up here.
    """
    own = f"arn:{iam.partition}:iam::{iam.account_id}:"
    users = {f"{own}user/{ADMIN_USER}", *(user.arn for user in iam.users.values())}
    existing = users | {role.arn for role in iam.get_roles()}
    named = (p for s in document.statements for p in (s.principals.items if s.principals else ()))
    local = (p.name for p in named if p.kind == "AWS" and p.name.startswith((f"{own}user/", f"{own}role/")))
    return (name for name in local if name not in existing)
