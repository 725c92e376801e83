"""Policy files and questions: whatever a file is, what is wrong is told, with the right name and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from narrowgate.errors import UsageError
from narrowgate.policy import parse
from narrowgate.verbs.policy_files import LONGEST_FILE, Files, read_documents
from narrowgate.verbs.policy_question import Asked, understood

ALICE = "arn:aws:iam::123456789012:user/alice"
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}


def refusal(name: str, stdin: bytes = b"") -> str:
    with pytest.raises(UsageError) as found:
        Files(lambda: stdin).read(name)
    return found.value.message


@pytest.mark.parametrize("form", ["{}", "[{}]", '[{{"Statement": {}}}]', '{{"Statement": {}}}', "[{{}}, {}]"])
def test_a_file_nested_however_deep_is_told_of_with_its_place(form: str) -> None:
    for depth in (70, *range(700, 1010), 5000):
        text = form.format("[" * depth + "]" * depth)
        with pytest.raises(UsageError, match=r"deep\.json:1:\d+: "):
            read_documents("deep.json", text, "auto")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "cannot read a file without a name: name a file, or `-`"),
        ("a\0b", "this is not the name of a file"),
        ("\ud800", "this is not the name of a file"),
        (".", "cannot read `.`: Is a directory; name a file in it"),
        ("x" * 5000, "File name too long; name a file"),
        ("/proc/self/mem", "cannot read `/proc/self/mem`: Input/output error; name a file that can be read"),
        ("/dev/zero", f"cannot read `/dev/zero`: longer than {LONGEST_FILE} bytes"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_of(name: str, words: str) -> None:
    assert words in refusal(name)


def test_bytes_that_are_no_text_are_told_of_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"{\n\xff}")
    assert refusal(str(tmp_path / "a")).endswith("/a:2: not UTF-8 text; save the file as UTF-8")
    assert refusal("-", b"\xff") == "stdin:1: not UTF-8 text; save the file as UTF-8"


def test_standard_input_that_is_too_long_is_not_cut() -> None:
    long = json.dumps(READ).encode().ljust(LONGEST_FILE + 1)
    assert refusal("-", long) == f"cannot read standard input: longer than {LONGEST_FILE} bytes; no policy is"
    assert Files(lambda: long[:-1]).read("-").rstrip() == json.dumps(READ)


def asked(tmp_path: Path, files: dict[str, int], **principal: str) -> Asked:
    """A question with a session policy in files, each with so many documents."""
    for name, count in files.items():
        (tmp_path / name).write_text(json.dumps([READ] * count))
    names = [str(tmp_path / name) for name in files]
    who = {"type": "AWS", "arn": ALICE, **principal}
    return Asked(principal=who, action="s3:GetObject", policies={"session_policy": names})


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"one": 1, "other": 1}, "/one` has 1 document and `{}/other` has 1 document: this layer has one"),
        ({"none": 0, "two": 2}, "/none` has 0 documents and `{}/two` has 2 documents: this layer has one"),
        ({"none": 0}, "/none` has 0 documents: this layer has one"),
    ],
)
def test_too_many_documents_are_told_with_the_files_that_have_them(
    tmp_path: Path, files: dict[str, int], words: str
) -> None:
    with pytest.raises(UsageError) as found:
        understood(asked(tmp_path, files), Files(bytes))
    assert found.value.message == f"`{tmp_path}{words.format(tmp_path)}"


def test_files_that_have_one_document_together_are_enough(tmp_path: Path) -> None:
    found = understood(asked(tmp_path, {"none": 0, "one": 1}), Files(bytes))
    assert found.layers.session == parse(json.dumps(READ), "identity")


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        (ALICE, "is a user"),
        ("arn:aws:iam::123456789012:root", "is an account root"),
        ("arn:aws:iam::123456789012:role/x/r", "is a role itself"),
        ("arn:aws:sts::123456789012:federated-user/f", "is a federated user session"),
    ],
)
def test_a_role_beside_a_principal_that_has_none_is_told_of(tmp_path: Path, arn: str, words: str) -> None:
    with pytest.raises(UsageError) as found:
        understood(asked(tmp_path, {}, arn=arn, role_arn="arn:aws:iam::123456789012:role/x/r"), Files(bytes))
    assert found.value.message == f"`--role-arn` goes with a session of that role; `{arn}` {words}: leave it out"


@pytest.mark.parametrize("text", ["1e999", "-0.10e+5", "1" * 5000, "true", '"a\\u00e9"', "null"])
def test_an_id_is_kept_as_it_was_written(text: str) -> None:
    line = f'{{"id": {text}, "principal": "{ALICE}", "action": "s3:GetObject"}}'
    assert understood(Asked(request="-"), Files(line.encode)).id == text
