"""Every case of tests/cases/spec: the text of a spec, and what must be said of it; then what `init` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.adapters import sinks
from narrowgate.adapters.regions import regions
from narrowgate.errors import UsageError
from narrowgate.platform import Cluster, Existing, Image, New, Platform
from narrowgate.profiles import profiles
from narrowgate.spec import PARTITIONS, Installer, Known, Node, Spec, partition_of
from narrowgate.spec_text import parse, schema
from narrowgate.verbs.init import Wish, template
from narrowgate.verbs.spec_file import known

LAW = settings(deadline=None)  # a busy machine proves nothing
CASES = sorted((Path(__file__).parent / "cases" / "spec").glob("*.json"))
KNOWN: Known = known()


def case(path: Path) -> tuple[str, dict[str, Any]]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return found["text"], found["expected"]


def test_there_are_cases() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path) -> None:
    text, expected = case(path)
    if "ok" in expected:
        spec = parse(text, "platform.yaml", KNOWN)
        assert {name: getattr(spec, name) for name in expected["ok"]} == expected["ok"]
        return
    with pytest.raises(UsageError) as raised:
        parse(text, "platform.yaml", KNOWN)
    lines = raised.value.message.splitlines()
    assert len(lines) == len(expected["errors"]), raised.value.message
    for line, want in zip(lines, expected["errors"], strict=True):
        assert line.startswith(f"platform.yaml:{want['at']}:"), line
        assert want["says"] in line
        # Neither Python's nor pydantic's words are for a person.
        assert not any(word in line for word in ("dictionary", "tuple", "instance of", "None", "class")), line


@LAW
@given(st.text(alphabet=st.sampled_from("abc:*&!{}[],-#'\"\n \t0%@|>?~"), max_size=60))
def test_no_text_gives_anything_but_a_spec_or_a_usage_error(text: str) -> None:
    for whole in (text, f"system: abc\nregion: us-east-1\n{text}", f"system: abc\nregion: us-east-1\ntags: {text}"):
        try:
            parse(whole, "platform.yaml", KNOWN)
        except UsageError as error:
            assert all(line.startswith("platform.yaml:") for line in error.message.splitlines())


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "mx-central-1"])
@pytest.mark.parametrize("profile", profiles())
@pytest.mark.parametrize("account", ["", "012345678901"])
def test_what_init_writes_is_a_spec(profile: str, region: str, account: str) -> None:
    text = template(Wish(Path("platform.yaml"), profile, region, account=account))
    spec = parse(text, "platform.yaml", KNOWN)
    assert (spec.profile, spec.region, spec.account) == (profile, region, account or None)
    defaults = profiles()[profile].defaults
    assert spec.installer.user == defaults["installer"]["user"]
    assert spec.node.instance_profile == defaults["node"]["instance_profile"]
    assert parse(text, "platform.yaml", KNOWN) == spec


def test_what_init_writes_names_every_key_and_every_sink() -> None:
    text = template(Wish(Path("platform.yaml"), "iguazio", "us-east-1"))
    models = (Spec, Installer, Node, Platform, New, Existing, Image, Cluster)
    keys = [key for model in models for key in model.model_fields]
    assert [key for key in keys if f"{key}:" not in text] == []
    assert [kind for kind in sinks.kinds() if f"#   {kind} " not in text] == []


def test_the_comments_of_what_init_writes_are_right_too() -> None:
    """Every commented-out setting, taken in, is accepted."""
    text = template(Wish(Path("platform.yaml"), "iguazio", "us-east-1"))
    for setting in (
        '# account: "123456789012"',
        "# permissions_boundary: OurBoundary",
        "  # policy_source:\n  #   file: provazio.json",
        "  # policy_source:\n  #   file: assignipaddress.json",
        "  # key_conditions:\n  #   source_ips: [203.0.113.0/24]\n  #   source_vpces: [vpce-0123456789abcdef0]",
    ):
        assert setting in text
        parse(text.replace(setting, setting.replace("# ", "")), "platform.yaml", KNOWN)


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1"])
def test_the_platform_of_what_init_writes_is_right_once_it_is_taken_in(region: str) -> None:
    text = template(Wish(Path("platform.yaml"), "iguazio", region))
    before, start, section = text.partition("# platform:\n")
    assert start and all(line.startswith("# ") for line in section.splitlines())
    taken_in = re.sub("(?m)^# ", "", start + section)
    platform = parse(before + taken_in, "platform.yaml", KNOWN).platform
    assert platform is not None and platform.availability_zone == f"{region}a"
    ways = (
        ("new:", "existing:", r"^( +availability_zone)"),
        ("id:", "parameter:", ""),
        ("id:", "(owner:|name:)", ""),
    )
    for shown, other, off in ways:
        changed = re.sub(rf"(?m)^( +)({shown} )", r"\1# \2", taken_in)
        changed = re.sub(rf"(?m)^( +)# ({other} )", r"\1\2", changed)
        changed = re.sub(rf"(?m){off}", r"# \1", changed) if off else changed
        assert parse(before + changed, "platform.yaml", KNOWN).platform != platform


def test_every_region_of_botocore_has_a_partition() -> None:
    found = {region: partition_of(region) for region in regions()}
    assert [region for region, partition in found.items() if partition is None] == []
    assert set(found.values()) == set(PARTITIONS)


def test_the_schema_is_sound() -> None:
    whole = schema(KNOWN)
    assert json.loads(json.dumps(whole)) == whole
    references = {value for key, value in _walk(whole) if key == "$ref"}
    assert references
    for reference in references:
        assert reference.removeprefix("#/$defs/") in whole["$defs"]
    assert set(whole["properties"]) == set(Spec.model_fields)
    assert whole["required"] == ["system", "region"]
    undescribed = [k for k, v in whole["properties"].items() if "description" not in v and k not in ("profile",)]
    assert set(undescribed) <= {"installer", "node"}


def test_the_schema_allows_the_keys_that_the_parser_allows() -> None:
    whole = schema(KNOWN)
    choices = {c["properties"]["sink"]["const"]: c for c in whole["$defs"]["SinkChoice"]["oneOf"]}
    assert set(choices) == set(KNOWN.sinks)
    for name, options in KNOWN.sinks.items():
        assert set(choices[name]["properties"]) == {"sink", *options.model_fields}
        assert choices[name]["additionalProperties"] is False
    assert whole["properties"]["region"]["enum"] == sorted(KNOWN.regions)
    assert whole["additionalProperties"] is False


def _walk(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
