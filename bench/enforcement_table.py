"""The enforcement scenarios: who calls what in which account, and what AWS answers. Pure but for reading files.

`tests/cases/enforcement/README.md` says how a scenario is written. The expected answers come from AWS's pages:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html (the words),
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html (who decides).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
CASES: Final = Path(__file__).parents[1] / "tests" / "cases" / "enforcement"
FIELDS: Final = frozenset({"name", "given", "who", "call", "params", "region", "expect", "after"})
MARKS: Final = frozenset({"quick", "clients", "open"})

_VARIABLE: Final = re.compile(r"<([a-z][\w.-]*)>", re.ASCII)
_WORDS: Final[Mapping[str, str]] = {
    "identity": "because no identity-based policy allows the {} action",
    "boundary": "because no permissions boundary allows the {} action",
    "session": "because no session policy allows the {} action",
    "scp": "because no service control policy allows the {} action",
    "resource": "because no resource-based policy allows the {} action",
    "deny in identity": "with an explicit deny in an identity-based policy",
    "deny in boundary": "with an explicit deny in a permissions boundary",
    "deny in session": "with an explicit deny in a session policy",
    "deny in scp": "with an explicit deny in a service control policy",
    "deny in resource": "with an explicit deny in a resource-based policy",
}
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and the pages on common errors of
# the others: those that speak JSON answer 400.
_REFUSALS: Final[Mapping[str, tuple[str, int]]] = {
    "iam": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
    "s3": ("AccessDenied", 403),
    "autoscaling": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "ssm": ("AccessDeniedException", 400),
    "dynamodb": ("AccessDeniedException", 400),
    "kms": ("AccessDeniedException", 400),
    "organizations": ("AccessDeniedException", 400),
    "secretsmanager": ("AccessDeniedException", 400),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """An answer: the error code ("" where the call is allowed), the HTTP status, and what the message must say."""

    code: str = ""
    status: int = 200
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call; `status` 0 where a client does not tell it."""

    code: str
    status: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table. `open`: why the sandbox is known to answer otherwise; "" where it is not."""

    topic: str
    name: str
    given: tuple[Json, ...]
    who: Json
    call: str
    params: Json
    region: str
    expect: Json
    after: tuple[Json, ...]
    quick: bool
    clients: bool
    open: str

    @property
    def service(self) -> str:
        """botocore's name of the service."""
        return self.call.partition(":")[0]

    @property
    def operation(self) -> str:
        """The operation as the API spells it."""
        return self.call.partition(":")[2]

    @property
    def is_allowed(self) -> bool:
        """Whether AWS lets the call through."""
        return self.expect == "allowed" or (isinstance(self.expect, dict) and self.expect.get("code") == _DRY_RUN)


_DRY_RUN: Final = "DryRunOperation"


def scenarios(folder: Path = CASES) -> tuple[Scenario, ...]:
    """Every scenario, by topic. Raises ValueError for one that is not written as the README says."""
    return tuple(made for file in sorted(folder.glob("*.json")) for made in _of_file(file))


def _of_file(file: Path) -> Iterator[Scenario]:
    for row in json.loads(file.read_text(encoding="utf-8")):
        if unknown := row.keys() - FIELDS - MARKS:
            raise ValueError(f"{file.name}: `{row.get('name')}` has {', '.join(sorted(unknown))}")
        yield Scenario(
            file.stem,
            row["name"],
            tuple(row.get("given", ())),
            row.get("who", {}),
            row["call"],
            row.get("params", {}),
            row.get("region", ""),
            row["expect"],
            tuple(row.get("after", ())),
            row.get("quick", False),
            row.get("clients", False),
            row.get("open", ""),
        )


def filled(value: Json, names: Mapping[str, str]) -> Json:
    """The value with every `<name>` replaced. Raises ValueError for a name that nothing was given."""
    match value:
        case str():
            return _VARIABLE.sub(lambda found: _named(found[1], names), value)
        case list():
            return [filled(each, names) for each in value]
        case dict():
            return {filled(name, names): filled(each, names) for name, each in value.items()}
    return value


def _named(name: str, names: Mapping[str, str]) -> str:
    if name not in names:
        raise ValueError(f"nothing given is called `<{name}>`; there are {', '.join(sorted(names))}")
    return names[name]


def document(statements: Json, *, resource: str | None = "*") -> str:
    """The policy of statements in short form; `resource`: the one that a statement without `on` has."""
    if isinstance(statements, dict):
        return json.dumps(statements)
    return json.dumps({"Version": "2012-10-17", "Statement": [_statement(each, resource) for each in statements]})


def _statement(short: Json, resource: str | None) -> Json:
    """`ec2:Describe*`, or `{"allow": actions, "on": resources, "if": conditions, "to": principal}`, or AWS's own."""
    if isinstance(short, str):
        short = {"allow": short}
    made = {name: value for name, value in short.items() if name not in ("allow", "deny", "on", "if", "to")}
    for word, effect in (("allow", "Allow"), ("deny", "Deny")):
        if word in short:
            made |= {"Effect": effect, "Action": short[word]}
    for word, element in (("on", "Resource"), ("if", "Condition"), ("to", "Principal")):
        if word in short:
            made[element] = short[word]
    if resource is not None and "Resource" not in made and "NotResource" not in made:
        made["Resource"] = resource
    return made


def expected(scenario: Scenario, names: Mapping[str, str], caller: str) -> Expected:
    """The answer that the scenario wants; `caller` is the ARN of who calls.

    `{"denied": action, "on": resource, "by": layer}` is AWS's sentence about it.
    """
    wanted = filled(scenario.expect, names)
    if wanted == "allowed":
        return Expected()
    if "code" in wanted:
        return Expected(wanted["code"], wanted["status"], tuple(wanted.get("says", ())))
    code, status = _REFUSALS[scenario.service]
    says = [f"User: {caller} is not authorized to perform: {wanted['denied']}"]
    says += [f"on resource: {wanted['on']}"] if "on" in wanted else []
    says += [_WORDS[wanted["by"]].format(wanted["denied"])] if "by" in wanted else []
    return Expected(code, status, tuple(says))


def faults(wanted: Expected, came: Outcome) -> tuple[str, ...]:
    """How the outcome differs from what is wanted; empty where it does not."""
    if came.code != wanted.code:
        return (f"wanted {wanted.code or 'no error'}, came {came.code or 'no error'}: {came.message}",)
    found = [
        f"the message does not say `{words}`: {came.message}" for words in wanted.says if words not in came.message
    ]
    if wanted.code and came.status and came.status != wanted.status:
        found.append(f"wanted status {wanted.status}, came {came.status}")
    return tuple(found)
