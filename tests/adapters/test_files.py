"""Private files: all or nothing, for their owner's eyes only, and no surprise after a probe."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.adapters.files import edit_private, probe_writable, read_private, write_private
from narrowgate.errors import Refused

IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="needs root")
not_as_root = pytest.mark.skipif(IS_ROOT, reason="root may write anywhere, so the mode is no obstacle")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def refusals(path: Path, *, reading: bool = False) -> Iterator[Callable[[], object]]:
    yield lambda: probe_writable(path)
    yield lambda: write_private(path, b"new")
    if reading:
        yield lambda: read_private(path)


def test_a_file_is_written_read_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c"
    assert read_private(path) is None
    write_private(path, b"one")
    write_private(path, b"two")
    assert read_private(path) == b"two"
    assert [mode(p) for p in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]
    edit_private(path, lambda before: None if before == b"two" else before)
    assert read_private(path) is None and list(path.parent.iterdir()) == []
    edit_private(path, lambda before: before)
    assert read_private(path) is None


@given(st.binary(max_size=200_000))
@settings(deadline=None)
def test_every_byte_is_kept(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    write_private(path, content)
    assert read_private(path) == content


@pytest.mark.parametrize("umask", [0, 0o077, 0o777])
def test_the_mode_does_not_depend_on_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_private(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o600


@pytest.mark.parametrize(("old", "new"), [(0o644, 0o600), (0o777, 0o600), (0o400, 0o400), (0o440, 0o400)])
def test_a_mode_is_narrowed_and_never_widened(old: int, new: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(old)
    probe_writable(path)
    write_private(path, b"new")
    assert mode(path) == new and path.read_bytes() == b"new"


def test_a_probe_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file"
    probe_writable(path)
    assert list(tmp_path.iterdir()) == []
    write_private(path, b"old")
    before = path.stat()
    probe_writable(path)
    assert path.stat() == before and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("obstacle", ["a directory", "a link", "a dangling link", "a pipe", "below a file"])
def test_an_obstacle_is_refused_by_name(obstacle: str, tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    other.write_bytes(b"theirs")
    match obstacle:
        case "a directory":
            path.mkdir()
        case "a link":
            path.symlink_to(other)
        case "a dangling link":
            path.symlink_to(tmp_path / "nowhere")
        case "a pipe":
            os.mkfifo(path)
        case "below a file":
            path = other / "file"
    before = sorted(tmp_path.iterdir())
    message = "symbolic link" if "link" in obstacle else "not a regular file"
    message = "not a directory" if obstacle == "below a file" else message
    for act in refusals(path, reading=True):
        with pytest.raises(Refused, match=message) as caught:
            act()
        assert f"`{path}`" in caught.value.message and not caught.value.message.endswith(".")
    assert sorted(tmp_path.iterdir()) == before and other.read_bytes() == b"theirs"


@pytest.mark.parametrize("path", ["/proc/narrowgate/file", "/proc/file", "/sys/narrowgate"])
def test_a_place_that_takes_no_files_is_refused(path: str) -> None:
    if not Path(path).parent.exists() and not Path("/proc").exists():
        pytest.skip("no such file system here")
    for act in refusals(Path(path)):
        with pytest.raises(Refused, match=f"cannot write `{path}`"):
            act()


@not_as_root
def test_a_directory_without_write_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "closed" / "file"
    path.parent.mkdir(0o500)
    for act in refusals(path):
        with pytest.raises(Refused, match="permission denied"):
            act()


@as_root
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"theirs")
    os.chown(path, 12345, 12345)
    for act in refusals(path, reading=True):
        with pytest.raises(Refused, match="belongs to user id 12345"):
            act()
    assert path.read_bytes() == b"theirs"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if not IS_ROOT or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_found_and_the_old_file_survives(small_disk: Path) -> None:
    path = small_disk / "file"
    write_private(path, b"old")
    (small_disk / "filler").write_bytes(bytes(48 * 1024))
    with pytest.raises(Refused, match="disk is full"):
        probe_writable(path)
    with pytest.raises(Refused, match="disk is full"):
        write_private(path, bytes(32 * 1024))
    assert read_private(path) == b"old"
    assert sorted(p.name for p in small_disk.iterdir()) == ["file", "filler"]


@pytest.mark.slow
def test_a_read_only_disk_is_found(small_disk: Path) -> None:
    path = small_disk / "file"
    write_private(path, b"old")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for act in refusals(path):
        with pytest.raises(Refused, match=r"read-only|does not permit"):
            act()
    assert read_private(path) == b"old"


@pytest.mark.slow
def test_a_file_that_is_a_mount_point_is_found(small_disk: Path) -> None:
    source, path = small_disk / "source", small_disk.parent / "file"
    source.write_bytes(b"old")
    path.write_bytes(b"")
    subprocess.run(["mount", "--bind", str(source), str(path)], check=True)
    try:
        for act in refusals(path):
            with pytest.raises(Refused, match="mount point"):
                act()
        assert read_private(path) == b"old"
    finally:
        subprocess.run(["umount", str(path)], check=True)


def test_what_a_killed_writer_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    left = tmp_path / ".file.0123456789abcdef.narrowgate"
    kept = [tmp_path / name for name in (".file.swp", ".other.0123456789abcdef.narrowgate", "file.bak")]
    for path in (left, *kept):
        path.write_bytes(b"secret")
    write_private(tmp_path / "file", b"new")
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "file"])


def test_what_a_change_raises_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, b"old")

    def change(before: bytes | None) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        edit_private(path, change)
    assert read_private(path) == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_two_writers_take_turns(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from narrowgate.adapters.files import edit_private\n"
        "for _ in range(100): edit_private(Path(sys.argv[1]), lambda b: (b or b'') + b'x')\n"
    )
    path = tmp_path / "file"
    running = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert read_private(path) == b"x" * 300


@pytest.mark.slow
def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from narrowgate.adapters.files import write_private\n"
        "print('go', flush=True)\n"
        "while True:\n"
        "    for c in (b'a', b'b'): write_private(Path(sys.argv[1]), c * 50000)\n"
    )
    path = tmp_path / "file"
    write_private(path, b"a" * 50000)
    for _ in range(5):
        running = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
        assert running.stdout is not None and running.stdout.readline() == b"go\n"
        running.kill()
        running.communicate()
        assert read_private(path) in (b"a" * 50000, b"b" * 50000)
    write_private(path, b"end")
    assert list(tmp_path.iterdir()) == [path]
