"""What the embedded AWS knows of a resource, for the catalogue: tags, condition keys, links. Only reads moto's state.

Each service has one function from the part of the ARN after the account to Attributes; an ARN of a
service without one, or of a thing that does not exist, is not known.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from narrowgate.adapters.sandbox import facts_ec2
from narrowgate.catalogue.facts import Attributes, Place
from narrowgate.policy.request_context import Value

Lookup = Callable[["MotoFacts", str], "Attributes | None"]


class MotoFacts:
    """Facts of one place; what another account owns is looked up in that account.

    It remembers what it was asked: make one for each decision, for moto's state changes in between.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._known: dict[str, Attributes | None] = {}

    def __call__(self, arn: str) -> Attributes | None:
        """What is known of the resource."""
        if arn not in self._known:
            self._known[arn] = self._look_up(arn)
        return self._known[arn]

    def _look_up(self, arn: str) -> Attributes | None:
        parts = arn.split(":", 5)
        if len(parts) != 6:
            return None
        _, partition, service, region, account, resource = parts
        lookup = _LOOKUPS.get(service)
        if lookup is None or partition != self.place.partition:
            return None
        owner = account if account.isdecimal() else self.place.account
        return lookup(MotoFacts(Place(partition, owner, region or self.place.region)), resource)

    def policy(self, arn: str) -> str | None:
        """The resource policy of a bucket, a key or a secret; None where it has none."""
        parts = arn.split(":", 5)
        find = _POLICIES.get(parts[2]) if len(parts) == 6 else None
        if find is None:
            return None
        account = parts[4] if parts[4].isdecimal() else self.place.account
        return find(MotoFacts(Place(parts[1], account, parts[3] or self.place.region)), parts[5])

    def backend(self, service: str) -> Any:
        """moto's state of a service here; None where nobody has used it yet."""
        module: Any = sys.modules.get(f"moto.{service}.models")
        if module is None:
            return None
        regions = dict.get(getattr(module, f"{service}_backends"), self.place.account)
        if regions is None:
            return None
        return dict.get(regions, self.place.region) or dict.get(regions, self.place.partition)


def _pairs(tags: Any) -> dict[str, str]:
    """Tags in any of moto's forms."""
    if isinstance(tags, Mapping):
        return {
            str(value["Key"] if isinstance(value, Mapping) else name): str(
                value["Value"] if isinstance(value, Mapping) else value
            )
            for name, value in tags.items()
        }
    return {str(tag.get("Key", tag.get("key"))): str(tag.get("Value", tag.get("value")) or "") for tag in tags or ()}


# IAM


def _iam(facts: MotoFacts, resource: str) -> Attributes | None:
    iam = facts.backend("iam")
    kind, _, path = resource.partition("/")
    if kind == "access-key":
        return _key_owner(iam, path)
    find = _IAM.get(kind)
    found = find(iam, path.rpartition("/")[2]) if find and iam else None
    if found is None:
        return None
    links: dict[str, tuple[str, ...]] = {"self": (found.arn,)}
    keys: dict[str, Value] = {}
    if kind == "instance-profile":
        links["role"] = tuple(role.arn for role in found.roles)
    if kind in ("user", "role") and (bounding := _boundary(found)):
        keys["iam:PermissionsBoundary"] = bounding
    return Attributes(_iam_tags(iam, kind, found), keys, links)


def _key_owner(iam: Any, key_id: str) -> Attributes | None:
    """Whose a key is; the catalogue asks about `access-key/ID`, which is no ARN of AWS's."""
    key = iam.access_keys.get(key_id) if iam else None
    owner = iam.users.get(key.user_name) if key is not None and key.user_name else None
    return None if owner is None else Attributes(links={"user": (owner.arn,)})


def _iam_tags(iam: Any, kind: str, found: Any) -> dict[str, str]:
    if kind == "user":
        return _pairs(iam.tagger.get_tag_dict_for_resource(found.arn))
    return _pairs(getattr(found, "tags", None))


def _boundary(holder: Any) -> str:
    of_user = (getattr(holder, "permissions_boundary", None) or {}) if hasattr(holder, "permissions_boundary") else {}
    if isinstance(of_user, Mapping) and of_user:
        return str(of_user.get("PermissionsBoundaryArn", ""))
    return str(getattr(holder, "permissions_boundary_arn", "") or "")


def _named(things: Iterable[Any], name: str) -> Any:
    return next((thing for thing in things if thing.name == name), None)


_IAM: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "user": lambda iam, name: iam.users.get(name),
    "role": lambda iam, name: _named(iam.get_roles(), name),
    "group": lambda iam, name: iam.groups.get(name),
    "instance-profile": lambda iam, name: _named(iam.instance_profiles.values(), name),
    "policy": lambda iam, name: _named((p for p in iam.managed_policies.values() if ":aws:policy" not in p.arn), name),
}


