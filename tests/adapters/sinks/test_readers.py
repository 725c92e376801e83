"""What the sinks write is read by the programs that it is written for."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import botocore.session
import pytest
import yaml  # type: ignore[import-untyped]
from adapters.sinks.setting import CASES, ENV, NEW, OLD, context, credential, profiles_in
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from narrowgate.adapters.sinks import Sink, kinds
from narrowgate.errors import Refused

PAIR = (OLD.access_key_id, OLD.secret.reveal())


def opened(kind: str, folder: Path, **more: object) -> Sink:
    case = next(c for c in CASES if c.kind == kind)
    return case.open(context(folder), **more)


def test_botocore_reads_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened("profile", tmp_path).store(OLD)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / ".aws/credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    found = botocore.session.Session(profile="demo").get_credentials()
    assert found is not None and found.token is None
    assert (found.access_key, found.secret_key) == PAIR


def test_the_profile_goes_where_the_environment_says(tmp_path: Path) -> None:
    kind = kinds()["profile"]
    surroundings = context(tmp_path)
    environ = {**surroundings.environ, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "own")}
    moved = type(surroundings)(tmp_path, None, environ, surroundings.owner_tags)
    kind.open(kind.settings.model_validate({"name": "demo"}), moved).store(OLD)
    assert "demo" in profiles_in(tmp_path / "own")


def test_botocore_runs_the_credential_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened("credential_process", tmp_path).store(OLD)
    path = tmp_path / "credentials.json"
    (tmp_path / "config").write_text(f"[profile demo]\ncredential_process = cat {path}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    found = botocore.session.Session(profile="demo").get_credentials()
    assert found is not None and (found.access_key, found.secret_key) == PAIR
    assert set(json.loads(path.read_bytes())) == {"Version", "AccessKeyId", "SecretAccessKey"}


@pytest.mark.parametrize("shell", ["bash", "dash", "sh"])
@pytest.mark.parametrize("secret", [OLD.secret.reveal(), "a'b \"$(touch x)` \\ $HOME ;# é"])
def test_a_shell_sources_the_exports(shell: str, secret: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    sink = opened("env", tmp_path)
    sink.store(credential(OLD.access_key_id, secret))
    assert sink.load(OLD.access_key_id) == (OLD.access_key_id, credential("", secret).secret)
    script = '. ./credentials.env && printf "%s\\n%s\\n%s\\n%s" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" '
    script += '"$AWS_REGION" "${AWS_SESSION_TOKEN-none}"'
    environ = {"PATH": os.environ["PATH"], "AWS_SESSION_TOKEN": "of-a-role", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [shell, "-euc", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == [OLD.access_key_id, secret, "us-east-2", "none"]
    assert [p.name for p in tmp_path.iterdir()] == ["credentials.env"]


def test_other_lines_of_a_shell_file_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "credentials.env"
    path.write_bytes(b"# mine\r\nexport AWS_PROFILE=x\nexport AWS_REGION=eu-west-1\n")
    before = path.read_bytes()
    sink = opened("env", tmp_path)
    sink.probe()
    sink.store(OLD)
    sink.store(NEW)
    assert path.read_bytes().startswith(before) and path.read_bytes().count(b"# narrowgate") == 2
    assert sink.forget(NEW.access_key_id)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("export AWS_ACCESS_KEY_ID=AKIATHEIRS\n", "outside our block"),
        ("# narrowgate: demo key AKIA1\nexport AWS_ACCESS_KEY_ID=AKIA1\n", "lacks its last line"),
    ],
)
def test_a_shell_file_that_cannot_be_edited_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "credentials.env").write_text(content)
    with pytest.raises(Refused, match=message):
        opened("env", tmp_path).probe()


def test_the_csv_has_the_console_columns(tmp_path: Path) -> None:
    opened("csv", tmp_path).store(OLD)
    content = (tmp_path / "credentials.csv").read_bytes()
    assert content.startswith(b"Access key ID,Secret access key\n") and b"\r" not in content
    assert list(csv.reader(io.StringIO(content.decode())))[1:] == [list(PAIR)]


def test_a_csv_from_the_console_is_read(tmp_path: Path) -> None:
    text = f"\ufeffAccess key ID,Secret access key\r\n{PAIR[0]},{PAIR[1]}\r\n"
    (tmp_path / "credentials.csv").write_bytes(text.encode())
    sink = opened("csv", tmp_path)
    assert sink.load(OLD.access_key_id) == (OLD.access_key_id, OLD.secret)
    with pytest.raises(Refused, match="not known to be ours"):
        sink.probe()


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "User name,Access key ID,Secret access key,More\n1,2,3,4\n"])
def test_a_csv_of_something_else_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "credentials.csv").write_text(content)
    sink = opened("csv", tmp_path)
    acts: tuple[Callable[[], object], ...] = (sink.probe, lambda: sink.store(OLD))
    for act in acts:
        with pytest.raises(Refused, match="not a single access key"):
            act()
    opened("csv", tmp_path, replace=True).store(OLD)
    assert sink.holds() == {OLD.access_key_id}


def test_the_csv_with_a_user_name_has_the_columns_that_the_cli_imports(tmp_path: Path) -> None:
    # CLI version 2 matches these names whatever their case, and splits each line at its commas.
    opened("csv", tmp_path, user_name=True).store(OLD)
    header, row, *rest = (tmp_path / "credentials.csv").read_text().splitlines()
    found = dict(zip(header.lower().split(","), row.split(","), strict=True))
    assert found == {"user name": "Provazio", "access key id": PAIR[0], "secret access key": PAIR[1]}
    assert not rest


@pytest.mark.slow
def test_the_aws_cli_imports_the_csv(tmp_path: Path) -> None:
    aws = shutil.which("aws")
    version = subprocess.run([aws, "--version"], capture_output=True, text=True, check=True) if aws else None
    if version is None or not version.stdout.startswith("aws-cli/2"):
        pytest.skip("`aws configure import` needs the AWS CLI version 2, which is not here")
    assert aws is not None
    opened("csv", tmp_path, user_name=True).store(OLD)
    environ = {"PATH": os.environ["PATH"], "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "imported")}
    source = f"file://{tmp_path / 'credentials.csv'}"
    subprocess.run([aws, "configure", "import", "--csv", source], env=environ, check=True)
    assert profiles_in(tmp_path / "imported")["Provazio"]["aws_secret_access_key"] == PAIR[1]


def test_the_installer_reads_its_environment_file(tmp_path: Path) -> None:
    opened("env_yaml", tmp_path).store(OLD)
    text = (tmp_path / "env.yaml").read_text()
    assert yaml.safe_load(text) == YAML(typ="safe").load(text)
    assert yaml.safe_load(text) == {
        "dashboard": {"frontend": {"cloud_provider_regions": {"aws": ["us-east-2"]}}},
        "client": {
            "infrastructure": {
                "ec2": {
                    "access_key_id": PAIR[0],
                    "secret_access_key": PAIR[1],
                    "data_cluster_instance_profile": "data-ip",
                    "app_cluster_instance_profile": "app-ip",
                }
            },
            "vault": {"api_key": ENV["VAULT_KEY"], "url": ENV["VAULT_URL"]},
        },
        "provisioning": {"whitelisted_services": ["*"]},
    }


THEIRS = """\
# the installer's environment, by Ada
client:
    vault:          # ask Bob
        url: 'https://own.example' # ours since May
        namespace: team
    infrastructure:
        ec2:
            access_key_id: ""   # from the console
            # rotate every spring
            secret_access_key: ""

            proxy: http://proxy:3128
