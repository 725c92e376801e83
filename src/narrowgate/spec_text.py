"""From the text of a `platform.yaml` to a Spec, with every error at its line. Pure.

An error says file, line and field, what was found, what is allowed, and the nearest name that exists.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from narrowgate.errors import UsageError
from narrowgate.spec import Known, Spec, partition_of
from narrowgate.yaml_text import Location, load, place, plain_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# A managed policy's name of up to 128 characters, with its path before it.
POLICY_NAME = re.compile(r"/?([\w+=,.@-]+/)*[\w+=,.@-]{1,128}", re.ASCII)


def parse(text: str, name: str, known: Known) -> Spec:
    """The spec in `text`; `name` is the file's name for messages.

    Raises UsageError whose message has one line for each thing that is wrong.
    """
    tree = load(text, name)
    plain = plain_of(tree)
    _check_profile(plain, tree, name, known)
    wanted = _with_defaults(plain, known)
    try:
        spec = Spec.model_validate(wanted)
    except ValidationError as error:
        raise UsageError("\n".join(_line(tree, name, d, known) for d in error.errors() if not _follows(d))) from None
    problems = [*spec.clashes(), *_too_small(spec, known), *_unknown(spec, known), *_sink_problems(spec, known)]
    if problems:
        # One problem is one line, whatever was found in the file.
        lines = (f"{place(tree, name, loc)}: {message}".replace("\n", "\\n") for loc, message in problems)
        raise UsageError("\n".join(lines))
    return spec


def schema(known: Known) -> dict[str, Any]:
    """The JSON Schema of the spec, for editors: what a profile defaults is optional, sinks spelled out."""
    whole = Spec.model_json_schema()
    whole["title"] = "Narrowgate platform"
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    whole["required"] = ["system", "region"]
    defaults = known.profiles[Spec.model_fields["profile"].default]
    for part in ("installer", "node"):
        definition = whole["$defs"][part.capitalize()]
        definition["required"] = []
        for key, value in defaults[part].items():
            definition["properties"][key]["default"] = value
    whole["$defs"]["SinkChoice"] = {"oneOf": [_sink_schema(k, v) for k, v in sorted(known.sinks.items())]}
    whole["properties"]["region"]["enum"] = sorted(known.regions)
    return whole


def _sink_schema(kind: str, settings: type[BaseModel]) -> dict[str, Any]:
    inner = settings.model_json_schema()
    inner["properties"] = {"sink": {"const": kind}, **inner.get("properties", {})}
    inner["required"] = ["sink", *inner.get("required", [])]
    return inner


def _check_profile(plain: Mapping[str, Any], tree: Mapping[str, Any], name: str, known: Known) -> None:
    """A wrong profile gives no defaults, and every other message would be misleading."""
    profile = plain.get("profile")
    if isinstance(profile, str) and profile not in known.profiles:
        message = f"there is no profile `{profile}`{_nearest(profile, known.profiles)}"
        raise UsageError(f"{place(tree, name, ('profile',))}: {message}; there are {', '.join(sorted(known.profiles))}")


def _with_defaults(wanted: dict[str, Any], known: Known) -> dict[str, Any]:
    """The spec with the profile's names where the person gave none."""
    profile = known.profiles.get(str(wanted.get("profile", Spec.model_fields["profile"].default)), {})
    merged = dict(wanted)
    for part, defaults in profile.items():
        given = wanted.get(part)
        if given is None:
            merged[part] = dict(defaults)
        elif isinstance(given, dict):
            merged[part] = {**_following(part, given, defaults), **given}
    return merged


def _following(part: str, given: Mapping[str, Any], defaults: Mapping[str, str]) -> dict[str, str]:
    """A renamed role renames its instance profile too, as the AWS console does."""
    followed = dict(defaults)
    if part == "node" and isinstance(given.get("role"), str):
        followed["instance_profile"] = given["role"]
    return followed


def _too_small(spec: Spec, known: Known) -> Iterable[tuple[Location, str]]:
    if spec.platform:
        found = spec.platform.too_small(known.minima[spec.profile])
        yield from ((("platform", *where), why) for where, why in found)


