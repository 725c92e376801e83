"""Laws, with real processes: SIGKILL at any moment heals; Ctrl-C says how to go on; the second run is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.session
import pytest

pytestmark = pytest.mark.slow
SPEC = {
    "system": "demo",
    "region": "eu-west-1",
    "credentials": [{"sink": "csv", "path": "credentials.csv"}, {"sink": "env_yaml", "path": "env.yaml"}],
}
DELAY = 0.15


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "narrowgate", *words]


@contextmanager
def served(folder: Path) -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own; its variables."""
    with subprocess.Popen(
        command("sandbox", "--json", "--delay", str(DELAY)),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            assert server.stdout is not None
            text = ""
            while not text.rstrip().endswith("}"):
                text += server.stdout.readline().decode()
            yield json.loads(text)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


def start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(*words), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )


def run(folder: Path, *words: str) -> tuple[int, str]:
    with start(folder, *words) as process:
        out, news = process.communicate(timeout=90)
        return process.returncode, (out + news).decode()


def client(variables: dict[str, str], key: tuple[str, str] | None = None, service: str = "iam") -> Any:
    made: Any = botocore.session.Session().create_client(
        service,
        region_name="eu-west-1",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=key[0] if key else variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=key[1] if key else variables["AWS_SECRET_ACCESS_KEY"],
    )
    return made


def check(folder: Path, variables: dict[str, str]) -> None:
    iam = client(variables)
    assert [u["UserName"] for u in iam.list_users()["Users"]] == ["Provazio"]
    assert len(iam.list_policies(Scope="Local")["Policies"]) == 2
    (key,) = iam.list_access_keys(UserName="Provazio")["AccessKeyMetadata"]
    _, row = (folder / "credentials.csv").read_text().splitlines()
    held, secret = row.split(",")
    assert held == key["AccessKeyId"] and held in (folder / "env.yaml").read_text()
    assert secret in (folder / "env.yaml").read_text()
    assert client(variables, (held, secret), "sts").get_caller_identity()["Arn"].endswith(":user/Provazio")


def gone(variables: dict[str, str]) -> bool:
    iam = client(variables)
    return not (
        iam.list_users()["Users"]
        or iam.list_roles()["Roles"]
        or iam.list_policies(Scope="Local")["Policies"]
        or iam.list_instance_profiles()["InstanceProfiles"]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "platform.yaml").write_text(json.dumps(SPEC))
    return tmp_path


def kill_after(folder: Path, seconds: float, *words: str) -> bool:
    """Whether the command was killed before it ended; counted from its first line in the journal's folder."""
    with start(folder, *words) as process:
        begun = time.monotonic()
        while process.poll() is None and time.monotonic() - begun < seconds:
            time.sleep(0.01)
        killed = process.poll() is None
        process.kill()
        process.communicate()
        return killed


def test_sigkill_at_any_moment_of_setup_and_teardown_heals(folder: Path) -> None:
    with served(folder) as variables:
        killed = 0
        for at in range(5):
            killed += kill_after(folder, 1.0 + at * 0.4, "setup", "--sandbox", "--yes")
            code, news = run(folder, "setup", "--sandbox", "--yes")
            assert code == 0, news
            check(folder, variables)
            kill_after(folder, 1.0 + at * 0.3, "teardown", "--sandbox", "--yes")
            code, news = run(folder, "teardown", "--sandbox", "--yes")
            assert code == 0, news
            assert gone(variables)
            assert not (folder / "credentials.csv").exists()
        assert killed >= 2


def test_ctrl_c_ends_with_6_says_how_to_go_on_and_setup_goes_on(folder: Path) -> None:
    with served(folder) as variables:
        with start(folder, "setup", "--sandbox", "--yes") as process:
            journal = folder / ".narrowgate" / "sandbox-journal.jsonl"
            deadline = time.monotonic() + 30
            while not (journal.exists() and b'"outcome"' in journal.read_bytes()) and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, news = process.communicate(timeout=30)
        assert process.returncode == 6, news.decode()
        assert b"run the same command again" in news
        assert b"Traceback" not in news
        code, text = run(folder, "setup", "--sandbox", "--yes")
        assert code == 0, text
        check(folder, variables)
    assert (folder / "credentials.csv").stat().st_mode & 0o077 == 0