# The others


def _autoscaling(facts: MotoFacts, resource: str) -> Attributes | None:
    name = resource.rpartition("autoScalingGroupName/")[2]
    backend = facts.backend("autoscaling")
    found = backend.autoscaling_groups.get(name) if backend else None
    if found is None:
        return None
    policies = tuple(str(policy.arn) for policy in backend.policies.values() if policy.auto_scaling_group_name == name)
    return Attributes(_pairs(found.tags), {}, {"self": (str(found.arn),), "policy": policies})


def _ssm(facts: MotoFacts, resource: str) -> Attributes | None:
    backend = facts.backend("ssm")
    name = resource.removeprefix("parameter/")
    found = next((n for n in (name, f"/{name}") if backend and n in backend._parameters), None)
    return None if found is None else Attributes(_pairs(backend._resource_tags["Parameter"].get(found, {})))


def _secret(facts: MotoFacts, resource: str) -> Attributes | None:
    """By moto's own look-up, which takes an ARN without its last characters, too."""
    backend, name = facts.backend("secretsmanager"), resource.removeprefix("secret:")
    arn = facts.place.arn("secretsmanager", resource)
    found = (backend.secrets.get(name) or backend.secrets.get(arn)) if backend else None
    return None if found is None else Attributes(_pairs(found.tags), {}, {"self": (str(found.arn),)})


def _kms(facts: MotoFacts, resource: str) -> Attributes | None:
    backend = facts.backend("kms")
    kind, _, name = resource.partition("/")
    if backend is None:
        return None
    if kind == "alias":
        found = next((key for key in backend.keys.values() if f"alias/{name}" in key.aliases), None)
    else:
        found = backend.keys.get(name)
    if found is None:
        return None
    aliases = tuple(found.aliases)
    keys: dict[str, Value] = {"kms:ResourceAliases": aliases} if aliases else {}
    links = {"self": (str(found.arn),), "key": (str(found.arn),)}
    return Attributes(_pairs(backend.tagger.get_tag_dict_for_resource(found.id)), keys, links)


def _dynamodb(facts: MotoFacts, resource: str) -> Attributes | None:
    backend = facts.backend("dynamodb")
    found = backend.tables.get(resource.split("/")[1]) if backend and resource.startswith("table/") else None
    return None if found is None else Attributes(_pairs(found.tags))


def _elb(facts: MotoFacts, resource: str) -> Attributes | None:
    backend = facts.backend("elbv2")
    arn = facts.place.arn("elasticloadbalancing", resource)
    found = (backend.load_balancers.get(arn) or backend.target_groups.get(arn)) if backend else None
    return None if found is None else Attributes(_pairs(backend.tagging_service.get_tag_dict_for_resource(arn)))


def _s3(facts: MotoFacts, resource: str) -> Attributes | None:
    module: Any = sys.modules.get("moto.s3.models")
    _, owner = module.s3_backends.bucket_accounts.get(resource.partition("/")[0], ("", "")) if module else ("", "")
    return Attributes(account=owner) if owner else None


_LOOKUPS: Final[Mapping[str, Lookup]] = {
    "iam": _iam,
    "ec2": lambda facts, resource: facts_ec2.attributes(facts.backend("ec2"), facts.place, resource),
    "autoscaling": _autoscaling,
    "ssm": _ssm,
    "secretsmanager": _secret,
    "kms": _kms,
    "dynamodb": _dynamodb,
    "elasticloadbalancing": _elb,
    "s3": _s3,
}
"""By the service of the ARN."""


def _bucket_policy(facts: MotoFacts, resource: str) -> str | None:
    backend, name = facts.backend("s3"), resource.partition("/")[0]
    text = backend.buckets[name].policy if backend and name in backend.buckets else None
    return None if text is None else text.decode("utf-8", "replace")


def _key_policy(facts: MotoFacts, resource: str) -> str | None:
    backend, name = facts.backend("kms"), resource.removeprefix("key/")
    return str(backend.keys[name].policy) if backend and name in backend.keys else None


def _secret_policy(facts: MotoFacts, resource: str) -> str | None:
    backend, arn = facts.backend("secretsmanager"), facts.place.arn("secretsmanager", resource)
    return next((s.policy for s in backend.secrets.values() if s.arn == arn), None) if backend else None


_POLICIES: Final[Mapping[str, Callable[[MotoFacts, str], str | None]]] = {
    "s3": _bucket_policy,
    "kms": _key_policy,
    "secretsmanager": _secret_policy,
}
