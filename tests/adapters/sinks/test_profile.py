"""The credentials file of AWS: nobody else's byte is lost, and what botocore cannot read is refused."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from adapters.sinks.setting import NEW, OLD, TAGS, context, profiles_in
from botocore.exceptions import ConfigParseError
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.adapters.sinks import Context, Sink, _ini, kinds
from narrowgate.adapters.sinks.profile import ProfileForm
from narrowgate.errors import Refused

FORM = ProfileForm("demo", Context(Path(), None, {}, TAGS))
LINES = st.sampled_from(
    [
        "[default]",
        "[demo]",
        "[demo-2]",
        "  [indented]",
        "[DEFAULT]",
        "[with ] inside]",
        "# a comment",
        "; another",
        "",
        "   ",
        "aws_access_key_id = AKIATHEIRS",
        "aws_secret_access_key=their/secret",
        "AWS_SESSION_TOKEN : token",
        "  region = eu-west-1",
        "output: json",
        "\tdeeper = 1",
        "s3 =",
        "    max_concurrent_requests = 20",
        "    bare words",
        "bare words",
        "# narrowgate: another key AKIA1",
        "café = é",
    ]
)
FILES = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"])), max_size=14).map(
    lambda lines: "".join(text + newline for text, newline in lines)
)
TIDY = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n"])), max_size=8).map(
    lambda lines: "".join(text + newline for text, newline in lines)
)


def by_botocore(content: bytes) -> dict[str, dict[str, object]] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "credentials")
        path.write_bytes(content)
        try:
            return profiles_in(path)
        except ConfigParseError:
            return None


@given(FILES)
@settings(max_examples=400, deadline=None)
def test_we_find_malformed_exactly_what_botocore_does(text: str) -> None:
    content = text.encode()
    found = by_botocore(content)
    assert (_ini.parse(content) is None) == (found is None)
    assert (FORM.objection(content) is None) == (found is not None)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_any_bytes_are_malformed_or_editable(content: bytes) -> None:
    assert (_ini.parse(content) is None) == (by_botocore(content) is None)
    FORM.held(content)


@pytest.mark.slow
@given(FILES | TIDY)
@settings(max_examples=600, deadline=None)
def test_only_our_section_changes(text: str) -> None:
    content = text.encode()
    before = by_botocore(content)
    if before is None:
        return
    try:
        after = FORM.put(content, OLD)
    except Refused:
        # Only where [DEFAULT] hands every profile a token, or a key.
        assert b"[DEFAULT]" in content
        return
    found = by_botocore(after)
    assert found is not None
    mine = found.pop("demo")
    assert mine["aws_access_key_id"] == OLD.access_key_id
    assert mine["aws_secret_access_key"] == OLD.secret.reveal()
    before.pop("demo", None)
    assert found == before
    assert outside(after) == outside(content)


@given(FILES)
@settings(max_examples=400, deadline=None)
def test_forgetting_gives_back_what_was_there(text: str) -> None:
    content = text.encode()
    found = by_botocore(content)
    if found is None or "demo" in found or b"[DEFAULT]" in content:
        return
    ended = content if content.endswith((b"\n", b"\r")) or not content else content + b"\n"
    assert FORM.drop(FORM.put(FORM.put(content, OLD), NEW)) == (ended or None)


def outside(content: bytes) -> str:
    """Every line that is neither in the section `demo` nor blank at the end, as it is."""
    lines = [line.raw for line in _ini.scan(content) if line.section != "demo"]
    return "".join(lines).rstrip("\r\n")


def opened(folder: Path, **more: object) -> Sink:
    kind = kinds()["profile"]
    return kind.open(kind.settings.model_validate({"name": "demo", "path": "c", **more}), context(folder))


@pytest.mark.parametrize(
    "content",
    [
        b"[demo\nregion = x\n",
        b"region = x\n",
        b"[demo]\nregion\n",
        b"[demo]\nx = 1\nx = 2\n",
        b"[demo]\n[demo]\n",
        b"\xef\xbb\xbf[demo]\n",
        b"[demo]\nx = \xff\n",
        b"[demo]\ns3 =\n  words\n",
    ],
)
def test_a_malformed_file_is_refused_and_not_mended(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_bytes(content)
    sink = opened(tmp_path)
    acts: tuple[Callable[[], object], ...] = (sink.probe, lambda: sink.store(OLD))
    for act in acts:
        with pytest.raises(Refused, match="malformed") as caught:
            act()
        assert caught.value.__context__ is None
    assert path.read_bytes() == content
    assert sink.holds() == frozenset() and sink.forget(OLD.access_key_id) is False


def test_replacing_a_key_keeps_the_options_and_drops_the_token(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_bytes(
        b"[demo]\r\n# by Ada\r\naws_access_key_id = AKIATHEIRS\r\naws_secret_access_key = s\r\n"
        b"aws_session_token = t\r\n  more\r\nregion = eu-west-1\r\n\r\n[x]\r\nregion = y"
    )
    with pytest.raises(Refused, match="AKIATHEIRS"):
        opened(tmp_path).probe()
    sink = opened(tmp_path, replace=True)
    sink.probe()
    sink.store(OLD)
    assert path.read_bytes().decode() == (
        f"[demo]\r\n# narrowgate: demo key {OLD.access_key_id}\r\naws_access_key_id = {OLD.access_key_id}\r\n"
        f"aws_secret_access_key = {OLD.secret.reveal()}\r\n"
        "# by Ada\r\nregion = eu-west-1\r\n\r\n[x]\r\nregion = y"
    )


def test_a_profile_with_other_options_takes_our_key(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_bytes(b"[demo]\n   region = eu-west-1\n [x]\n")
    sink = opened(tmp_path)
    sink.probe()
    sink.store(OLD)
    assert profiles_in(path)["demo"]["region"] == "eu-west-1"
    assert sink.forget(OLD.access_key_id)
    assert path.read_bytes() == b"[demo]\n   region = eu-west-1\n [x]\n"