dashboard:
    frontend:
        cloud_provider_regions:
            aws:
              - eu-west-1
# the end is near
provisioning:
    whitelisted_services: [kubernetes]
    retries: 3   # enough
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_other_keys_and_comments_of_an_environment_file_are_kept(newline: str, tmp_path: Path) -> None:
    path = tmp_path / "env.yaml"
    path.write_bytes(THEIRS.replace("\n", newline).encode())
    blank = {"vault_api_key_variable": None, "vault_url_variable": None}
    sink = opened("env_yaml", tmp_path, **blank)
    sink.probe()
    sink.store(OLD)
    sink.probe(frozenset({OLD.access_key_id}))
    sink.store(NEW)
    text = path.read_bytes().decode()
    assert (text.count("\r\n") == text.count("\n")) is (newline == "\r\n")
    kept = [line.split("#")[1].strip() for line in THEIRS.splitlines() if "#" in line]
    assert [comment for comment in kept if comment not in text] == []
    assert text.count("narrowgate: demo key") == 1 and OLD.access_key_id not in text
    found, before = yaml.safe_load(text), yaml.safe_load(THEIRS)
    assert found["provisioning"] == before["provisioning"]
    assert found["client"]["vault"] == {**before["client"]["vault"], "api_key": ""}
    assert found["client"]["infrastructure"]["ec2"]["proxy"] == "http://proxy:3128"
    assert found["dashboard"]["frontend"]["cloud_provider_regions"]["aws"] == ["eu-west-1", "us-east-2"]
    assert sink.forget(NEW.access_key_id) and "narrowgate" not in path.read_text()


