"""Questions made from AWS's managed policies: known actions, resources of their types, contexts. Seeded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final

from bench.policy_layers import ACCOUNT, LAYERS, OTHER_ACCOUNT
from bench.policy_work import NUMBER, Json, listed
from narrowgate.policy.actions import ActionList

SEED: Final = 20261124
QUESTIONS: Final = 200
VARIANTS: Final = 50
OWN_QUESTIONS: Final = 6
TEN: Final = (
    "AWSBackupFullAccess",
    "AWSLambda_FullAccess",
    "AWSPrivateCAPrivilegedUser",
    "AmazonEBSCSIDriverPolicy",
    "AmazonEMRServicePolicy_v2",
    "AmazonRDSCustomServiceRolePolicy",
    "AmazonRedshiftDataFullAccess",
    "AmazonSageMakerFullAccess",
    "ReadOnlyAccess",
    "SecretsManagerReadWrite",
)
PRINCIPALS: Final[tuple[Json, ...]] = (
    {"type": "AWS", "arn": f"arn:aws:iam::{ACCOUNT}:user/team/ann"},
    {
        "type": "AWS",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/installer/i-0a1b2c3d",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/installer",
    },
    {"type": "AWS", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/bob"},
)
FEDERATED: Final[Json] = {"type": "AWS", "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/ann"}
_WILD: Final = re.compile(r"\*+|\?")
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
_HEAD: Final = ("arn", "aws", "x", "us-east-1", ACCOUNT)
_MISSES: Final[Mapping[str, str]] = {
    "Arn": f"arn:aws:iam::{ACCOUNT}:role/elsewhere",
    "Numeric": "987654321",
    "Date": "2031-01-01T00:00:00Z",
    "IpAddress": "203.0.113.9",
}
TRIES: Final = 8


def managed_policies() -> dict[str, Json]:
    """AWS's managed policies as moto ships them: decoded documents by name."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return {name: policy["Document"] for name, policy in json.loads(aws_managed_policies_data).items()}


