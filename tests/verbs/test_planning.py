"""A plan in a file binds what was approved to what is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.account import Cloud, Setting, yes
from support.worlds import Counter

from narrowgate.adapters.sandbox.embedded import Embedded
from narrowgate.errors import Refused, UsageError
from narrowgate.plan import digest
from narrowgate.verbs import planning
from narrowgate.verbs.setup import setup


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with Embedded() as embedded:
        yield Setting(Cloud(embedded), tmp_path)


def approved(setting: Setting) -> Path:
    file = setting.folder / "plan.json"
    with setting.site() as site:
        file.write_text(json.dumps(planning.bound(site, planning.make(site))))
    return file


def refused(setting: Setting, file: Path, match: str) -> None:
    calls = Counter()
    with setting.site(calls) as site, pytest.raises(Refused, match=match):
        setup(site, yes, plan_file=file)
    assert calls.writes == []


def edited(file: Path, **change: Any) -> Path:
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    return file


def test_the_same_plan_is_done_once(setting: Setting) -> None:
    file = approved(setting)
    with setting.site() as site:
        assert setup(site, yes, plan_file=file).steps == 11
    refused(setting, file, "the account")


@pytest.mark.slow
def test_an_edited_step_is_refused(setting: Setting) -> None:
    file = approved(setting)
    steps = json.loads(file.read_text())["steps"]
    steps[0]["params"]["PolicyName"] = "Mine"
    refused(setting, edited(file, steps=steps), "edited")
    refused(setting, edited(file, steps=steps, digest=digest(steps)), "edited")
    refused(setting, edited(file, account="111122223333"), "edited|account")


@pytest.mark.slow
def test_a_changed_spec_is_refused(setting: Setting) -> None:
    file = approved(setting)
    setting.write(tags={"team": "data"})
    refused(setting, file, "the spec or a policy file")


def test_a_changed_account_is_refused(setting: Setting) -> None:
    file = approved(setting)
    setting.iam().create_user(UserName="Provazio", Tags=[{"Key": "narrowgate:installation", "Value": "demo"}])
    refused(setting, file, "the account")


def test_other_code_is_refused(setting: Setting) -> None:
    file = approved(setting)
    rests_on = {**json.loads(file.read_text())["rests_on"], "code": "0.0.0+000000000000"}
    refused(setting, edited(file, rests_on=rests_on), "narrowgate itself")


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', "\x00"])
def test_what_is_no_plan_is_a_usage_error(setting: Setting, text: str) -> None:
    file = setting.folder / "plan.json"
    file.write_text(text)
    with setting.site() as site, pytest.raises(UsageError):
        setup(site, yes, plan_file=file)
