"""Which sinks are opened: each with a place of its own, and the former ones where that can still be done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from adapters.sinks.setting import NEW, OLD, FakeAws, context, small_aws

from narrowgate.adapters.keeping import Keeping
from narrowgate.adapters.sinks import Sink, kinds
from narrowgate.calls import Fields, call
from narrowgate.errors import Refused, UsageError
from narrowgate.resource import Installation
from narrowgate.spec import Spec
from narrowgate.verbs.keeping import Opening, open_keeping

INSTALLATION = Installation("demo", "111122223333", "aws", "eu-west-1", "/", Fields(), None)
Entry = Mapping[str, Any]


def spec_of(*entries: Entry, region: str = "eu-west-1", files: tuple[str | None, str | None] = (None, None)) -> Spec:
    installer, node = ({"policy_source": {"file": file}} if file else {} for file in files)
    return Spec.model_validate(
        {
            "system": "demo",
            "region": region,
            "installer": {"user": "Provazio", "policy": "Provazio", **installer},
            "node": {"role": "Node", "policy": "Node", "instance_profile": "Node", **node},
            "credentials": list(entries),
        }
    )


def opened(folder: Path, spec: Spec, *past: Spec, protected: tuple[Path, ...] = ()) -> Keeping:
    aws: FakeAws = small_aws()
    opening = Opening(folder, {"HOME": str(folder)}, lambda _: aws, adopt=False, protected=protected)
    return open_keeping(spec, INSTALLATION, opening, past)


def in_folder(folder: Path, kind: str, **settings: str) -> Sink:
    found = kinds()[kind]
    return found.open(found.settings.model_validate(settings), context(folder))


CSV: Entry = {"sink": "csv"}
PROFILE: Entry = {"sink": "profile", "name": "demo", "path": "credentials.csv"}


@pytest.mark.parametrize(
    "entries",
    [
        (CSV, CSV),
        (CSV, {"sink": "csv", "path": "./in/../credentials.csv"}),
        (CSV, {"sink": "csv", "path": "~/credentials.csv", "user_name": True}),
        (CSV, {"sink": "csv", "path": "link/credentials.csv"}),
        (CSV, {"sink": "env", "path": "credentials.csv"}),
        (CSV, PROFILE),
        (PROFILE, {"sink": "env_yaml", "path": "credentials.csv"}),
        (PROFILE, {**PROFILE, "path": "link/credentials.csv"}),
    ],
)
def test_two_sinks_on_one_file_are_refused(entries: tuple[Entry, Entry], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(UsageError) as caught:
        opened(tmp_path, spec_of(*entries))
    assert caught.value.message == (
        "credentials.1 writes to the same place as credentials.0 (`./credentials.csv`): give each sink its own"
    )


@pytest.mark.parametrize(("kind", "name"), [("secretsmanager", "demo/installer"), ("ssm", "/demo/installer")])
def test_two_sinks_on_one_container_are_refused(kind: str, name: str, tmp_path: Path) -> None:
    entry = {"sink": kind, "name": name}
    with pytest.raises(UsageError, match=rf"credentials\.2 .* credentials\.1 \(`{kind}:{name}`\)"):
        opened(tmp_path, spec_of(CSV, entry, entry))


def test_two_profiles_of_one_file_are_two_places(tmp_path: Path) -> None:
    assert len(opened(tmp_path, spec_of(PROFILE, {**PROFILE, "name": "demo-2"})).sinks) == 2


def test_one_sink_of_each_kind_is_fine(tmp_path: Path) -> None:
    entries = (
        CSV,
        {"sink": "profile", "name": "demo"},
        {"sink": "env"},
        {"sink": "env_yaml", "vault_api_key_file": "vault-key"},
        {"sink": "credential_process"},
        {"sink": "secretsmanager", "name": "demo/installer"},
        {"sink": "ssm", "name": "/demo/installer"},
    )
    keeping = opened(tmp_path, spec_of(*entries), protected=(tmp_path / "platform.yaml",))
    assert len(keeping.sinks) == len(entries) == len(kinds())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("platform.yaml", "the spec itself"),
        ("link/platform.yaml", "the spec itself"),
        ("policies/user.json", "the file of installer.policy_source"),
        ("policies/../policies/node.json", "the file of node.policy_source"),
        ("vault-key", "which credentials.1 reads from"),
        (".narrowgate/journal.jsonl", "where narrowgate keeps its own files"),
        ("link/.narrowgate/deep/key.csv", "where narrowgate keeps its own files"),
        (".narrowgate", "where narrowgate keeps its own files"),
    ],
)
def test_a_sink_on_a_file_that_something_else_needs_is_refused(path: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    entries = ({"sink": "csv", "path": path, "replace": True}, {"sink": "env_yaml", "vault_api_key_file": "vault-key"})
    spec = spec_of(*entries, files=("policies/user.json", "policies/node.json"))
    with pytest.raises(UsageError, match=rf"credentials\.0 writes to `\./.*`, {message}: give the sink another"):
        opened(tmp_path, spec, protected=(tmp_path / "platform.yaml",))


def test_a_name_that_only_begins_like_our_folder_is_fine(tmp_path: Path) -> None:
    assert opened(tmp_path, spec_of({"sink": "csv", "path": ".narrowgate.csv"})).sinks


@pytest.mark.parametrize(
    "gone",
    [
        {"sink": "of-another-version"},
        {"sink": "csv", "paht": "x"},
        {"sink": "ssm", "name": "no-slash"},
        {"sink": "csv", "path": "a\0b"},
    ],
)
def test_a_former_sink_that_cannot_be_opened_is_left_out(gone: Entry, tmp_path: Path) -> None:
    keeping = opened(tmp_path, spec_of(CSV), spec_of(gone, {"sink": "env"}))
    assert list(keeping.former) == ["environment file `credentials.env`"]


def test_a_former_sink_without_a_home_is_left_out(tmp_path: Path) -> None:
    opening = Opening(tmp_path, {}, lambda _: small_aws(), adopt=False)
    former = spec_of({"sink": "profile", "name": "demo"})
    assert not open_keeping(spec_of(CSV), INSTALLATION, opening, [former]).former
    with pytest.raises(Refused, match="HOME"):
        open_keeping(former, INSTALLATION, opening, [])


def test_a_former_sink_that_cannot_be_read_holds_nothing_but_a_present_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "credentials.env").mkdir()
    asked = call("sink", "HoldsKeys", Sink="environment file `credentials.env`")
    assert opened(tmp_path, spec_of(CSV), spec_of({"sink": "env"}))(asked) == Fields(Held=())
    with pytest.raises(Refused, match=r"credentials\.env"):
        opened(tmp_path, spec_of({"sink": "env"}))(asked)


def test_a_sink_that_is_only_spelt_anew_is_no_former_one(tmp_path: Path) -> None:
    # Were it one, the key that was stored there now would be forgotten there as an old one.
    secret = {"sink": "secretsmanager", "name": "demo/installer"}
    spelt = spec_of({"sink": "csv", "path": "./credentials.csv"}, secret, region="eu-central-1")
    keeping = opened(tmp_path, spec_of(CSV, secret), spelt, spec_of(CSV))
    assert list(keeping.former) == ["secret `demo/installer` in AWS Secrets Manager (eu-central-1)"]


def test_a_former_sink_gives_up_its_key_and_no_other(tmp_path: Path) -> None:
    in_folder(tmp_path, "env").store(OLD)
    keeping = opened(tmp_path, spec_of(CSV), spec_of({"sink": "env"}))
    label = "environment file `credentials.env`"
    assert keeping(call("sink", "HoldsKeys", Sink=label)) == Fields(Held=(OLD.access_key_id,))
    for key, left in ((NEW, {OLD.access_key_id}), (OLD, set())):
        keeping(call("sink", "ForgetKey", Sink=label, AccessKeyId=key.access_key_id))
        assert keeping.former[label].holds() == left


def test_the_probe_of_a_sink_is_told_which_keys_are_ours(tmp_path: Path) -> None:
    in_folder(tmp_path, "csv").store(OLD)
    keeping = opened(tmp_path, spec_of(CSV))
    with pytest.raises(Refused, match=OLD.access_key_id):
        keeping.probe(frozenset(keeping.sinks), frozenset())
    keeping.probe(frozenset(keeping.sinks), frozenset({OLD.access_key_id}))
