"""The embedded AWS itself: one a process, concurrent, repeatable, and clean in its errors."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from adapters.sandbox.support import REGION, client, new_key, raw, refusal

from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded
from narrowgate.adapters.sandbox.engine import Engine
from narrowgate.adapters.sandbox.request import Request, Scope
from narrowgate.errors import Refused


def test_second_one_in_a_process_is_refused_until_the_first_is_closed() -> None:
    first = Embedded()
    with pytest.raises(Refused, match="second embedded AWS"):
        Embedded()
    first.close()
    first.close()
    Embedded().close()


def test_closed_one_answers_nothing_and_leaves_nothing_behind() -> None:
    with Embedded() as first:
        iam = client(first, "iam")
        iam.create_user(UserName="x")
    with Embedded() as second:
        assert refusal(iam.create_user, UserName="y") == ("ServiceUnavailable", 503)
        assert client(second, "iam").list_users()["Users"] == []


def test_delay_is_slept_by_each_caller_on_its_own() -> None:
    with Embedded(delay=0.2) as aws:
        sts = client(aws, "sts")
        gate = threading.Barrier(10)

        def call() -> tuple[float, float]:
            gate.wait()
            begun = time.monotonic()
            sts.get_caller_identity()
            return begun, time.monotonic()

        with ThreadPoolExecutor(10) as pool:
            spans = [future.result() for future in [pool.submit(call) for _ in range(10)]]
    assert all(end - begun >= 0.2 for begun, end in spans)
    # One after the other they would take two seconds.
    assert max(end for _, end in spans) - min(begun for begun, _ in spans) < 1.5


def test_calls_from_many_threads_all_take_effect(aws: Embedded) -> None:
    iam = client(aws, "iam")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: iam.create_user(UserName=f"user{n}"), range(40)))
    assert len(iam.list_users()["Users"]) == 40


def test_same_seed_gives_the_same_ids_and_another_others() -> None:
    def ids(seed: int) -> tuple[str, str]:
        with Embedded(seed=seed) as aws:
            iam = client(aws, "iam")
            user = iam.create_user(UserName="x")["User"]["UserId"]
            return user, new_key(iam, "x")[1]

    assert ids(7) == ids(7)
    assert not set(ids(7)) & set(ids(8))


pytestmark = pytest.mark.slow
VERSIONS = {"LaunchTemplateName": "xyz", "Versions": ["1"]}

SAML = {
    "RoleArn": "arn:aws:iam::123456789012:role/r",
    "PrincipalArn": "arn:aws:iam::123456789012:saml-provider/p",
    "SAMLAssertion": "eHh4eA==",
}


@pytest.mark.parametrize(
    ("service", "operation", "params", "named"),
    [
        ("iam", "get_service_last_accessed_details", {"JobId": "x" * 36}, "iam:GetServiceLastAccessedDetails"),
        ("ec2", "delete_launch_template_versions", VERSIONS, "ec2:DeleteLaunchTemplateVersions"),
        ("secretsmanager", "validate_resource_policy", {"ResourcePolicy": "{}"}, "ValidateResourcePolicy"),
        ("sts", "assume_role_with_saml", SAML, "sts:AssumeRoleWithSAML"),
    ],
)
def test_missing_operation_is_named(
    aws: Embedded, service: str, operation: str, params: dict[str, Any], named: str
) -> None:
    missing = client(aws, service)
    with pytest.raises(missing.exceptions.ClientError, match=named) as caught:
        getattr(missing, operation)(**params)
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_unknown_service_is_named() -> None:
    with Embedded() as aws:
        status, body = raw(aws, "nosuchservice", b"Action=DoIt")
    assert status == 404
    assert b"no operation has the form POST /" in body


@pytest.mark.parametrize("path", ["/moto-api/reset", "/moto-api/data.json", "/latest/meta-data/"])
def test_motos_own_interfaces_are_out_of_reach(aws: Embedded, path: str) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    assert raw(aws, "iam", b"", path)[0] in (400, 404)
    assert raw(aws, "s3", b"", path, {})[0] in (403, 404, 405, 501)
    assert len(iam.list_users()["Users"]) == 1


def test_crash_inside_moto_is_an_internal_failure_without_a_traceback() -> None:
    # An id that is none, which moto takes for granted. The layer decides first, so this asks the engine.
    form = (("content-type", "application/x-www-form-urlencoded"),)
    body = b"Action=DescribeTags&Version=2016-11-15&Filter.1.Name=nonsense&Filter.1.Value.1=x&MaxResults=x"
    answer = Engine(1).perform(Request("POST", "/", form, body, Scope(ADMIN[0], REGION, "ec2")))
    assert answer.status == 500
    assert b"InternalFailure" in answer.body
    assert b"Traceback" not in answer.body


def test_no_page_in_a_browser_is_let_in(aws: Embedded) -> None:
    headers = client(aws, "iam").list_users()["ResponseMetadata"]["HTTPHeaders"]
    assert not [name for name in headers if name.startswith("access-control")]


def test_account_is_motos(aws: Embedded) -> None:
    assert aws.account == "123456789012"


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_iam_objects_carry_the_regions_partition(aws: Embedded, region: str, partition: str) -> None:
    iam = client(aws, "iam", region=region)
    arn = iam.create_user(UserName="x")["User"]["Arn"]
    assert arn == f"arn:{partition}:iam::{aws.account}:user/x"
    assert client(aws, "sts", new_key(iam, "x"), region).get_caller_identity()["Arn"] == arn
    # Partitions share nothing.
    assert client(aws, "iam").list_users()["Users"] == []


ASK = """
from narrowgate.adapters.sandbox.embedded import Embedded
from adapters.sandbox.support import raw
print(raw(Embedded(), "ec2", b"Action=DescribeVpcs&Version=2016-11-15")[0])
"""


@pytest.mark.slow
def test_broken_profile_of_the_person_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[broken")
    env = {
        **os.environ,
        "AWS_PROFILE": "no such profile",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    asked = subprocess.run([sys.executable, "-c", ASK], env=env, capture_output=True, text=True, check=False)
    assert asked.stdout == "200\n", asked.stderr


# INVARIANT of Engine.perform: what was read in between changes no id.
def test_reads_in_between_change_no_id() -> None:
    def created(*, reading: bool) -> list[str]:
        with Embedded() as aws:
            ec2, iam = client(aws, "ec2"), client(aws, "iam")
            if reading:
                ec2.describe_vpcs()
            first = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            if reading:
                iam.list_users()
                client(aws, "secretsmanager").get_random_password()
            second = ec2.create_subnet(VpcId=first, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
            return [first, second, *sorted(vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"])]

    assert created(reading=True) == created(reading=False)


def test_engine_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with Embedded() as aws:
        client(aws, "iam").list_users()
    assert Engine.__doc__
    assert capfd.readouterr() == ("", "")
