"""Which botocore service a signed request is for, and its operations, read from botocore's models when first asked.

A credential scope holds a signing name, which several services may share (`elasticloadbalancing`,
`dynamodb`, `s3`, `rds`); the protocol, the API version and the operation tell them apart. The person's own
models (`~/.aws/models`) are not read.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from narrowgate.adapters.sandbox.shapes import Node, Pool, Protocol

if TYPE_CHECKING:
    from botocore.model import ServiceModel

HEAD: Final = 16384
"""How many characters of a model are read for its metadata, which stands first."""
PROTOCOLS: Final = ("ec2", "query", "json", "rest-json", "rest-xml")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a model's metadata says of a service; `name` is botocore's."""

    name: str
    signing_name: str
    protocols: tuple[Protocol, ...]
    version: str
    target_prefix: str


@dataclass(frozen=True)
class Operation:
    """One operation of a service: its name, its compiled input (None where it takes nothing), its HTTP form."""

    name: str
    uri: str
    method: str
    deprecated: bool
    input: Node | None = field(repr=False)


class Service:
    """A service in one of its protocols. Operations are compiled when first asked for."""

    def __init__(self, profile: Profile, protocol: Protocol) -> None:
        self.profile = profile
        self.protocol = protocol
        self._pool = Pool(protocol)
        self._operations: dict[str, Operation] = {}

    @cached_property
    def model(self) -> ServiceModel:
        """botocore's model."""
        from botocore.loaders import Loader
        from botocore.model import ServiceModel

        loader = Loader(extra_search_paths=[str(_models())], include_default_search_paths=False)
        return ServiceModel(loader.load_service_model(self.profile.name, "service-2"), self.profile.name)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of its operations."""
        return frozenset(self.model.operation_names)

    def operation(self, name: str) -> Operation | None:
        """The operation of that name; None where the service has none."""
        if name not in self._operations and name in self.names:
            self._operations[name] = self._compiled(name)
        return self._operations.get(name)

    def _compiled(self, name: str) -> Operation:
        model = self.model.operation_model(name)
        shape = model.input_shape
        node = self._pool.node(shape, "") if shape is not None else None
        http: dict[str, Any] = model.http
        return Operation(name, http.get("requestUri", "/"), http.get("method", "POST"), bool(model.deprecated), node)


@cache
def service(name: str, protocol: Protocol) -> Service:
    """A service by botocore's name, in a protocol that it speaks."""
    return Service(profiles()[name], protocol)


@cache
def candidates(signing_name: str, family: frozenset[str]) -> tuple[Service, ...]:
    """The services of a signing name that speak one of these protocols, its namesake first."""
    found = [profile for profile in profiles().values() if profile.signing_name == signing_name]
    found.sort(key=lambda profile: (profile.name != signing_name, profile.name))
    spoken = ((profile, [p for p in profile.protocols if p in family]) for profile in found)
    return tuple(service(profile.name, protocols[0]) for profile, protocols in spoken if protocols)


@cache
def profiles() -> dict[str, Profile]:
    """Every service that botocore knows, by its name; about a tenth of a second, once."""
    return {folder.name: _profile(folder) for folder in sorted(_models().iterdir()) if any(folder.glob("*/service-2*"))}


def _profile(folder: Path) -> Profile:
    latest = max(path for path in folder.glob("*/service-2.json*"))
    found = _metadata(latest)
    protocols = tuple(p for p in found.get("protocols", [found["protocol"]]) if p in PROTOCOLS)
    return Profile(
        folder.name,
        found.get("signingName") or found["endpointPrefix"],
        cast("tuple[Protocol, ...]", protocols),
        found["apiVersion"],
        found.get("targetPrefix", ""),
    )


def _metadata(path: Path) -> dict[str, Any]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        text = file.read(HEAD)
        start = text.index('"metadata"') + len('"metadata"')
        found: dict[str, Any] = json.JSONDecoder().raw_decode(text[start:].lstrip(" \r\n\t:"))[0]
    return found


def _models() -> Path:
    import botocore

    return Path(str(botocore.__file__)).parent / "data"
