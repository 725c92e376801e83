"""From the text of a `platform.yaml` to a Spec, with every error at its line. Pure.

An error says file, line and field, what was found, what is allowed, and the nearest name that exists.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from narrowgate.errors import UsageError
from narrowgate.spec import Known, Spec, partition_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Location = tuple[int | str, ...]


def parse(text: str, name: str, known: Known) -> Spec:
    """The spec in `text`; `name` is the file's name for messages.

    Raises UsageError whose message has one line for each thing that is wrong.
    """
    tree = _tree(text, name)
    wanted = _with_defaults(_plain(tree), known)
    try:
        spec = Spec.model_validate(wanted)
    except ValidationError as error:
        # The wrong profile's defaults would only add misleading lines.
        raise UsageError("\n".join(_line(tree, name, d, known) for d in error.errors())) from None
    problems = [*_unknown(spec, known), *_sink_problems(spec, known)]
    if problems:
        raise UsageError("\n".join(f"{_place(tree, name, loc)}: {message}" for loc, message in problems))
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


def _tree(text: str, name: str) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        tree = YAML(typ="rt", pure=True).load(io.StringIO(text))
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{name}:{line}: a key is written twice; keep one of the two") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{name}:{line}: this is not YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{name}:1: this is not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(tree, Mapping):
        raise UsageError(f"{name}:1: a spec is a list of keys such as `system:` and `region:`; see `narrowgate init`")
    return tree


def _plain(value: object) -> Any:
    match value:
        case Mapping():
            return {str(k): _plain(v) for k, v in value.items()}
        case str():
            return str(value)
        case bool():
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case Sequence():
            return [_plain(v) for v in value]
    return value


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


def _unknown(spec: Spec, known: Known) -> Iterable[tuple[Location, str]]:
    if spec.profile not in known.profiles:
        yield ("profile",), f"there is no profile `{spec.profile}`{_nearest(spec.profile, known.profiles)}"
    if partition_of(spec.region) is None:
        yield (
            ("region",),
            f"`{spec.region}` is not a region of aws, aws-cn or aws-us-gov{_nearest(spec.region, known.regions)}",
        )
    elif spec.region not in known.regions:
        yield (
            ("region",),
            f"there is no region `{spec.region}` in botocore's list{_nearest(spec.region, known.regions)}",
        )
    else:
        yield from _boundary_problems(spec)


def _boundary_problems(spec: Spec) -> Iterable[tuple[Location, str]]:
    boundary = spec.permissions_boundary
    if boundary is None or not boundary.startswith("arn:"):
        return
    parts = boundary.split(":", 5)
    place = ("permissions_boundary",)
    if len(parts) < 6 or parts[2] != "iam" or not parts[5].startswith("policy/"):
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


def _sink_problems(spec: Spec, known: Known) -> Iterable[tuple[Location, str]]:
    for position, choice in enumerate(spec.credentials):
        settings = known.sinks.get(choice.sink)
        if settings is None:
            message = f"there is no sink `{choice.sink}`{_nearest(choice.sink, known.sinks)}"
            yield ("credentials", position, "sink"), f"{message}; there are {', '.join(sorted(known.sinks))}"
            continue
        try:
            settings.model_validate(choice.model_extra or {})
        except ValidationError as error:
            for detail in error.errors():
                yield (
                    ("credentials", position, *detail["loc"]),
                    _message(detail, sorted(settings.model_fields)),
                )


def _line(tree: Mapping[str, Any], name: str, detail: ErrorDetails, known: Known) -> str:
    location = detail["loc"]
    return f"{_place(tree, name, location)}: {_message(detail, _keys_at(Spec, location[:-1]))}"


def _message(detail: ErrorDetails, keys: Sequence[str]) -> str:
    found = detail["input"]
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    shown = f"found `{found}`" if isinstance(found, str | int | float) else "found something else"
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key{_nearest(last, keys)}; allowed are {', '.join(keys)}"
        case "missing":
            return "this key is missing"
        case "value_error":
            return f"{shown}: {detail['ctx']['error']}" if isinstance(found, str) else str(detail["ctx"]["error"])
        case "literal_error":
            return f"{shown}, allowed are {detail['ctx']['expected']}"
        case "string_type" if isinstance(found, int | float):
            return f"{shown}, which YAML takes for a number: put it in quotes"
        case "string_pattern_mismatch":
            return f"{shown}, allowed is what matches {detail['ctx']['pattern']}"
    return f"{shown}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """The keys that the model allows at `location`."""
    for step in location:
        field = model.model_fields.get(str(step))
        if field is None:
            return []
        inner = [t for t in (field.annotation, *get_args(field.annotation)) if _is_model(t)]
        if not inner:
            return []
        model = inner[0]
    return sorted(model.model_fields)


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _nearest(word: str, among: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(among), n=1, cutoff=0.6)
    return f", did you mean `{close[0]}`?" if close else ""


def _place(tree: Mapping[str, Any], name: str, location: Location) -> str:
    """`platform.yaml:7: installer.user`; the nearest enclosing line where the key itself is absent."""
    line: int = 1
    node: Any = tree
    for step in location:
        marks = getattr(getattr(node, "lc", None), "data", None) or {}
        if step not in marks:
            break
        line = marks[step][0] + 1
        node = node[step]
    return f"{name}:{line}: {'.'.join(str(s) for s in location) or 'spec'}"
