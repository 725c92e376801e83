"""Random requests with the documents that decide them, made again from a seed and a number. Pure but for the seed.

About a third is meant to be allowed, a quarter denied explicitly, the rest implicitly: each element of a
statement is aimed at the request with a chance that depends on what the statement is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from judges.conditions import condition, context
from judges.pools import AWAY, CANONICAL_USER, HOME, STRANGER, TARGETS, UNIQUE_IDS
from judges.world import Json, World, without_resource

FULL_ACCESS: Final[Json] = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}
_USER = {"type": "AWS", "arn": f"arn:aws:iam::{HOME}:user/alice"}
_SESSION = {"type": "AWS", "arn": f"arn:aws:sts::{HOME}:assumed-role/worker/build-1"}
_ROLE = {"role_arn": f"arn:aws:iam::{HOME}:role/app/worker"}
_LINKED = f"arn:aws:iam::{HOME}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
PRINCIPALS: Final[tuple[tuple[int, Json], ...]] = (
    (34, _USER),
    (4, {"type": "AWS", "arn": f"arn:aws:iam::{HOME}:user/team/carol"}),
    (24, _SESSION | _ROLE),
    (6, _SESSION),
    (4, {"type": "AWS", "arn": f"arn:aws:iam::{HOME}:role/app/worker"}),
    (6, {"type": "AWS", "arn": f"arn:aws:iam::{HOME}:root"}),
    (5, {"type": "AWS", "arn": f"arn:aws:sts::{HOME}:federated-user/alice"}),
    (2, {"type": "AWS", "arn": f"arn:aws:sts::{HOME}:assumed-role/AWSServiceRoleForECS/ecs", "role_arn": _LINKED}),
    (6, {"type": "Service", "service": "lambda.amazonaws.com"}),
    (2, {"type": "Federated", "provider": f"arn:aws:iam::{HOME}:saml-provider/corp"}),
    (2, {"type": "Federated", "provider": "accounts.google.com"}),
    (5, {"type": "Anonymous"}),
)


@dataclass(frozen=True, slots=True)
class Aim:
    """How a statement is drawn: the chances that an element fits the request and that it has conditions."""

    effect: str
    fits: float
    conditions: float = 0.2


GRANT: Final = Aim("Allow", 0.86, 0.35)
GUARD: Final = Aim("Allow", 0.92, 0.2)
BLOCK: Final = Aim("Deny", 0.86, 0.5)
STRAY: Final = Aim("Deny", 0.45, 0.5)
SPARE: Final = Aim("Allow", 0.5, 0.5)


def world(seed: int, number: int) -> World:
    """The world of that number; the same for the same seed."""
    return _Maker(Random(f"{seed}:{number}")).world(number)


class _Maker:
    """Draws one world. The request comes first, for documents aim at it."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.principal = rng.choices([p for _, p in PRINCIPALS], [w for w, _ in PRINCIPALS])[0]
        self.is_aws = self.principal["type"] == "AWS"
        targets = [t for t in TARGETS if t.policy or self.is_aws]
        target = rng.choices(targets, [t.weight for t in targets])[0]
        self.account = AWAY if target.policy and rng.random() < 0.3 else HOME
        self.action = rng.choice(target.actions)
        self.resource = rng.choice(target.resources).replace("{a}", self.account)
        self.has_policy = target.policy
        self.service = self.action.split(":")[0]
        # Service, federated and anonymous principals are granted by the resource alone.
        must = self.service in ("kms", "sts") or not self.is_aws or self.account == AWAY
        self.gives_policy = target.policy and self.chance(0.96 if must else 0.4)
        self.blocked = self.chance(0.26)
        self.checked = self.resource == "*"

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def world(self, number: int) -> World:
        kind = self.principal.get("arn", "").split(":")[-1].split("/")[0]
        session = self.is_aws and kind in ("assumed-role", "federated-user") and self.chance(0.2)
        endpoints = tuple(self.document("endpoint", GUARD) for _ in range(self.chance(0.1)))
        self.checked = self.checked or session or bool(endpoints)
        self.context = context(self.rng, self.principal, self.account, checked=self.checked)
        # A root user has no policies of its own; other layers may be given where they do not apply.
        aws = kind != "root" and (self.is_aws or self.chance(0.06))
        return World(
            number=number,
            principal=self.principal,
            action=self.action.lower() if self.chance(0.03) else self.action,
            resource=self.resource,
            context=self.context,
            resource_account=self.account if self.service == "s3" or self.chance(0.05) else "",
            identity=self.documents("identity", GRANT, self.rng.choice((1, 1, 1, 2, 3)))
            if aws and self.chance(0.93)
            else (),
            boundaries=self.documents("boundary", GUARD, 1) if aws and self.chance(0.22) else (),
            session=self.document("session", GUARD) if session else None,
            scps=self.levels("scp") if (self.is_aws or self.chance(0.1)) and self.chance(0.3) else (),
            rcps=self.levels("rcp") if self.chance(0.2) else (),
            resource_policy=self.document("resource", GRANT) if self.gives_policy else None,
            endpoints=endpoints,
        )

    def documents(self, layer: str, aim: Aim, count: int) -> tuple[Json, ...]:
        return tuple(self.document(layer, aim) for _ in range(count))

    def levels(self, layer: str) -> tuple[tuple[Json, ...], ...]:
        return tuple(self.level(layer) for _ in range(self.rng.randint(1, 3)))

    def level(self, layer: str) -> tuple[Json, ...]:
        if layer == "rcp":
            return self.documents(layer, STRAY, self.rng.randint(0, 1))
        kept = (FULL_ACCESS,) if self.chance(0.7) else ()
        return (*kept, *self.documents(layer, GUARD, 0 if kept and self.chance(0.5) else 1))

    def document(self, layer: str, aim: Aim) -> Json:
        old = (5, 3) if layer not in ("scp", "rcp") else (0, 0)
        self.version = self.rng.choices(("2012-10-17", "2008-10-17", None), (92, *old))[0]
        aims = [aim] + [self.rng.choice((SPARE, STRAY)) for _ in range(self.rng.choice((0, 0, 1, 2)))]
        if self.blocked and self.chance(0.4):
            aims.append(BLOCK)
        if layer == "rcp":
            aims = [a if a.effect == "Deny" else STRAY for a in aims]
        self.rng.shuffle(aims)
        head = {"Version": self.version} if self.version else {}
        return {**head, "Statement": [self.statement(layer, a) for a in aims]}

    def statement(self, layer: str, aim: Aim) -> Json:
        made: Json = {"Effect": aim.effect}
        if layer in ("resource", "rcp", "endpoint"):
            made |= self.principals(layer, aim)
        made |= self.actions(layer, aim) | self.resources(aim)
        if self.chance(aim.conditions):
            drawn = [condition(self.rng, self.version or "", aim.fits) for _ in range(self.rng.choice((1, 1, 2)))]
            made["Condition"] = {operator: {key: values} for operator, key, values in drawn}
        return without_resource(made) if layer == "resource" and self.service == "sts" else made

    def actions(self, layer: str, aim: Aim) -> Json:
        negated = self.chance(0.07) and layer != "rcp" and not (layer == "resource" and self.service == "sts")
        fits = self.chance(aim.fits)
        if layer == "resource" and self.service == "sts":
            others = ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:assumerole"]
            return {"Action": self.listed([self.action if fits else "sts:DecodeAuthorizationMessage", *others[:1]])}
        name = self.action.split(":")[1]
        wild = (f"{self.service}:*", "*", f"{self.service}:{name[:4]}*", f"{self.service}:?{name[1:]}")
        hits = (self.action, self.action, self.action.lower(), *wild)
        misses = ("s3:Get?", "ec2:Describe", "sqs:Purge*", "logs:*", f"{self.service}:Tag*Never", "iam:*Policy")
        chosen = [self.rng.choice(misses), *([self.rng.choice(hits)] if fits is not negated else [])]
        return {"NotAction" if negated else "Action": self.listed(chosen)}

    def resources(self, aim: Aim) -> Json:
        negated = self.chance(0.07)
        fits = self.chance(aim.fits)
        chosen = [self.rng.choice(self.near_misses())]
        if fits is not negated:
            chosen = [self.rng.choice(self.resource_hits()), *chosen[: self.chance(0.4)]]
        return {"NotResource" if negated else "Resource": self.listed(chosen)}

    def near_misses(self) -> list[str]:
        others = [r.replace("{a}", self.account) for t in TARGETS for r in t.resources if r not in ("*", self.resource)]
        return [*others, "arn:aws:s3:::data-alpha/${AWS:username}/*", "arn:aws:sqs:*:*:j?bs-*", "arn:aws:iam::*:role/*"]

    def resource_hits(self) -> list[str]:
        whole = self.resource
        if whole == "*":
            return ["*"]
        head, _, tail = whole.rpartition(":")
        parts = whole.split(":", 5)
        open_parts = ":".join([*parts[:3], parts[3] and "*", parts[4] and "*", parts[5]])
        # IAM takes no wildcard in the type of its resources, which ends with the first slash.
        first = tail.index("/") + 1 if self.resource.startswith("arn:aws:iam:") else 0
        cut = self.rng.randint(first, len(tail) - 1)
        hits = [
            whole,
            "*",
            "*",
            f"{head}:{tail[:cut]}*",
            f"{head}:*",
            open_parts,
            f"{head}:{tail[:cut]}?{tail[cut + 1 :]}",
        ]
        if self.chance(0.3):
            hits += self.variable_hits(whole)
        return hits

    def variable_hits(self, whole: str) -> list[str]:
        hits = [whole.replace("alice", "${aws:username}"), whole.replace("red", "${aws:PrincipalTag/team, 'red'}")]
        hits.append(whole.replace(HOME, "${aws:PrincipalAccount}").replace("what?", "what${?}"))
        return [*hits, whole.replace("alice", "${aws:PrincipalTag/team}")]

    def listed(self, values: list[str]) -> str | list[str]:
        return values[0] if len(values) == 1 and self.chance(0.5) else values

    def principals(self, layer: str, aim: Aim) -> Json:
        if layer == "rcp":
            return {"Principal": "*"}
        if layer == "endpoint" and self.chance(0.8):
            return {"Principal": self.rng.choice(("*", {"AWS": "*"}))}
        negated = aim.effect == "Deny" and self.service != "sts" and self.chance(0.15)
        chosen = [self.rng.choice(self.names())] if self.chance(aim.fits) else []
        chosen += [self.rng.choice(_OTHERS)] * (not chosen or self.chance(0.3))
        if layer == "resource" and self.service == "s3" and not negated and self.chance(0.04):
            chosen.append(_CANONICAL)
        if negated and self.chance(0.7):
            chosen.append(("AWS", HOME))
        if chosen == [("AWS", "*")]:
            return {"NotPrincipal" if negated else "Principal": self.rng.choice(("*", {"AWS": "*"}))}
        kinds = sorted({kind for kind, _ in chosen})
        table = {kind: self.listed(sorted({n for k, n in chosen if k == kind})) for kind in kinds}
        return {"NotPrincipal" if negated else "Principal": table}

    def names(self) -> list[tuple[str, str]]:
        """What a Principal element may say to mean the principal, the account, or everyone."""
        everyone = [("AWS", "*")]
        match self.principal:
            case {"type": "Service", "service": name}:
                return [("Service", name), ("Service", name), ("Service", name.title()), *everyone]
            case {"type": "Federated", "provider": name}:
                return [("Federated", name), ("Federated", name), *everyone]
            case {"type": "Anonymous"}:
                return everyone
        arn = self.principal["arn"]
        role = self.principal.get("role_arn", f"arn:aws:iam::{HOME}:role/app/worker")
        found = [("AWS", arn), ("AWS", arn), ("AWS", HOME), ("AWS", f"arn:aws:iam::{HOME}:root"), *everyone]
        if "/worker" in arn:
            found += [("AWS", role)] * 3 + [("AWS", f"arn:aws:iam::{HOME}:role/worker")] * self.chance(0.2)
        if "user/alice" in arn and self.chance(0.3):
            found.append(("AWS", UNIQUE_IDS["user/alice"]))
        if "worker" in arn and self.chance(0.3):
            found.append(("AWS", UNIQUE_IDS["role/app/worker"]))
        return found


_OTHERS: Final = (
    ("AWS", STRANGER),
    ("AWS", AWAY),
    ("AWS", f"arn:aws:iam::{HOME}:user/dave"),
    ("AWS", f"arn:aws:iam::{HOME}:user/alice"),
    ("AWS", f"arn:aws:iam::{HOME}:role/deploy"),
    ("AWS", f"arn:aws:sts::{HOME}:assumed-role/worker/other"),
    ("AWS", UNIQUE_IDS["role/app/worker"]),
    ("Service", "ec2.amazonaws.com"),
    ("Federated", "www.amazon.com"),
)
_CANONICAL: Final = ("CanonicalUser", CANONICAL_USER)
