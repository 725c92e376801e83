"""`narrowgate sandbox`: an AWS on this machine for any client."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cli.person import AWS, PATIENCE, Person, printed_json, sandbox, wait_for

pytestmark = pytest.mark.slow


def exports(process: subprocess.Popen[str]) -> dict[str, str]:
    """What a shell would take over from its output."""
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(6)]
    # What a shell has already would be taken before them.
    assert lines.pop() == "unset AWS_SESSION_TOKEN AWS_PROFILE"
    assert all(line.startswith("export ") for line in lines), lines
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_exports_and_ends_cleanly(alone: Person, number: int) -> None:
    with sandbox(alone) as process:
        given = exports(process)
        assert given.keys() == {
            "AWS_ENDPOINT_URL",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_DEFAULT_REGION",
            "AWS_REGION",
        }
        wait_for("running", process)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        assert "its state is kept" in err
        assert out == ""
    assert not (alone.folder / ".narrowgate" / "sandbox" / "server.json").exists()


def test_it_listens_on_loopback_only(alone: Person) -> None:
    with sandbox(alone) as process:
        url = urlsplit(exports(process)["AWS_ENDPOINT_URL"])
        assert url.hostname == "127.0.0.1"
        assert url.port
        for address in addresses():
            with pytest.raises(OSError), socket.create_connection((address, url.port), timeout=1):
                pass


def addresses() -> set[str]:
    """This machine's own addresses, loopback left out."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    return {address for address in found if not address.startswith("127.")}


def test_its_state_outlives_it(alone: Person) -> None:
    for user in ("first", "second"):
        with sandbox(alone, "--json") as process:
            person = Person(alone.folder, printed_json(process))
            if user == "first":
                person.write()
                assert person.narrowgate("setup", "--yes").code == 0
            assert person.narrowgate("drift").code == 0
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


def test_verbs_with_sandbox_use_the_one_that_serves(alone: Person) -> None:
    with sandbox(alone) as process:
        exports(process)
        alone.write()
        assert alone.narrowgate("setup", "--sandbox", "--yes").code == 0
        assert alone.narrowgate("drift", "--sandbox").code == 0
    # Its state is the folder's: a verb in its own process goes on from it.
    assert alone.narrowgate("drift", "--sandbox").code == 0


def test_a_second_one_on_the_same_state_is_refused(alone: Person) -> None:
    with sandbox(alone) as process:
        exports(process)
        assert alone.narrowgate("sandbox").code == 3


def test_a_state_that_is_a_file_is_refused(alone: Person) -> None:
    (alone.folder / "state").write_text("")
    done = alone.narrowgate("sandbox", "--state", "state")
    assert done.code == 3
    assert "it is a file; name a folder" in done.err


@pytest.mark.skipif(not AWS.exists(), reason=f"the AWS CLI is not installed at {AWS}")
def test_the_aws_cli_can_use_it(alone: Person, tmp_path: Path) -> None:
    with sandbox(alone) as process:
        person = Person(tmp_path, exports(process))
        assert person.aws("sts", "get-caller-identity")["Arn"].endswith(":user/sandbox-admin")
        person.aws("iam", "create-user", "--user-name", "somebody")
        assert person.aws("iam", "get-user", "--user-name", "somebody")["User"]["UserName"] == "somebody"
