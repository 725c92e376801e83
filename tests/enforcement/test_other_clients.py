"""A part of the enforcement scenarios through the AWS CLI and the AWS SDK for JavaScript, in processes of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from botocore import xform_name
from enforcement.support import staged

from bench.enforcement import effects, judged, set_up
from bench.enforcement_callers import caller
from bench.enforcement_stage import REGION, Caller
from bench.enforcement_table import Outcome, Scenario, filled, scenarios
from narrowgate.adapters.sandbox.server import serve

AWS: Final = Path(sys.executable).with_name("aws")
JS: Final = Path(__file__).with_name("js")
PATIENCE: Final = 60
SERVICES: Final = ("dynamodb", "ec2", "iam", "s3", "ssm", "sts")
SHARED: Final = tuple(each for each in scenarios() if each.clients)

Ask: TypeAlias = Callable[[Scenario, Any, Caller, str], Outcome]


def _missing_js() -> str:
    if shutil.which("node") is None:
        return "node is not installed"
    if not (JS / "node_modules").is_dir():
        return "the JavaScript packages are not installed: make js"
    return ""


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BOTO", "PYTEST"))}
    quiet = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1"}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **quiet, **nowhere}


def ask_cli(scenario: Scenario, params: Any, who: Caller, endpoint: str) -> Outcome:
    """The call through the AWS CLI, which tells no status."""
    variables = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": scenario.region or REGION,
        "AWS_ACCESS_KEY_ID": who.key_id,
        "AWS_SECRET_ACCESS_KEY": who.secret,
        **({"AWS_SESSION_TOKEN": who.token} if who.token else {}),
    }
    service = "s3api" if scenario.service == "s3" else scenario.service
    command = [str(AWS), service, xform_name(scenario.operation, "-"), *_arguments(scenario.call, params)]
    done = subprocess.run(
        command,
        env={**_environment(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode == 0:
        return Outcome("", 200)
    found = re.search(
        r"An error occurred \(([^)]+)\) when calling the \w+ operation[^:]*: (.*)", done.stderr, re.DOTALL
    )
    assert found, done.stderr
    return Outcome(found[1], 0, found[2])


def _arguments(call: str, params: Any) -> list[str]:
    """GetObject alone wants a file for what it gets, and then no JSON."""
    if call == "s3:GetObject":
        return ["--bucket", params["Bucket"], "--key", params["Key"], os.devnull]
    return ["--cli-input-json", json.dumps(params)]


@contextmanager
def javascript() -> Iterator[Ask]:
    """One process of the JavaScript SDK for several calls."""
    process = subprocess.Popen(
        ["node", "ask.mjs"], cwd=JS, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    write, read = process.stdin, process.stdout

    def ask(scenario: Scenario, params: Any, who: Caller, endpoint: str) -> Outcome:
        asked: Mapping[str, Any] = {
            "service": scenario.service,
            "operation": scenario.operation,
            "params": params,
            "endpoint": endpoint,
            "region": scenario.region or REGION,
            "key": who.key_id,
            "secret": who.secret,
            "token": who.token,
        }
        write.write(json.dumps(asked) + "\n")
        write.flush()
        line = read.readline()
        assert line, "the JavaScript process ended"
        return Outcome(**json.loads(line))

    try:
        yield ask
    finally:
        write.close()
        process.wait(PATIENCE)
        read.close()


@pytest.fixture(scope="module")
def node() -> Iterator[Ask]:
    if why := _missing_js():
        pytest.skip(why)
    with javascript() as ask:
        yield ask


def _plays(scenario: Scenario, ask: Ask) -> None:
    with staged() as (aws, stage), serve(aws) as server:
        set_up(stage, scenario)
        who = caller(stage, scenario.who)
        came = ask(scenario, filled(scenario.params, stage.names), who, server.url)
        assert judged(scenario, stage, who, came).faults == ()
        assert effects(stage, scenario) == ()


@pytest.mark.slow
@pytest.mark.skipif(not AWS.exists(), reason=f"the AWS CLI is not installed at {AWS}")
@pytest.mark.parametrize("scenario", SHARED, ids=lambda each: each.name)
def test_the_aws_cli_is_answered_as_by_aws(scenario: Scenario) -> None:
    _plays(scenario, ask_cli)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [s for s in SHARED if s.service in SERVICES], ids=lambda each: each.name)
def test_the_javascript_sdk_is_answered_as_by_aws(scenario: Scenario, node: Ask) -> None:
    _plays(scenario, node)


def test_enough_scenarios_are_shared() -> None:
    assert len([each for each in SHARED if each.service in SERVICES]) >= 12
    assert not any(each.open for each in SHARED)
    assert {each.is_allowed for each in SHARED} == {True, False}
