"""The sink `env_yaml`: the hand-off file of the vendor's installer (`PROVAZIO_ENV_SPEC_PATH`).

The keys are the vendor's. In a file that exists, ours are changed and every other key and comment is
kept; lists that hold more than ours keep that too. What the spec does not name (the vendor's vault)
stays as it is, or becomes an empty string with a comment that asks for it. `_yaml` edits the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from narrowgate.adapters.sinks import Context, Credential, SinkKind
from narrowgate.adapters.sinks import _yaml as yaml
from narrowgate.adapters.sinks._file import FileSink, Held, mark, newline_of, place, text_of
from narrowgate.errors import Refused
from narrowgate.secret import Secret

EC2: Final = ("client", "infrastructure", "ec2")
VAULT: Final = ("client", "vault")
REGIONS: Final = ("dashboard", "frontend", "cloud_provider_regions", "aws")
SERVICES: Final = ("provisioning", "whitelisted_services")
ID: Final = (*EC2, "access_key_id")
SECRET: Final = (*EC2, "secret_access_key")
KEY_FILE: Final = "the file that `vault_api_key_file` names"


class Settings(BaseModel):
    """Where the file is, and where the vendor's own values come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field("env.yaml", min_length=1, description="The file, from the spec's folder.")
    vault_api_key_file: str | None = Field(
        None, min_length=1, description="A file that holds the API key of the vendor's vault."
    )
    vault_api_key_variable: str | None = Field(
        None, min_length=1, description="An environment variable that holds that API key."
    )
    vault_url: str | None = Field(None, description="The URL of the vendor's vault.")
    vault_url_variable: str | None = Field(
        None, min_length=1, description="An environment variable that holds that URL."
    )
    whitelisted_services: tuple[str, ...] = Field(
        ("*",), description="The services that the installer may provision; `*` is all of them."
    )
    replace: bool = Field(False, description="Replace a key in the file that is not ours, and lose it.")

    @model_validator(mode="after")
    def _one_source_each(self) -> Settings:
        if self.vault_api_key_file and self.vault_api_key_variable:
            raise ValueError("give `vault_api_key_file` or `vault_api_key_variable`, not both")
        if self.vault_url and self.vault_url_variable:
            raise ValueError("give `vault_url` or `vault_url_variable`, not both")
        return self


@dataclass(frozen=True, slots=True)
class YamlForm:
    """Our keys among those of a person or the vendor."""

    settings: Settings
    context: Context

    def objection(self, content: bytes) -> str | None:
        """What is not one YAML mapping, or has something else where our keys belong."""
        document = yaml.load(text_of(content))
        if document is None:
            return "the file is not a single YAML mapping. mend it, or choose another path"
        blocked = yaml.blocked(document, maps=(EC2, VAULT, REGIONS[:-1], SERVICES[:-1]))
        blocked = blocked or yaml.blocked(document, lists=(REGIONS, SERVICES))
        if blocked:
            return f"`{'.'.join(blocked)}` in it has an unexpected value. mend it, or choose another path"
        return None

    def held(self, content: bytes) -> Held | None:
        """The key at the vendor's place."""
        document = yaml.load(text_of(content))
        key_id, secret = yaml.text_at(document, ID), yaml.text_at(document, SECRET)
        if not key_id and not secret:
            return None
        marked = yaml.marked(text_of(content) or "", mark(self.context, key_id))
        return Held(key_id, Secret(secret) if secret else None, marked)

    def put(self, content: bytes | None, credential: Credential) -> bytes:
        """The document with our keys set, and our mark behind the key id."""
        document = yaml.load(text_of(yaml.unmarked(content or b"")))
        values = {
            ID: credential.access_key_id,
            SECRET: credential.secret.reveal(),
            (*EC2, "data_cluster_instance_profile"): credential.data_instance_profile,
            (*EC2, "app_cluster_instance_profile"): credential.app_instance_profile,
        }
        for path, value in values.items():
            yaml.set_text(document, path, value)
        self._set_vault(document)
        yaml.add_items(document, REGIONS, (credential.region,) if credential.region else ())
        if "whitelisted_services" in self.settings.model_fields_set or not yaml.at(document, SERVICES):
            yaml.set_items(document, SERVICES, self.settings.whitelisted_services)
        text = yaml.dump(document, like=text_of(content or b"") or "")
        text = yaml.with_mark(text, credential.access_key_id, mark(self.context, credential.access_key_id))
        return text.replace("\n", newline_of(content)).encode()

    def drop(self, content: bytes) -> bytes | None:
        """The document with both parts of the key blank: the rest is not the key."""
        document = yaml.load(text_of(yaml.unmarked(content)))
        yaml.set_text(document, ID, "")
        yaml.set_text(document, SECRET, "")
        text = yaml.dump(document, like=text_of(content) or "")
        return text.replace("\n", newline_of(content)).encode()

    def _set_vault(self, document: yaml.Document | None) -> None:
        api_key, url = self._vault_api_key(), self._vault_url()
        yaml.set_text(
            document,
            (*VAULT, "api_key"),
            api_key.reveal() if api_key else None,
            blank="fill in: the API key of the vendor's vault",
        )
        yaml.set_text(document, (*VAULT, "url"), url, blank="fill in: the URL of the vendor's vault")

    def _vault_api_key(self) -> Secret | None:
        if self.settings.vault_api_key_variable:
            return Secret(self._variable(self.settings.vault_api_key_variable))
        if not self.settings.vault_api_key_file:
            return None
        path = place(self.context, self.settings.vault_api_key_file)
        try:
            content = path.read_bytes()
        except OSError as error:
            reason = (error.strerror or "it cannot be read").lower()
            raise Refused(f"cannot read `{path}`, {KEY_FILE}: {reason}. mend the path") from None
        text = (text_of(content) or "").strip()
        if not text:
            raise Refused(f"cannot use `{path}`, {KEY_FILE}: it holds no text. write the key into it")
        return Secret(text)

    def _vault_url(self) -> str | None:
        if self.settings.vault_url_variable:
            return self._variable(self.settings.vault_url_variable)
        return self.settings.vault_url

    def _variable(self, name: str) -> str:
        value = self.context.environ.get(name)
        if not value:
            raise Refused(f"the variable `{name}`, which the spec names for `env_yaml`, is not set. set it")
        return value


def _open(settings: Settings, context: Context) -> FileSink:
    label = f"installer's environment file `{settings.path}`"
    return FileSink(place(context, settings.path), YamlForm(settings, context), label, settings.replace)


def _sources(settings: Settings, context: Context) -> tuple[Path, ...]:
    return (place(context, settings.vault_api_key_file),) if settings.vault_api_key_file else ()


SINK: Final = SinkKind(
    "env_yaml", "The environment file of the vendor's installer (`env.yaml`).", Settings, _open, _sources
)