def work(
    policies: Mapping[str, Json], known: ActionList, ten: Sequence[str] = TEN, questions: int = QUESTIONS
) -> dict[str, Any]:
    """Everything that is asked, as one JSON value.

    `policies`: texts by name. `questions`: against ten of them, each with the name of the policy it was made from;
    `layered`: the same for all layers, with sessions, some on another account's resources. `own`: a few against each
    of all policies. `layers`: documents of every layer but identity. `variants`: requests of each question.
    """
    rng = Random(SEED)
    each = max(1, questions // len(ten))
    asked = [made for name in ten for made in _questions(rng, name, policies[name], known, each)]
    own = [made for name in policies for made in _questions(rng, name, policies[name], known, OWN_QUESTIONS)]
    return {
        "policies": {name: json.dumps(document) for name, document in policies.items()},
        "ten": ten,
        "questions": asked,
        "layered": [_layered(rng, question) for question in asked],
        "own": own,
        "layers": {layer: _texts(documents) for layer, documents in LAYERS.items()},
        "variants": VARIANTS,
    }


def _texts(documents: Any) -> Any:
    """Documents as texts, in however many lists."""
    return [_texts(each) for each in documents] if isinstance(documents, list) else json.dumps(documents)


def _questions(rng: Random, name: str, document: Json, known: ActionList, count: int) -> Iterator[Json]:
    statements = listed(document["Statement"])
    for number in range(count):
        statement, action, arns = _target(rng, statements, known)
        who = PRINCIPALS[number % len(PRINCIPALS)]
        yield {
            "policy": name,
            "principal": who,
            "action": action,
            "resource": _resource(rng, statement, action, arns),
            "resource_account": ACCOUNT,
            "context": _context(rng, statement, who["arn"]),
        }


def _layered(rng: Random, question: Json) -> Json:
    """The question as it meets all layers: its principal has a session, its resource may be another account's."""
    who = question["principal"] if "assumed-role" in question["principal"]["arn"] else FEDERATED
    asked = {**question, "principal": who, "context": {**question["context"], "aws:PrincipalArn": who["arn"]}}
    if rng.random() >= 0.15:
        return asked
    owned = question["resource"].replace(f":{ACCOUNT}:", f":{OTHER_ACCOUNT}:", 1)
    return {**asked, "resource": owned, "resource_account": OTHER_ACCOUNT}


def _target(rng: Random, statements: Sequence[Json], known: ActionList) -> tuple[Json, str, tuple[str, ...]]:
    """A statement, an action of it, the patterns of the ARNs it can name; if possible an action that has some."""
    for _ in range(TRIES):
        statement = rng.choice(statements)
        action = _action(rng, statement, known)
        arns = tuple(arn for each in known.types_of(action) for arn in each.arns)
        if arns:
            break
    return statement, action, arns


def _action(rng: Random, statement: Json, known: ActionList) -> str:
    """A known action that the statement names, or, of one in eight, another of the service."""
    if "NotAction" in statement:
        return rng.choice(("s3:GetObject", "ec2:RunInstances", "iam:PassRole"))
    text: str = rng.choice(listed(statement["Action"]))
    wanted = f"{text.partition(':')[0]}:*" if rng.random() < 0.125 and ":" in text else text
    found = known.chosen(known.select(wanted))
    return rng.choice(found) if found else _WILD.sub("Items", text)


def _resource(rng: Random, statement: Json, action: str, arns: Sequence[str]) -> str:
    """A resource that the statement names, or, of one in three, any of a type that the action has."""
    service = action.partition(":")[0]
    named = [text for text in listed(statement.get("Resource", "*")) if text.count(":") >= 5]
    if not named or (arns and rng.random() < 0.33):
        named = list(arns) or [f"arn:aws:{service}:*:*:thing/*"]
    text = _VARIABLE.sub("ann", rng.choice(named))
    head, rest = text.split(":")[:5], text.split(":", 5)[5]
    filled = [_WILD.sub(fill, part) for part, fill in zip(head, _HEAD, strict=True)]
    return ":".join((*filled, _with_number(rng, rest)))


def _with_number(rng: Random, rest: str) -> str:
    """The number goes where the pattern has room for it; without room it is put at the end, and misses."""
    stars = list(_WILD.finditer(rest))
    if not stars:
        return rest + rng.choice(("", "-")) + NUMBER
    at = rng.choice(stars)
    return _WILD.sub("x1", rest[: at.start()]) + "i-" + NUMBER + _WILD.sub("x1", rest[at.end() :])


def _context(rng: Random, statement: Json, arn: str) -> Json:
    """What a request of that principal has anyway, and for each condition a value: mostly one that meets it."""
    made: Json = {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalOrgID": "o-exampleorg" if rng.random() < 0.9 else "o-elsewhere",
        "aws:RequestedRegion": rng.choice(("us-east-1", "us-east-1", "us-east-1", "eu-west-1", "ap-south-1")),
        "aws:SecureTransport": "true" if rng.random() < 0.97 else "false",
        "aws:SourceIp": rng.choice(("10.1.2.3", "10.20.30.40", "10.0.200.9", "192.0.2.7", "192.0.2.7", "198.51.100.9")),
        "aws:CurrentTime": "2026-11-24T10:00:00Z",
        "aws:username": "ann",
    }
    lower = {key.lower(): key for key in made}
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            kind = rng.choices(("meets", "misses", "absent"), (70, 20, 10))[0]
            value = _value(operator, listed(values), kind)
            name = lower.setdefault(key.lower(), key)
            made.pop(name, None)
            if value is not None:
                made[name] = value
    return made


def _value(operator: str, values: Sequence[Any], kind: str) -> str | list[str] | None:
    """A value of the key that meets the condition, or one that does not; None for none."""
    qualifier, _, plain = operator.rpartition(":")
    plain = plain.removesuffix("IfExists")
    if plain == "Null":
        absent = (str(values[0]).lower() == "true") is (kind == "meets")
        return None if absent else "present"
    if kind == "absent":
        return None
    if plain == "Bool":
        want = str(values[0]).lower()
        return want if kind == "meets" else {"true": "false"}.get(want, "true")
    if (kind == "meets") is not ("Not" in plain):
        text = _VARIABLE.sub("ann", _WILD.sub("x1", str(values[0])))
    else:
        text = next((miss for family, miss in _MISSES.items() if family in plain), "elsewhere")
    return [text] if qualifier else text
