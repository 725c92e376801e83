"""Cases of the catalogue as values: a call, where it goes, what is known, and what is to be decided."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from narrowgate.calls import Call, Fields
from narrowgate.catalogue.facts import Attributes, Facts, Place

CASES: Final = Path(__file__).parent.parent / "cases" / "catalogue"
HERE: Final = Place("aws", "123456789012", "eu-west-1")


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `expect` and `effects` as they stand in the file, None where it says nothing of them."""

    name: str
    call: Call
    place: Place
    facts: Facts
    expect: Any
    effects: Any


def cases(service: str = "*") -> Iterator[Case]:
    """All cases, or those of one service."""
    for path in sorted(CASES.glob(f"{service}.json")):
        for name, made in json.loads(path.read_text()).items():
            yield _case(f"{path.stem}: {name}", made)


def _case(name: str, made: Mapping[str, Any]) -> Case:
    call = Call(made["call"]["service"], made["call"]["operation"], Fields(made["call"].get("params", {})))
    place = Place(*made["place"].split()) if "place" in made else HERE
    known = {arn: attributes(fields) for arn, fields in made.get("facts", {}).items()}
    return Case(name, call, place, known.get, made.get("expect"), made.get("effects"))


def attributes(fields: Mapping[str, Any]) -> Attributes:
    """Attributes from JSON; lists become tuples."""
    keys = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.get("keys", {}).items()}
    links = {name: tuple(arns) for name, arns in fields.get("links", {}).items()}
    return Attributes(fields.get("tags", {}), keys, links, Fields(fields.get("data", {})), fields.get("account", ""))