def _unknown(spec: Spec, known: Known) -> Iterable[tuple[Location, str]]:
    if partition_of(spec.region) is None:
        yield (
            ("region",),
            f"`{spec.region}` is not a region of aws, aws-cn or aws-us-gov{_nearest(spec.region, known.regions)}",
        )
    elif spec.region not in known.regions:
        yield (
            ("region",),
            f"there is no region `{spec.region}` that this version knows{_nearest(spec.region, known.regions)}",
        )
    else:
        yield from _boundary_problems(spec)


def _boundary_problems(spec: Spec) -> Iterable[tuple[Location, str]]:
    boundary = spec.permissions_boundary
    if boundary is None:
        return
    place = ("permissions_boundary",)
    if not boundary.startswith("arn:"):
        if not POLICY_NAME.fullmatch(boundary):
            yield place, f"`{boundary}` is neither the ARN nor the name of a managed policy, such as OurBoundary"
        return
    parts = boundary.split(":", 5)
    if len(parts) < 6 or parts[2] != "iam" or not _names_policy(parts[5]):
        yield (
            place,
            f"`{boundary}` is not the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/Boundary",
        )
    elif parts[1] != spec.partition:
        yield (
            place,
            f"`{boundary}` is in partition {parts[1]}, but region {spec.region} is in {spec.partition}",
        )
    elif spec.account and parts[4] not in (spec.account, "aws"):
        yield place, f"`{boundary}` is in account {parts[4]}, but the spec names account {spec.account}"


def _names_policy(resource: str) -> bool:
    return resource.startswith("policy/") and POLICY_NAME.fullmatch(resource.removeprefix("policy")) is not None


def _sink_problems(spec: Spec, known: Known) -> Iterable[tuple[Location, str]]:
    seen: list[tuple[str, BaseModel]] = []
    for position, choice in enumerate(spec.credentials):
        settings = known.sinks.get(choice.sink)
        if settings is None:
            message = f"there is no sink `{choice.sink}`{_nearest(choice.sink, known.sinks)}"
            yield ("credentials", position, "sink"), f"{message}; there are {', '.join(sorted(known.sinks))}"
            continue
        try:
            filled = settings.model_validate(choice.model_extra or {})
            if (choice.sink, filled) in seen:
                yield ("credentials", position, "sink"), "an entry above is the same sink in the same place"
            seen.append((choice.sink, filled))
        except ValidationError as error:
            for detail in error.errors():
                yield (
                    ("credentials", position, *detail["loc"]),
                    _message(detail, sorted(settings.model_fields)),
                )


