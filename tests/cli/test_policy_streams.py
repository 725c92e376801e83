"""`narrowgate policy` where standard input, standard output or a file is not as it should be: a line, no traceback."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from cli.person import NARROWGATE, PATIENCE, Done, Person

from narrowgate.verbs.policy_files import LONGEST_FILE

pytestmark = pytest.mark.slow

ALICE = "arn:aws:iam::123456789012:user/alice"
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
LINE = {"id": 7, "principal": ALICE, "action": "s3:GetObject", "identity_policies": [READ]}
DENIED = {**LINE, "action": "s3:PutObject"}
CLOSED, UNREADABLE = "it is closed; send something to it", "Bad file descriptor; name a file that can be read"

BUFFERED = {"PYTHONUNBUFFERED": ""}
"""As it is unless somebody asks for the contrary: what could not be written fails again at the end of the process."""

EVERY = [
    ("evaluate", "line.jsonl"),
    ("evaluate", "line.jsonl", "--json"),
    ("evaluate", "--batch", "line.jsonl"),
    ("explain", "line.jsonl"),
    ("compare", "read.json", "read.json"),
    ("compare", "--batch", "pair.jsonl"),
    ("surface", "read.json"),
    ("format", "read.json"),
    ("evaluate", "--help"),
    ("--help",),
]
FROM_STDIN = [
    ("evaluate", "-"),
    ("evaluate", "--batch", "-"),
    ("explain", "line.jsonl", "--identity", "-"),
    ("compare", "read.json", "-"),
    ("compare", "--batch", "-"),
    ("surface", "-"),
    ("format", "-"),
]


@pytest.fixture
def alone(alone: Person) -> Person:
    """With a policy, a request that is allowed, one that is denied, and a comparison, in files."""
    (alone.folder / "read.json").write_text(json.dumps(READ))
    (alone.folder / "line.jsonl").write_text(json.dumps(LINE) + "\n")
    (alone.folder / "denied.jsonl").write_text(json.dumps(DENIED) + "\n")
    (alone.folder / "pair.jsonl").write_text(json.dumps({"id": 7, "a": [READ], "b": [READ]}) + "\n")
    return alone


def shell(person: Person, redirection: str, *arguments: str) -> Done:
    """Run `narrowgate policy ARGUMENTS REDIRECTION`."""
    command = ("bash", "-c", f'exec "$@" {redirection}', "bash", *NARROWGATE, "policy", *arguments)
    return person.run(*command, **BUFFERED)


def into_a_closed_pipe(person: Person, *arguments: str) -> Done:
    """Run `narrowgate policy ARGUMENTS` with nobody to read what it prints."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*NARROWGATE, "policy", *arguments],
            cwd=person.folder,
            env=person.variables(**BUFFERED),
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(writer)
    return Done(done.returncode, "", done.stderr)


def one_line(done: Done, words: str) -> None:
    assert done.code == 2, done.err
    assert done.err.startswith("narrowgate: ") and done.err.count("\n") == 1, done.err
    assert words in done.err


@pytest.mark.parametrize("arguments", EVERY)
def test_a_reader_that_left_is_no_error(alone: Person, arguments: tuple[str, ...]) -> None:
    done = into_a_closed_pipe(alone, *arguments)
    said = "read.json: an identity policy, 1 statement, 91 characters as AWS counts them\n"
    assert (done.code, done.err) == (0, said if arguments[0] == "format" else "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "denied.jsonl", "--check"),
        ("compare", "none.json", "read.json"),
        ("format", "read.json", "--check"),
    ],
)
def test_a_reader_that_left_does_not_change_the_answer(alone: Person, arguments: tuple[str, ...]) -> None:
    (alone.folder / "none.json").write_text("[]")
    assert into_a_closed_pipe(alone, *arguments) == Done(10, "")


@pytest.mark.parametrize("arguments", EVERY)
@pytest.mark.parametrize(
    ("redirection", "words"),
    [
        (">&-", "cannot write standard output: it is closed; send it to a file"),
        (">/dev/full", "cannot write standard output: No space left on device; send it elsewhere"),
    ],
)
def test_output_that_cannot_be_written_is_2(
    alone: Person, arguments: tuple[str, ...], redirection: str, words: str
) -> None:
    one_line(shell(alone, redirection, *arguments), words)


@pytest.mark.parametrize(
    ("arguments", "code"), [(("format", "read.json"), 0), (("evaluate", "--batch", "read.json"), 2)]
)
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_news_that_cannot_be_told_do_not_change_the_answer(
    alone: Person, arguments: tuple[str, ...], code: int, redirection: str
) -> None:
    done = shell(alone, redirection, *arguments)
    assert done.code == code and done.out.startswith("{")


