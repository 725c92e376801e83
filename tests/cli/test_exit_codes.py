"""Every class of error: its exit code, and a message that says what and where."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cli.person import NARROWGATE, Person

pytestmark = pytest.mark.slow

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE000000000",
    "AWS_SECRET_ACCESS_KEY": "wrong",
    "AWS_DEFAULT_REGION": "us-east-1",
}
WHO = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>A</UserId>"
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>so it is</Message></Error></ErrorResponse>"
)


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """An AWS that gives everybody the same answer; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("system: demo\nregion: us-east-1\ninstaler: {}\n", ("platform.yaml:3", "installer")),
        ("system: demo\nregion: us-eas-1\n", ("platform.yaml:2", "us-east-1")),
        ("system: Demo_1\nregion: us-east-1\n", ("platform.yaml:1", "system")),
        ("system: demo\nregion: us-east-1\npath: platform\n", ("platform.yaml:3", "path")),
        ("system: demo\nregion: us-east-1\ncredentials:\n  - sink: cvs\n", ("platform.yaml:4", "csv")),
        ("system: demo\nregion: us-east-1\ncredentials:\n  - sink: csv\n    pth: x\n", ("platform.yaml:5", "path")),
        ("system: [demo\n", ("platform.yaml:", "not YAML")),
        ("system: demo\nsystem: demo\n", ("platform.yaml:2", "twice")),
        ("system: demo\nregion: us-east-1\nprofile: iguasio\n", ("platform.yaml:3", "iguazio")),
    ],
)
def test_a_bad_spec_is_2_and_names_the_line(alone: Person, text: str, words: tuple[str, ...]) -> None:
    (alone.folder / "platform.yaml").write_text(text)
    done = alone.narrowgate("plan")
    assert done.code == 2
    for word in words:
        assert word in done.err


def test_a_missing_spec_is_2_and_says_how_to_write_one(alone: Person) -> None:
    done = alone.narrowgate("plan")
    assert done.code == 2
    assert "narrowgate init" in done.err


@pytest.mark.parametrize("arguments", [("plan", "--frobnicate"), ("frobnicate",), ("rotate", "--quiet", "soon")])
def test_wrong_usage_is_2(alone: Person, arguments: tuple[str, ...]) -> None:
    assert alone.narrowgate(*arguments).code == 2


@pytest.mark.parametrize(
    ("word", "says"), [("pln", "did you mean `plan`?"), ("tear-down", "`teardown`"), ("xyzzy", "there are init, plan")]
)
def test_an_unknown_command_gets_the_nearest(alone: Person, word: str, says: str) -> None:
    assert says in alone.narrowgate(word).err


def test_init_names_what_a_gitignore_of_the_persons_own_lacks(alone: Person) -> None:
    (alone.folder / ".gitignore").write_text("build/\nenv.yaml\n")
    assert "add these lines to .gitignore: .narrowgate/ credentials.*\n" in alone.narrowgate("init").out
    assert (alone.folder / ".gitignore").read_text() == "build/\nenv.yaml\n"


def test_init_over_an_existing_spec_is_3(person: Person) -> None:
    before = (person.folder / "platform.yaml").read_text()
    done = person.narrowgate("init")
    assert done.code == 3
    assert "--force" in done.err
    assert (person.folder / "platform.yaml").read_text() == before


def test_no_credentials_are_4(alone: Person) -> None:
    alone.write()
    done = alone.narrowgate("plan")
    assert done.code == 4
    assert "no AWS credentials found" in done.err
    assert "--sandbox" in done.err


def test_an_unknown_aws_profile_is_4(alone: Person) -> None:
    alone.write()
    done = alone.narrowgate("plan", "--aws-profile", "nobody")
    assert done.code == 4
    assert "nobody" in done.err


def test_an_unknown_key_is_4(person: Person) -> None:
    done = person.narrowgate("setup", "--yes", AWS_ACCESS_KEY_ID="AKIAEXAMPLE000000000")
    assert done.code == 4
    assert "InvalidClientTokenId" in done.err


@pytest.mark.parametrize(
    ("code", "wanted"), [("ExpiredToken", 4), ("AccessDenied", 4), ("SignatureDoesNotMatch", 4), ("LimitExceeded", 5)]
)
def test_what_aws_answers_decides(alone: Person, code: str, wanted: int) -> None:
    alone.write()
    with answering(403 if wanted == 4 else 409, ERROR.format(code=code)) as url:
        done = alone.narrowgate("plan", AWS_ENDPOINT_URL=url, **KEYS)
    assert done.code == wanted, done.err
    assert "so it is" in done.err
    assert "Traceback" not in done.err


