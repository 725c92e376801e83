"""Laws: a wrong start is told with the right error before anything is called that changes something."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.account import CSV, ENV_YAML, Setting, yes
from support.worlds import Counter, Wrap, denying

from narrowgate.calls import Call, Fields, Reply, World
from narrowgate.errors import AwsError, NarrowgateError, NotPermitted, Refused, UsageError
from narrowgate.rotation import Pace
from narrowgate.verbs.rotate import Asked, rotate
from narrowgate.verbs.setup import setup
from narrowgate.verbs.teardown import teardown

SWIFT = Asked(Pace(timedelta(seconds=4), timedelta(seconds=4)))


def identified(arn: str) -> Wrap:
    """STS says that we are this."""

    def wrap(world: World) -> World:
        def ask(call: Call) -> Reply | None:
            if call.operation == "GetCallerIdentity":
                return Fields(Account=arn.split(":")[4], Arn=arn, UserId="X")
            return world(call)

        return ask

    return wrap


def only_sts(setting: Setting, error: type[NarrowgateError], match: str, *wraps: Wrap) -> None:
    """Every verb is refused so, and asks nobody but STS."""
    for verb in (setup, teardown):
        calls = Counter()
        with pytest.raises(error, match=match), setting.site(*wraps, calls) as site:
            verb(site, yes)
        assert {c.name for c in calls.calls} <= {"sts:GetCallerIdentity"}
    assert not (setting.folder / ".narrowgate").exists()


def test_root_is_refused(setting: Setting) -> None:
    only_sts(setting, NotPermitted, "root credentials", identified("arn:aws:iam::123456789012:root"))


def test_another_account_is_refused(setting: Setting) -> None:
    setting.write(account="111122223333")
    only_sts(setting, Refused, "the spec names 111122223333")


def test_another_partition_is_refused(setting: Setting) -> None:
    only_sts(setting, Refused, "partition `aws-cn`", identified("arn:aws-cn:iam::123456789012:user/me"))


def test_expired_credentials_are_told(setting: Setting) -> None:
    def expired(world: World) -> World:
        def ask(call: Call) -> Reply | None:
            raise NotPermitted("AWS does not accept the credentials (ExpiredToken)", code="ExpiredToken")

        return ask

    only_sts(setting, NotPermitted, "ExpiredToken", expired)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"region": "eu-west-99"}, "eu-west-99"),
        ({"system": "Not A Name"}, "system"),
        ({"path": "team"}, "path"),
        ({"installer": {"user": "x" * 65}}, "65 characters"),
        ({"tags": {"aws:x": "y"}}, "reserved"),
        ({"credentials": [{"sink": "cvs"}]}, "csv"),
        ({"permisions_boundary": "X"}, "permissions_boundary"),
        ({"installer": {"policy_source": {"file": "missing.json"}}}, "missing.json"),
    ],
)
def test_a_wrong_spec_is_told_with_its_field(setting: Setting, change: dict[str, Any], match: str) -> None:
    setting.write(**change)
    only_sts(setting, UsageError, match)


def _unwritable(folder: Path) -> None:
    (folder / "out").write_text("a file where the folder should be")


def _strangers_key(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / CSV["path"]).write_text("Access key ID,Secret access key\nAKIATHEIRSTHEIRS0000,theirs\n")


def _half_written(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / CSV["path"]).write_text("Access key ID,Secret acc")


def _half_written_yaml(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / ENV_YAML["path"]).write_text("client:\n  infrastructure: {ec2: [")


def _link(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / CSV["path"]).symlink_to(folder / "elsewhere")


@pytest.mark.parametrize("hinder", [_unwritable, _strangers_key, _half_written, _half_written_yaml, _link])
def test_a_sink_that_cannot_be_written_is_found_out_before_any_write(
    setting: Setting, hinder: Callable[[Path], None]
) -> None:
    hinder(setting.folder)
    kept = {p: p.read_bytes() for p in setting.folder.rglob("*") if p.is_file()}
    before = setting.census()
    calls = Counter()
    with setting.site(calls) as site, pytest.raises(Refused):
        setup(site, yes)
    assert calls.writes == [] and setting.census() == before
    assert {p: p.read_bytes() for p in kept} == kept


def test_a_boundary_that_is_not_there_is_told_before_any_write(setting: Setting) -> None:
    setting.write(permissions_boundary="Missing")
    calls = Counter()
    with setting.site(calls) as site, pytest.raises(UsageError, match="permissions_boundary: there is no policy"):
        setup(site, yes)
    assert calls.writes == []


@pytest.mark.slow
def test_a_denied_write_stops_the_run_and_says_which(setting: Setting) -> None:
    with setting.site(denying("iam:CreateRole")) as site, pytest.raises(NotPermitted, match="iam:CreateRole"):
        setup(site, yes)
    assert setting.census()["roles"] == []
    with setting.site() as site:
        setup(site, yes)
    assert len(setting.keys()) == 1


@pytest.mark.slow
def test_a_denied_read_is_told_and_nothing_is_made(setting: Setting) -> None:
    calls = Counter()
    with setting.site(denying("iam:ListAccessKeys"), calls) as site, pytest.raises(NotPermitted):
        setup(site, yes)
    assert calls.writes == []


@pytest.mark.slow
def test_no_is_no(setting: Setting) -> None:
    def no(_: object) -> bool:
        raise Refused("you said no; nothing was touched")

    before = setting.census()
    for verb in (setup, teardown):
        with setting.site() as site:
            if verb is teardown:
                setup(site, yes)
                before = setting.census()
            with pytest.raises(Refused, match="you said no"):
                verb(site, no)
        assert setting.census() == before


@pytest.mark.slow
def test_a_change_while_the_question_stands_is_refused(setting: Setting) -> None:
    def meanwhile(_: object) -> bool:
        setting.iam().create_user(UserName="Provazio", Tags=[{"Key": "narrowgate:installation", "Value": "demo"}])
        return True

    calls = Counter()
    with setting.site(calls) as site, pytest.raises(Refused, match="changed while you were asked"):
        setup(site, meanwhile)
    assert calls.writes == []


def _file_for_folder(folder: Path) -> None:
    (folder / ".narrowgate").write_text("")


def _link_for_journal(folder: Path) -> None:
    (folder / ".narrowgate").mkdir()
    (folder / ".narrowgate" / "journal.jsonl").symlink_to(folder / "elsewhere")


def _folder_for_journal(folder: Path) -> None:
    (folder / ".narrowgate" / "journal.jsonl").mkdir(parents=True)


@pytest.mark.slow
@pytest.mark.parametrize("hinder", [_file_for_folder, _link_for_journal, _folder_for_journal])
def test_a_journal_that_cannot_be_written_stops_before_any_write(
    setting: Setting, hinder: Callable[[Path], None]
) -> None:
    hinder(setting.folder)
    calls = Counter()
    with pytest.raises(Refused, match="journal"), setting.site(calls) as site:
        setup(site, yes)
    assert calls.writes == []


def test_a_lost_journal_changes_nothing_and_rotate_still_works(setting: Setting) -> None:
    with setting.site() as site:
        setup(site, yes)
    first = setting.keys()
    journal = setting.folder / ".narrowgate" / "journal.jsonl"
    journal.unlink()
    with setting.site() as site:
        assert setup(site, yes).steps == 0
    with setting.site() as site:
        assert rotate(site, SWIFT, yes).waiting == ""
    assert setting.keys() != first and len(setting.keys()) == 1
    held = setting.csv()
    assert held is not None and held[0] == setting.keys()[0] and setting.yaml() == held


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["edit", "cut", "garbage", "foreign"])
def test_a_damaged_journal_is_kept_aside_and_not_trusted(setting: Setting, damage: str) -> None:
    with setting.site() as site:
        setup(site, yes)
    before, files = setting.census(), setting.held()
    journal = setting.folder / ".narrowgate" / "journal.jsonl"
    lines = journal.read_text().splitlines()
    bad = {
        "edit": [line.replace("demo", "oops") for line in lines],
        "cut": lines[:3] + lines[5:],
        "garbage": [*lines[:3], "\x00\x01", *lines[3:]],
        "foreign": [json.dumps({"event": "run"}), *lines],
    }[damage]
    journal.write_text("\n".join(bad) + "\n")
    damaged = journal.read_bytes()
    with setting.site() as site:
        assert setup(site, yes).steps == 0
    (kept,) = (setting.folder / ".narrowgate").glob("journal.corrupt-*")
    assert kept.read_bytes() == damaged and kept.stat().st_mode & 0o077 == 0
    assert any("corrupted" in said for said in setting.heard.said)
    assert setting.census() == before and setting.held() == files
    with setting.site() as site:
        assert rotate(site, SWIFT, yes).waiting == ""
    assert len(setting.keys()) == 1


def test_a_torn_last_line_is_dropped(setting: Setting) -> None:
    with setting.site() as site:
        setup(site, yes)
    journal = setting.folder / ".narrowgate" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-7])
    with setting.site() as site:
        assert setup(site, yes).steps == 0
        assert rotate(site, SWIFT, yes).waiting == ""
    assert list((setting.folder / ".narrowgate").glob("journal.corrupt-*")) == []
    assert len(setting.keys()) == 1
    assert isinstance(AwsError("x", code="y"), NarrowgateError)