def _follows(detail: ErrorDetails) -> bool:
    """Pydantic calls a list too short when its entries are wrong: said already, by the entries' errors."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _line(tree: Mapping[str, Any], name: str, detail: ErrorDetails, known: Known) -> str:
    location = detail["loc"]
    eks = location[:1] == ("platform",) and "eks" in (location[-1], detail["input"])
    message = NOT_YET if eks else _message(detail, _keys_at(location[:-1]))
    return f"{place(tree, name, location)}: {message}"


# Pydantic's own words for these are a programmer's.
ALLOWED: Mapping[str, str] = {
    "model_type": "keys with values",
    "dict_type": "keys with values",
    "tuple_type": "a list",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}
NOT_YET = "EKS as the application cluster: not yet; leave it out, the application nodes are EC2 instances"


# The patterns of the spec and of the sinks, in words.
SPELLED: Mapping[str, str] = {
    r"^[a-z][a-z-]{0,11}$": "are 1 to 12 lowercase letters and hyphens, a letter first",
    r"^[0-9]{12}$": "are 12 digits",
    r"^vpce-[0-9a-f]{8,17}$": "is `vpce-` with 8 to 17 of the digits 0-9 and a-f",
    r"^[A-Za-z0-9/_+=.@-]{1,512}$": "are 1 to 512 letters, digits and `/_+=.@-`",
    r"^(/[A-Za-z0-9_.-]+)+$": "are names of letters, digits and `_.-` with a `/` before each, as `/team/key`",
    r"^vpc-[0-9a-f]{8,17}$": "is `vpc-` with 8 to 17 of the digits 0-9 and a-f",
    r"^subnet-[0-9a-f]{8,17}$": "is `subnet-` with 8 to 17 of the digits 0-9 and a-f",
    r"^ami-[0-9a-f]{8,17}$": "is `ami-` with 8 to 17 of the digits 0-9 and a-f",
    r"^([0-9]{12}|self|amazon|aws-marketplace)$": "are an account's 12 digits, `self`, `amazon` and `aws-marketplace`",
    r"^[*?]*[A-Za-z0-9][A-Za-z0-9()\[\] ./'@_*?-]{0,127}$": (
        "are 1 to 128 letters, digits, blanks and `()[]./'@_-`, with `*` and `?` for others, and not these alone"
    ),
    r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f/]$": "is the name of a file",
    r"^[A-Za-z0-9:/_-]{1,256}$": "are 1 to 256 letters, digits and `:/_-`",
    r"^[A-Za-z0-9_./%@:+=,-]{1,128}$": "are 1 to 128 letters, digits and `_./%@:+=,-`",
}


def _message(detail: ErrorDetails, keys: Sequence[str]) -> str:
    found = detail["input"]
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    shown = _shown(found)
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key{_nearest(last, keys)}; allowed are {', '.join(keys)}"
        case "missing":
            return "this key is missing"
        case "value_error":
            return f"{shown}: {detail['ctx']['error']}" if isinstance(found, str) else str(detail["ctx"]["error"])
        case "literal_error":
            return f"{shown}, allowed are {detail['ctx']['expected']}"
        case "too_short":
            return "this list is empty: give at least one"
        case "string_type" if isinstance(found, bool | int | float):
            taken = "true or false" if isinstance(found, bool) else "a number"
            return f"{shown}, which YAML takes for {taken}: put it in quotes"
        case "string_pattern_mismatch":
            pattern = detail["ctx"]["pattern"]
            return f"{shown}, allowed {SPELLED.get(pattern, f'is what matches {pattern}')}"
    said = f"{detail['msg'][0].lower()}{detail['msg'][1:]}"
    if detail["type"] not in ALLOWED:
        return f"{shown}: {said}"
    quoted = ", without quotes" if isinstance(found, str) and detail["type"] in ("bool_type", "int_type") else ""
    return f"{shown}, allowed is {ALLOWED[detail['type']].format_map(detail.get('ctx', {}))}{quoted}"


def _shown(found: object) -> str:
    if not isinstance(found, str | int | float):
        return _sort(found)
    text = str(found).lower() if isinstance(found, bool) else str(found)
    return f"found `{text if text.isprintable() else repr(text)[1:-1]}`"


def _sort(found: object) -> str:
    match found:
        case None:
            return "it is empty"
        case Mapping():
            return "found a mapping"
        case Sequence():
            return "found a list"
        case date():
            return f"found the date `{found}`"
    return "found a value with a tag of YAML's"


def _keys_at(location: Location) -> list[str]:
    """The keys that a spec may have at `location`: of whatever may be written there."""
    whole = Spec.model_json_schema()
    below = _keys_in(whole, whole)
    for step in location:
        below = _keys_in(below.get(str(step), {}), whole)
    return sorted(below)


def _keys_in(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Each key that a schema allows, with the schema of what is below it; references and alternatives followed."""
    if "$ref" in schema:
        return _keys_in(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    keys = dict(schema.get("properties", {}))
    for each in schema.get("anyOf", ()):
        keys |= _keys_in(each, whole)
    return keys


def _nearest(word: str, among: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(among), n=5, cutoff=0.6)
    # Letters that only changed places are the likeliest slip.
    shuffled = [name for name in close if sorted(name) == sorted(word)]
    return f", did you mean `{(shuffled or close)[0]}`?" if close else ""
