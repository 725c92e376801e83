"""A sandbox that is stopped and started again is the same sandbox."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from adapters.sandbox.support import (
    DOCUMENT,
    TRUST,
    TRUST_ACCOUNT,
    allow_everything,
    client,
    new_key,
    plain,
    session_client,
)

from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded
from narrowgate.errors import Refused


def seen(aws: Embedded) -> dict[str, Any]:
    """Everything that the administrator can see, dates included."""
    iam, ec2 = client(aws, "iam"), client(aws, "ec2")
    return {
        "users": iam.list_users()["Users"],
        "keys": iam.list_access_keys(UserName="x")["AccessKeyMetadata"],
        "roles": iam.list_roles()["Roles"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "vpcs": ec2.describe_vpcs()["Vpcs"],
        "subnets": ec2.describe_subnets()["Subnets"],
        "groups": ec2.describe_security_groups()["SecurityGroups"],
        "instances": ec2.describe_instances()["Reservations"],
        "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "secrets": client(aws, "secretsmanager").list_secrets()["SecretList"],
        "parameter": client(aws, "ssm").get_parameter(Name="/p", WithDecryption=True)["Parameter"],
    }


def build(aws: Embedded) -> tuple[str, str]:
    """A little of everything, reading in between; the key of user x."""
    iam, ec2 = client(aws, "iam"), client(aws, "ec2")
    iam.create_user(UserName="x")
    ec2.describe_vpcs()
    key = new_key(iam, "x")
    iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    iam.list_users()
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=2, SubnetId=subnet, IamInstanceProfile={"Name": "i"})
    client(aws, "secretsmanager").create_secret(Name="s", SecretString="hunter2")
    client(aws, "ssm").put_parameter(Name="/p", Value="v", Type="SecureString")
    return key


@pytest.mark.slow
def test_restart_gives_the_same_ids_secrets_and_dates(tmp_path: Path) -> None:
    with Embedded(tmp_path / "state", seed=5) as aws:
        key = build(aws)
        before = seen(aws)
    # The seed of the folder wins over the constructor's.
    with Embedded(tmp_path / "state", seed=6) as aws:
        assert seen(aws) == before
        assert client(aws, "sts", key).get_caller_identity()["Arn"].endswith("user/x")
        # What comes after continues the sequence: no id is given twice.
        assert new_key(client(aws, "iam"), "x")[0] != key[0]
    with Embedded(tmp_path / "state") as aws:
        assert len(seen(aws)["keys"]) == 2


BUILD = """
import sys, pathlib
from adapters.sandbox.test_state import Embedded, build, seen
with Embedded(pathlib.Path(sys.argv[1])) as aws:
    print(build(aws)[1])
    print(repr(seen(aws)))