@pytest.mark.parametrize("arguments", FROM_STDIN)
@pytest.mark.parametrize(("redirection", "words"), [("<&-", CLOSED), ("0>out", UNREADABLE)])
def test_input_that_cannot_be_read_is_2(
    alone: Person, arguments: tuple[str, ...], redirection: str, words: str
) -> None:
    one_line(shell(alone, redirection, *arguments), f"cannot read standard input: {words}")


def test_input_that_is_too_long_is_not_cut(alone: Person) -> None:
    (alone.folder / "long").write_bytes(json.dumps(LINE).encode().ljust(LONGEST_FILE) + b"garbage")
    one_line(shell(alone, "<long", "evaluate", "-"), f"cannot read standard input: longer than {LONGEST_FILE} bytes")


@pytest.mark.parametrize("command", ["evaluate", "compare"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "cannot read a file without a name: name a file"),
        (".", "cannot read `.`: Is a directory; name a file in it"),
        ("/proc/self/mem", "cannot read `/proc/self/mem`: Input/output error; name a file that can be read"),
    ],
)
def test_a_batch_that_cannot_be_read_is_2(alone: Person, command: str, name: str, words: str) -> None:
    one_line(alone.narrowgate("policy", command, "--batch", name), words)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("arguments", [("evaluate", "--batch", "read.json"), ("format", "read.json")])
def test_a_file_without_permission_is_2(alone: Person, arguments: tuple[str, ...]) -> None:
    (alone.folder / "read.json").chmod(0)
    one_line(alone.narrowgate("policy", *arguments), "Permission denied; allow yourself to read it")


@pytest.mark.parametrize(("mark", "words"), [(b"\xef\xbb\xbf", "byte order mark; save"), (b"\xff\xfe", "not UTF-8")])
def test_another_encoding_is_2(alone: Person, mark: bytes, words: str) -> None:
    (alone.folder / "read.json").write_bytes(mark + json.dumps(READ).encode())
    one_line(alone.narrowgate("policy", "surface", "read.json"), words)
    done = alone.narrowgate("policy", "evaluate", "--batch", "read.json")
    assert done.code == 2 and words in done.value["error"]


@pytest.mark.parametrize("text", ["1e999", "1" * 5000])
@pytest.mark.parametrize(
    "arguments", [("evaluate", "-", "--json"), ("explain", "-", "--json"), ("evaluate", "--batch", "-")]
)
def test_an_id_is_printed_as_it_was_written(alone: Person, text: str, arguments: tuple[str, ...]) -> None:
    (alone.folder / "it").write_text(json.dumps(LINE).replace('"id": 7', f'"id": {text}'))
    done = shell(alone, "<it", *arguments)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out, parse_int=str, parse_float=str)["id"] == text


def test_a_request_without_an_id_has_null(alone: Person) -> None:
    done = alone.narrowgate("policy", "explain", "--anonymous", "--action", "s3:Get", "--json")
    assert done.value["id"] is None


def test_a_file_whose_name_is_no_text_is_named_as_it_is(alone: Person) -> None:
    name = os.fsdecode(b"\xff.json")
    (alone.folder / name).write_text(json.dumps(READ))
    process = subprocess.run(
        [*NARROWGATE, "policy", "format", "--check", name],
        cwd=alone.folder,
        env=alone.variables(PYTHONIOENCODING="utf-8:strict"),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (process.returncode, process.stdout, process.stderr) == (10, b"not formatted: \xff.json\n", b"")


def test_a_character_that_the_output_does_not_have_is_2(alone: Person) -> None:
    (alone.folder / "\u20ac.json").write_text(json.dumps(READ))
    done = alone.narrowgate("policy", "format", "--check", "\u20ac.json", PYTHONIOENCODING="latin-1:strict")
    one_line(done, "its encoding latin-1 does not have `")


def test_input_that_does_not_wait_is_waited_for(alone: Person) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    command = [*NARROWGATE, "policy", "evaluate", "--batch", "-"]
    text = json.dumps(LINE).encode()
    with subprocess.Popen(
        command, cwd=alone.folder, env=alone.variables(), stdin=reader, stdout=subprocess.PIPE
    ) as process:
        os.close(reader)
        assert process.stdout
        for _ in range(3):
            os.write(writer, text + b"\n")
            assert json.loads(process.stdout.readline())["decision"] == "allowed"
        os.close(writer)
        assert process.wait(PATIENCE) == 0
