"""The contract of every credential sink, and what no sink may ever do."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from adapters.sinks.setting import (
    CASES,
    CLOUD,
    ENV,
    FILES,
    NEW,
    OLD,
    Case,
    FakeAws,
    context,
    small_aws,
    snapshot,
)

from narrowgate.adapters.sinks import Context, Sink, kinds
from narrowgate.errors import AwsError, Refused

SECRETS = (OLD.secret.reveal(), NEW.secret.reveal(), ENV["VAULT_KEY"])
every = pytest.mark.parametrize("case", CASES, ids=str)
every_file = pytest.mark.parametrize("case", FILES, ids=str)
every_cloud = pytest.mark.parametrize("case", CLOUD, ids=str)


@pytest.fixture
def aws() -> FakeAws:
    return small_aws()


@pytest.fixture
def here(tmp_path: Path, aws: FakeAws) -> Context:
    return context(tmp_path, aws)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_every_kind_has_a_case_and_says_what_it_is() -> None:
    assert set(kinds()) == {case.kind for case in CASES}
    for name, kind in kinds().items():
        fields = kind.settings.model_json_schema()["properties"]
        assert kind.name == name and kind.doc.endswith(".")
        assert all(field.get("description") for field in fields.values())
        assert kind.settings.model_config["frozen"] and kind.settings.model_config["extra"] == "forbid"


@every
def test_a_new_sink_holds_nothing(case: Case, here: Context) -> None:
    sink = case.open(here)
    assert sink.holds() == frozenset()
    assert sink.load(OLD.access_key_id) is None
    assert sink.forget(OLD.access_key_id) is False


@every
def test_what_is_stored_is_held_and_loaded(case: Case, here: Context) -> None:
    sink = case.open(here)
    sink.probe()
    sink.store(OLD)
    for seen in (sink, case.open(here)):
        assert seen.holds() == {OLD.access_key_id}
        assert seen.load(OLD.access_key_id) == (OLD.access_key_id, OLD.secret)
        assert seen.load(NEW.access_key_id) is None


@every
def test_storing_twice_is_storing_once(case: Case, here: Context, aws: FakeAws) -> None:
    sink = case.open(here)
    sink.store(OLD)
    once = (snapshot(here.folder), str(aws.secrets), str(aws.parameters))
    sink.store(OLD)
    assert (snapshot(here.folder), str(aws.secrets), str(aws.parameters)) == once


@every
def test_a_second_key_replaces_the_first(case: Case, here: Context) -> None:
    sink = case.open(here)
    sink.store(OLD)
    sink.probe(frozenset({OLD.access_key_id}))
    sink.store(NEW)
    assert sink.holds() == {NEW.access_key_id}
    assert sink.load(OLD.access_key_id) is None
    assert sink.forget(OLD.access_key_id) is False
    assert sink.load(NEW.access_key_id) == (NEW.access_key_id, NEW.secret)


@every
def test_forgetting_removes_the_key_and_lets_it_be_stored_again(case: Case, here: Context, aws: FakeAws) -> None:
    sink = case.open(here)
    for _ in range(3):
        sink.store(OLD)
        assert sink.holds() == {OLD.access_key_id}
        assert sink.forget(NEW.access_key_id) is False
        assert sink.forget(OLD.access_key_id) is True
        assert sink.holds() == frozenset()
        assert sink.forget(OLD.access_key_id) is False
        files = b"".join(content for _, content in snapshot(here.folder).values())
        assert OLD.secret.reveal().encode() not in files
        assert OLD.access_key_id.encode() not in files


@every
def test_a_probe_changes_nothing_and_says_yes_again(case: Case, here: Context, aws: FakeAws) -> None:
    sink = case.open(here)
    for ours in (frozenset[str](), frozenset({OLD.access_key_id})):
        before = snapshot(here.folder)
        sink.probe(ours)
        assert snapshot(here.folder) == before
        assert all(c.reads_only for c in aws.calls if not c.operation.startswith("Put")) or not case.path
        sink.store(OLD)


@every_cloud
def test_a_probe_in_aws_only_reads(case: Case, here: Context, aws: FakeAws) -> None:
    case.open(here).probe()
    assert aws.calls and all(c.reads_only for c in aws.calls)


@every_file
def test_a_file_is_private_whatever_the_umask(case: Case, here: Context, open_umask: None) -> None:
    case.open(here).store(OLD)
    path = here.folder / case.path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if path.parent != here.folder:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    case.open(here).store(NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@every_file
@pytest.mark.parametrize("obstacle", ["a directory", "below a file", "a link", "no such device"])
def test_an_obstacle_is_found_before_the_key_is_made(case: Case, here: Context, obstacle: str) -> None:
    path = here.folder / "in" / "the" / "way"
    path.parent.mkdir(parents=True)
    match obstacle:
        case "a directory":
            path.mkdir()
        case "below a file":
            path.parent.rmdir()
            path.parent.write_text("")
        case "a link":
            path.symlink_to(here.folder / "elsewhere")
        case _:
            path = Path("/proc/narrowgate/credentials")
    before = snapshot(here.folder)
    sink = case.open(here, path=str(path))
    with pytest.raises(Refused, match=str(path.parent)):
        sink.probe()
    with pytest.raises(Refused, match=str(path.parent)):
        sink.store(OLD)
    assert snapshot(here.folder) == before


@every_file
def test_a_write_that_is_cut_leaves_the_old_file_and_no_scratch(case: Case, here: Context) -> None:
    sink = case.open(here)
    sink.store(OLD)
    before = snapshot(here.folder)
    program = (
        "import resource, sys; from pathlib import Path; from adapters.sinks.setting import *\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
        "case = next(c for c in FILES if c.kind == sys.argv[1])\n"
        "case.open(context(Path(sys.argv[2]))).store(NEW)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, case.kind, str(here.folder)],
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Refused: cannot write" in done.stderr and "size limit" in done.stderr
    assert not any(secret in done.stderr for secret in SECRETS)
    assert snapshot(here.folder) == before
    assert sink.load(OLD.access_key_id) == (OLD.access_key_id, OLD.secret)


@every_file
def test_a_key_that_is_not_known_to_be_ours_is_refused_unless_told(case: Case, here: Context) -> None:
    # Whatever the mark says: the second installation has the same name, and a journal of its own.
    for name in ("another", "demo"):
        if (case.kind, name) == ("env", "another"):
            continue  # a block of another name stands outside ours: the form itself objects
        theirs = Context(here.folder, None, here.environ, {"narrowgate:installation": name})
        case.open(theirs).store(OLD)
        before = snapshot(here.folder)
        sink = case.open(here)
        for ours in (frozenset[str](), frozenset({NEW.access_key_id}), frozenset({""})):
            with pytest.raises(Refused, match=f"holds the key `{OLD.access_key_id}`"):
                sink.probe(ours)
        assert snapshot(here.folder) == before
        sink.probe(frozenset({OLD.access_key_id}))
        case.open(here, replace=True).probe()


@every_file
def test_a_place_that_was_emptied_is_fine_to_write_to(case: Case, here: Context) -> None:
    sink = case.open(here)
    sink.store(OLD)
    sink.forget(OLD.access_key_id)
    sink.probe()


@pytest.mark.parametrize("kind", ["profile", "env", "env_yaml"])
def test_a_place_under_our_mark_without_a_secret_is_fine_to_write_to(kind: str, here: Context) -> None:
    case = next(c for c in FILES if c.kind == kind)
    case.open(here).store(OLD)
    path = here.folder / case.path
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "secret_access_key" not in line.lower()))
    case.open(here).probe()
    path.write_text("".join(line for line in lines if "access_key_id" not in line.lower()))
    with pytest.raises(Refused, match="holds a secret without its key id"):
        case.open(here).probe()


@every
def test_the_place_is_the_same_however_it_is_spelt(case: Case, here: Context) -> None:
    sink = case.open(here)
    assert sink.part() == ("demo" if case.kind == "profile" else "")
    if not case.path:
        assert sink.place() == f"{case.kind}:{case.settings['name']}"
        return
    (here.folder / "link").symlink_to(here.folder, target_is_directory=True)
    place = os.path.realpath(here.folder / case.path)
    for spelt in (f"./{case.path}", f"link/{case.path}", f"in/../{case.path}", f"~/{case.path}", place):
        assert case.open(here, path=spelt).place() == sink.place() == place
    with pytest.raises(Refused, match="not a path"):
        case.open(here, path="a\0b").place()


@pytest.mark.parametrize("kind", ["profile", "env_yaml"])
def test_a_key_that_a_person_put_under_our_mark_is_not_ours(kind: str, here: Context) -> None:
    case = next(c for c in FILES if c.kind == kind)
    case.open(here).store(OLD)
    path = here.folder / case.path
    lines = path.read_text().splitlines(keepends=True)
    id_lines = [i for i, line in enumerate(lines) if "access_key_id" in line]
    for i in id_lines:
        before, mark, after = lines[i].partition("# narrowgate")
        lines[i] = before.replace(OLD.access_key_id, NEW.access_key_id) + mark + after
    path.write_text("".join(lines))
    with pytest.raises(Refused, match=NEW.access_key_id):
        case.open(here).probe()


@every_cloud
def test_a_container_that_is_not_there_yet_is_fine_to_probe_but_not_to_store(case: Case, tmp_path: Path) -> None:
    sink = case.open(context(tmp_path, FakeAws()))
    sink.probe()
    assert sink.holds() == frozenset()
    with pytest.raises(AwsError, match="does not exist"):
        sink.store(OLD)


@every_cloud
def test_a_container_without_our_tags_is_refused(case: Case, here: Context, aws: FakeAws) -> None:
    for tags in ({}, {"narrowgate:installation": "another"}):
        aws.tags = tags
        with pytest.raises(Refused, match="without our tags"):
            case.open(here).probe()


@every_cloud
def test_a_sink_in_aws_is_refused_offline(case: Case, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="offline"):
        case.open(context(tmp_path))


@every
def test_nothing_printed_or_raised_holds_a_secret(case: Case, here: Context, aws: FakeAws) -> None:
    sink = case.open(here)
    sink.store(OLD)
    said = [repr(sink), str(sink), sink.describe(), repr(sink.load(OLD.access_key_id)), repr(here)]
    said += [repr(OLD), str(OLD), repr(aws.calls), str(asdict(case))]
    said += list(_complaints(case, here))
    assert not [text for text in said for secret in SECRETS if secret in text]


def _complaints(case: Case, here: Context) -> Iterator[str]:
    """What the sink says of files that hold a secret and are broken in many ways."""
    secret = OLD.secret.reveal().encode()
    broken: tuple[bytes, ...] = (secret, b"[demo\n" + secret, b"[demo]\n" + secret, b"\xff" + secret, b"{" + secret)
    broken += (b"[demo]\na=1\na=" + secret, b"a: [" + secret, b"a: 1\na: " + secret, b"client: " + secret)
    for content in broken if case.path else ():
        (here.folder / case.path).write_bytes(content)
        for act in _acts(case.open(here)):
            try:
                act()
            except Refused as error:
                yield from _everything_in(error)


def _acts(sink: Sink) -> Iterator[Callable[[], object]]:
    yield sink.probe
    yield lambda: sink.store(NEW)
    yield sink.holds
    yield lambda: sink.forget(OLD.access_key_id)


def _everything_in(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield "".join(traceback.format_exception(error, chain=True))
        yield repr(vars(error)) + repr(error.args) + repr(error)
        error = error.__cause__ or error.__context__