"""


@pytest.mark.slow
def test_another_process_finds_what_the_first_made(tmp_path: Path) -> None:
    tests = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": str(tests), "PYTHONHASHSEED": "1"}
    made = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)], env=env, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    secret, before = made.stdout.splitlines()
    with Embedded(tmp_path) as aws:
        assert repr(seen(aws)) == before
        key_id = client(aws, "iam").list_access_keys(UserName="x")["AccessKeyMetadata"][0]["AccessKeyId"]
        assert client(aws, "sts", (key_id, secret)).get_caller_identity()["Arn"].endswith("user/x")


def test_keys_secret_is_drawn_again_not_stored(tmp_path: Path) -> None:
    with Embedded(tmp_path) as aws:
        client(aws, "iam").create_user(UserName="x")
        key = new_key(client(aws, "iam"), "x")
    assert all(key[1] not in path.read_text() for path in tmp_path.iterdir())


def test_reads_signatures_and_tokens_are_not_journalled(tmp_path: Path) -> None:
    with Embedded(tmp_path) as aws:
        iam = client(aws, "iam")
        iam.list_users()
        iam.create_user(UserName="x")
        client(aws, "sts").get_caller_identity()
    lines = (tmp_path / "calls.jsonl").read_text().splitlines()
    assert [json.loads(line)["scope"] for line in lines] == [f"{ADMIN[0]}/us-east-1/iam"]
    assert "Signature" not in lines[0]


def test_files_are_the_owners_only(tmp_path: Path) -> None:
    with Embedded(tmp_path / "state") as aws:
        client(aws, "iam").create_user(UserName="x")
        new_key(client(aws, "iam"), "x")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()} == {0o600}


@pytest.mark.slow
def test_last_use_by_a_read_survives(tmp_path: Path) -> None:
    with Embedded(tmp_path) as aws:
        client(aws, "iam").create_user(UserName="x")
        allow_everything(client(aws, "iam"), "x")
        key = new_key(client(aws, "iam"), "x")
        client(aws, "secretsmanager", key).list_secrets()
        before = plain(client(aws, "iam").get_access_key_last_used(AccessKeyId=key[0]))
    with Embedded(tmp_path) as aws:
        assert plain(client(aws, "iam").get_access_key_last_used(AccessKeyId=key[0])) == before
    assert before["AccessKeyLastUsed"]["ServiceName"] == "secretsmanager"


def test_session_survives(tmp_path: Path) -> None:
    with Embedded(tmp_path) as aws:
        client(aws, "iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST_ACCOUNT)
        arn = f"arn:aws:iam::{aws.account}:role/r"
        given = client(aws, "sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    with Embedded(tmp_path) as aws:
        session = session_client(aws, "sts", given)
        assert session.get_caller_identity()["Arn"].endswith("assumed-role/r/session")


@pytest.mark.slow
def test_torn_last_line_is_dropped(tmp_path: Path) -> None:
    with Embedded(tmp_path) as aws:
        client(aws, "iam").create_user(UserName="x")
        client(aws, "iam").create_user(UserName="y")
    calls = tmp_path / "calls.jsonl"
    calls.write_bytes(calls.read_bytes()[:-20])
    for expected in (["x"], ["x", "z"]):
        with Embedded(tmp_path) as aws:
            iam = client(aws, "iam")
            assert [user["UserName"] for user in iam.list_users()["Users"]] == expected
            if expected == ["x"]:
                iam.create_user(UserName="z")


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"n": 1}', "\x00\x00"])
def test_damaged_line_is_an_error_that_names_the_file_and_the_way_out(tmp_path: Path, damage: str) -> None:
    with Embedded(tmp_path) as aws:
        client(aws, "iam").create_user(UserName="x")
    calls = tmp_path / "calls.jsonl"
    calls.write_text(f"{damage}\n{calls.read_text()}")
    for _ in range(2):  # a refused one holds neither the folder nor the process
        with pytest.raises(Refused, match=r"calls\.jsonl`: line 1.*to start anew, delete the folder"):
            Embedded(tmp_path)
    Embedded().close()


def test_call_that_is_missing_in_between_is_an_error(tmp_path: Path) -> None:
    with Embedded(tmp_path) as aws:
        for name in "xyz":
            client(aws, "iam").create_user(UserName=name)
    calls = tmp_path / "calls.jsonl"
    first, _, third = calls.read_text().splitlines(keepends=True)
    calls.write_text(first + third)
    with pytest.raises(Refused, match="line 2: call 3 is out of order"):
        Embedded(tmp_path)


def test_state_of_another_moto_is_refused(tmp_path: Path) -> None:
    Embedded(tmp_path).close()
    path = tmp_path / "sandbox.json"
    path.write_text(path.read_text().replace('"moto": "', '"moto": "0.'))
    with pytest.raises(Refused, match=r"sandbox\.json`: it is of account"):
        Embedded(tmp_path)


OPEN = """
import sys, pathlib
from narrowgate.adapters.sandbox.embedded import Embedded
Embedded(pathlib.Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_second_process_is_refused(tmp_path: Path) -> None:
    with Embedded(tmp_path):
        tried = subprocess.run([sys.executable, "-c", OPEN, str(tmp_path)], capture_output=True, text=True, check=False)
    assert tried.returncode != 0
    assert "another process uses it" in tried.stderr
    again = subprocess.run([sys.executable, "-c", OPEN, str(tmp_path)], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