def test_only_our_lines_of_an_environment_file_change(tmp_path: Path) -> None:
    path = tmp_path / "env.yaml"
    path.write_text(THEIRS)
    blank = {"vault_api_key_variable": None, "vault_url_variable": None}
    opened("env_yaml", tmp_path, **blank).store(OLD)
    ours = ("access_key", "instance_profile", "us-east-2", "api_key")
    rest = [line.split() for line in path.read_text().splitlines() if not any(o in line for o in ours)]
    assert rest == [line.split() for line in THEIRS.splitlines() if "access_key" not in line]


def test_a_vault_that_is_not_named_is_asked_for_until_it_is(tmp_path: Path) -> None:
    opened("env_yaml", tmp_path, vault_api_key_variable=None, vault_url_variable=None).store(OLD)
    assert (tmp_path / "env.yaml").read_text().count("# fill in: ") == 2
    (tmp_path / "key").write_text("from-a-file\n")
    opened("env_yaml", tmp_path, vault_api_key_variable=None, vault_api_key_file="key").store(OLD)
    text = (tmp_path / "env.yaml").read_text()
    assert "# fill in: " not in text
    assert yaml.safe_load(text)["client"]["vault"] == {"api_key": "from-a-file", "url": ENV["VAULT_URL"]}


@pytest.mark.parametrize("spec", [{"vault_url_variable": "UNSET"}, {"vault_api_key_file": "missing"}])
def test_a_missing_vault_value_is_found_before_the_key_is_made(spec: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"UNSET|missing"):
        opened("env_yaml", tmp_path, **{"vault_api_key_variable": None, **spec}).probe()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["- 1\n", "client: []\n", "client: {vault: 3}\n", "a: [\n", "a: 1\na: 2\n"])
def test_an_environment_file_that_cannot_be_edited_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text(text)
    with pytest.raises(Refused, match="mend it"):
        opened("env_yaml", tmp_path).probe()
    assert (tmp_path / "env.yaml").read_text() == text


def test_comments_alone_in_an_environment_file_are_kept(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("# only words")
    opened("env_yaml", tmp_path).store(OLD)
    assert (tmp_path / "env.yaml").read_text().startswith("# only words\n")
    assert opened("env_yaml", tmp_path).holds() == {OLD.access_key_id}


@given(st.text(alphabet=st.characters(codec="utf-8")))
@settings(deadline=None)
def test_whatever_an_environment_file_holds_reading_it_only_answers(text: str) -> None:
    from narrowgate.adapters.sinks import _yaml

    _yaml.text_at(_yaml.load(text), ("client", "vault"))


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("profile", {"name": "DEFAULT"}),
        ("profile", {"name": "a]\n[b"}),
        ("profile", {}),
        ("ssm", {"name": "no-slash"}),
        ("ssm", {"name": "/aws/reserved"}),
        ("secretsmanager", {"name": "a b"}),
        ("csv", {"paht": "x"}),
        ("env_yaml", {"vault_url": "x", "vault_url_variable": "y"}),
        ("env_yaml", {"vault_api_key_file": "x", "vault_api_key_variable": "y"}),
    ],
)
def test_wrong_settings_are_refused(kind: str, spec: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        kinds()[kind].settings.model_validate(spec)
