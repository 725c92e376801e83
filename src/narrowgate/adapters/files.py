"""Private files: written whole or not at all, readable by their owner only, and probed beforehand.

INVARIANT: after a failure, or a crash at any instant, the file holds either all of its old bytes or
all of its new ones; no reader but its owner ever could open them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

from narrowgate.errors import Refused

PRIVATE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
ROOM: Final = 16 * 1024  # bytes that a probe writes beyond what the file holds already

REASONS: Final = {
    errno.ENOSPC: "the disk is full. free some space, or choose another path",
    errno.EDQUOT: "the disk quota is used up. free some space, or choose another path",
    errno.EFBIG: "the file would exceed a size limit. raise `ulimit -f`, or choose another path",
    errno.EROFS: "the file system is read-only. choose another path",
    errno.EACCES: "permission denied. choose a path where you may write",
    errno.EPERM: "the system does not permit it. choose a path where you may write",
    errno.ENOTDIR: "a part of the path is a file, not a directory. choose another path",
    errno.ELOOP: "the path runs through a symbolic link that leads nowhere. choose another path",
    errno.ENAMETOOLONG: "the name is too long. choose a shorter one",
    errno.EBUSY: "it is a mount point and cannot be replaced. choose a path inside a mounted directory",
}


def read_private(path: Path) -> bytes | None:
    """The bytes of the file; None where there is no file.

    Raises Refused for what is not a regular file of ours, or cannot be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        _check_target(path)  # the plainer message, where there is one
        _refuse("read", path, error)
    try:
        _check_status(path, os.fstat(fd))
        with open(fd, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        _refuse("read", path, error)
    finally:
        os.close(fd)


def write_private(path: Path, content: bytes) -> None:
    """Make `content` the whole of the file, durably; see `edit_private`."""
    edit_private(path, lambda _: content)


def edit_private(path: Path, change: Callable[[bytes | None], bytes | None]) -> None:
    """Replace the file's bytes with what `change` makes of them, durably; None stands for no file.

    The new file is 0600, or stricter where the old one was. Missing directories are made 0700.
    Two of our own processes take turns, so neither loses what the other wrote. Raises Refused, with
    the old file untouched, where it cannot be done; what `change` raises passes through.
    """
    _make_folders(path)
    with _turn(path) as alone:
        if alone:
            _sweep(path)
        before = read_private(path)
        after = change(before)
        if after is not None:
            _replace(path, after)
        elif before is not None:
            _remove(path)


def probe_writable(path: Path) -> None:
    """Find out whether `write_private` will succeed. Nothing stays.

    Looks at the file that is there, then writes and syncs a scratch file of a likely size in the
    directory (or in the nearest one that exists), so that a full or read-only disk is found.
    Raises Refused.
    """
    status = _check_target(path)
    folder = next((f for f in path.parents if os.path.lexists(f)), path.parent)
    if not folder.is_dir():
        raise Refused(f"cannot write `{path}`: `{folder}` is not a directory. choose another path")
    size = ROOM + (status.st_size if status else 0)
    scratch = _scratch(folder / path.name)
    try:
        _fill(scratch, bytes(size), PRIVATE)
    except OSError as error:
        _refuse("write", path, error)
    finally:
        _discard(scratch)


def _check_target(path: Path) -> os.stat_result | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        _refuse("write", path, error)
    _check_status(path, status)
    # A file that its mode lets us write, and the system does not, is immutable or on a read-only disk.
    if os.path.ismount(path):
        _refuse("write", path, OSError(errno.EBUSY, ""))
    if status.st_mode & stat.S_IWUSR and not os.access(path, os.W_OK):
        _refuse("write", path, OSError(errno.EPERM, ""))
    return status


def _check_status(path: Path, status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise Refused(f"cannot use `{path}`: it is a symbolic link. give the path of the file itself")
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"cannot use `{path}`: it is not a regular file. choose another path")
    if status.st_uid != os.geteuid():
        raise Refused(
            f"cannot use `{path}`: it belongs to user id {status.st_uid}, and this runs as user id "
            f"{os.geteuid()}. run as its owner, or choose another path"
        )


def _make_folders(path: Path) -> None:
    missing = [folder for folder in path.parents if not os.path.lexists(folder)]
    try:
        for folder in reversed(missing):
            folder.mkdir(PRIVATE_FOLDER, exist_ok=True)
            _sync(folder.parent)
    except OSError as error:
        _refuse("write", path, error)


@contextmanager
def _turn(path: Path) -> Iterator[bool]:
    """Hold the directory's lock; False where its file system has none (some network disks)."""
    try:
        fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        _refuse("write", path, error)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            alone = True
        except OSError:
            alone = False
        yield alone
    finally:
        os.close(fd)


def _scratch(path: Path) -> Path:
    return path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}.narrowgate")


def _sweep(path: Path) -> None:
    """Remove scratch files of a process that was killed: they may hold a secret."""
    name = re.compile(re.escape(f".{path.name[:200]}.") + r"[0-9a-f]{16}\.narrowgate")
    with suppress(OSError):
        for found in path.parent.iterdir():
            if name.fullmatch(found.name):
                _discard(found)


def _replace(path: Path, content: bytes) -> None:
    status = _check_target(path)
    mode = PRIVATE & stat.S_IMODE(status.st_mode) if status else PRIVATE
    scratch = _scratch(path)
    try:
        _fill(scratch, content, mode)
        scratch.replace(path)
        _sync(path.parent)
    except OSError as error:
        _refuse("write", path, error)
    finally:
        _discard(scratch)


def _fill(scratch: Path, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(scratch, flags, PRIVATE)
    try:
        os.fchmod(fd, mode)  # whatever the umask took away
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def _remove(path: Path) -> None:
    try:
        path.unlink()
        _sync(path.parent)
    except OSError as error:
        _refuse("remove", path, error)


def _discard(scratch: Path) -> None:
    with suppress(OSError):
        scratch.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _refuse(verb: str, path: Path, error: OSError) -> NoReturn:
    other = f"{(error.strerror or 'the system gave no reason').lower()}. choose another path"
    raise Refused(f"cannot {verb} `{path}`: {REASONS.get(error.errno or 0, other)}") from None