PAGE = "<html><head><title>Log in</title></head><body>{}</body></html>"


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, PAGE.format("")), (200, PAGE.format("<br>")), (200, ""), (302, ""), (302, PAGE.format(""))],
)
def test_a_page_instead_of_an_answer_is_5_at_once(alone: Person, status: int, body: str) -> None:
    alone.write()
    with answering(status, body) as url:
        done = alone.narrowgate("plan", AWS_ENDPOINT_URL=url, **KEYS)
    assert done.code == 5, done.err
    assert "what answered for `sts:GetCallerIdentity` is not AWS" in done.err
    assert "Traceback" not in done.err


def test_root_credentials_are_4(alone: Person) -> None:
    alone.write()
    with answering(200, WHO.format(arn="arn:aws:iam::123456789012:root")) as url:
        done = alone.narrowgate("setup", "--yes", AWS_ENDPOINT_URL=url, **KEYS)
    assert done.code == 4
    assert "root" in done.err


def test_another_partition_is_3(alone: Person) -> None:
    alone.write()
    with answering(200, WHO.format(arn="arn:aws-cn:iam::123456789012:user/me")) as url:
        done = alone.narrowgate("setup", "--yes", AWS_ENDPOINT_URL=url, **KEYS)
    assert done.code == 3
    assert "aws-cn" in done.err


def test_another_account_is_3(person: Person) -> None:
    person.write(account="210987654321")
    done = person.narrowgate("setup", "--yes")
    assert done.code == 3
    assert "210987654321" in done.err
    assert "nothing was touched" in done.err


def test_a_thing_of_somebody_else_with_our_name_is_3(person: Person, prefix: str) -> None:
    person.narrowgate("setup", "--yes")
    person.write(name_prefix=prefix, system="other")
    done = person.narrowgate("plan")
    assert done.code == 3
    assert "belongs to the installation `test`" in done.out


def test_a_missing_boundary_is_2(person: Person) -> None:
    person.write(permissions_boundary="Nowhere")
    done = person.narrowgate("setup", "--yes")
    assert done.code == 2
    assert "Nowhere" in done.err


def test_a_full_disk_is_3_and_no_key_is_made(person: Person) -> None:
    # A limit on the size of files fails a write as a full disk does.
    command = ("bash", "-c", 'ulimit -f 8; exec "$@"', "narrowgate", *NARROWGATE, "setup", "--yes")
    done = person.run(*command)
    assert done.code == 3, done.err
    assert "credentials.csv" in done.err
    assert person.narrowgate("status", "--json").value["keys"] == []


@pytest.mark.parametrize("obstacle", ["link", "folder", "file above"])
def test_a_sink_that_cannot_be_written_is_3_and_no_key_is_made(person: Person, prefix: str, obstacle: str) -> None:
    path = person.folder / "out"
    if obstacle == "link":
        path.symlink_to(person.folder / "elsewhere")
    elif obstacle == "folder":
        path.mkdir()
    else:
        path.write_text("")
    name = "out/key.csv" if obstacle == "file above" else "out"
    person.write(name_prefix=prefix, credentials=[{"sink": "csv", "path": name}])
    done = person.narrowgate("setup", "--yes")
    assert done.code == 3, done.err
    assert "out" in done.err
    person.write(name_prefix=prefix)
    assert person.narrowgate("status", "--json").value["keys"] == []


def test_a_corrupted_journal_is_kept_aside(person: Person) -> None:
    person.narrowgate("setup", "--yes")
    journal = person.folder / ".narrowgate" / "journal.jsonl"
    journal.write_text(journal.read_text().replace("CreateUser", "CreateLoser", 1))
    done = person.narrowgate("setup", "--yes")
    assert done.code == 0
    assert "corrupted" in done.err
    assert list(journal.parent.glob("*corrupt*"))


def test_a_trial_in_the_sandbox_leaves_the_key_of_the_account_alone(person: Person) -> None:
    assert person.narrowgate("setup", "--yes").code == 0
    kept = (person.folder / "credentials.csv").read_bytes()
    done = person.narrowgate("setup", "--sandbox", "--yes")
    assert done.code == 3 and "not known to be ours" in done.err
    assert person.narrowgate("teardown", "--sandbox", "--yes").code == 0
    assert (person.folder / "credentials.csv").read_bytes() == kept
    assert person.narrowgate("drift").code == 0
