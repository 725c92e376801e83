"""The embedded AWS on a loopback port, for other programs."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import botocore.session
import pytest
from adapters.sandbox.support import Client, refusal

from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded
from narrowgate.adapters.sandbox.request import MAX_BODY, MAX_FORM
from narrowgate.adapters.sandbox.server import HEALTH, Server, is_loopback, serve
from narrowgate.errors import Refused

pytestmark = pytest.mark.slow
VERSIONS = ("--launch-template-name", "xyz", "--versions", "1")


@pytest.fixture
def server(aws: Embedded) -> Iterator[Server]:
    """The embedded AWS on a free port."""
    with serve(aws) as running:
        yield running


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    """A connection to it."""
    opened = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    yield opened
    opened.close()


def over(server: Server, service: str, key: tuple[str, str] = ADMIN) -> Client:
    """A botocore client that uses a socket."""
    return botocore.session.Session().create_client(
        service,
        region_name="eu-west-1",
        endpoint_url=server.url,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
    )


def test_clients_work_over_a_socket(server: Server, aws: Embedded) -> None:
    iam, sts = over(server, "iam"), over(server, "sts")
    iam.create_user(UserName="x")
    key = iam.create_access_key(UserName="x")["AccessKey"]
    assert sts.get_caller_identity()["Account"] == aws.account
    user = over(server, "sts", (key["AccessKeyId"], key["SecretAccessKey"]))
    assert user.get_caller_identity()["Arn"].endswith(":user/x")
    assert refusal(over(server, "ec2", ("AKIAUNKNOWNUNKNOWN00", "x")).describe_vpcs) == ("AuthFailure", 401)
    iam.close(), sts.close(), user.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.com", ""])
def test_only_loopback_is_listened_on(aws: Embedded, host: str) -> None:
    with pytest.raises(Refused, match="this machine only"):
        serve(aws, host=host)


def test_port_in_use_is_said_plainly(aws: Embedded, server: Server) -> None:
    with pytest.raises(Refused, match="choose another port"):
        serve(aws, port=int(server.url.rpartition(":")[2]))


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        *((name, True) for name in ("127.0.0.1", "127.9.9.9", "[::1]", "localhost", "b.localhost")),
        *((name, False) for name in ("127.0.0.1.nip.io", "localhost.example.com", "10.0.0.1", "")),
    ],
)
def test_which_names_are_this_machine(name: str, ours: bool) -> None:
    assert is_loopback(name) is ours


@pytest.mark.parametrize(("host", "status"), [("localhost", 200), ("b.localhost:80", 200), ("evil.example", 403)])
def test_other_host_headers_are_refused(connection: http.client.HTTPConnection, host: str, status: int) -> None:
    connection.request("GET", HEALTH, headers={"Host": host})
    response = connection.getresponse()
    response.read()
    assert response.status == status


def test_health_tells_name_account_and_process(connection: http.client.HTTPConnection, aws: Embedded) -> None:
    connection.request("GET", HEALTH)
    told = json.loads(connection.getresponse().read())
    assert told == {"name": "narrowgate sandbox", "account": aws.account, "pid": os.getpid()}
    connection.request("HEAD", HEALTH)
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")


def test_connection_is_kept(connection: http.client.HTTPConnection) -> None:
    used = set()
    for _ in range(3):
        connection.request("POST", "/", body=b"Action=ListUsers&Version=2010-05-08")
        response = connection.getresponse()
        response.read()
        used.add(connection.sock)
        assert (response.status, response.version) == (403, 11)
    assert len(used) == 1


def test_large_body_is_refused_unread(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(MAX_BODY + 1))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413
    assert response.getheader("Connection") == "close"
    response.read()


def test_a_long_form_is_refused_before_it_is_read_as_one(connection: http.client.HTTPConnection) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    statuses = []
    for body in (b"a=&" * (MAX_FORM // 3) + b"a", b"a=&" * (MAX_FORM // 3) + b"aa"):
        connection.request("POST", "/", body=body, headers=form)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    assert statuses == [403, 413]


def test_preflight_of_a_browser_is_not_answered(connection: http.client.HTTPConnection) -> None:
    connection.request("OPTIONS", "/", headers={"Origin": "http://evil.example"})
    response = connection.getresponse()
    response.read()
    assert response.status == 403
    assert response.getheader("Access-Control-Allow-Origin") is None


def test_server_is_quiet_and_its_answers_end_with_it(aws: Embedded, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(aws) as server:
        opened = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        opened.request("GET", HEALTH)
        opened.getresponse().read()
    with pytest.raises(OSError):  # reset or end of file, as the timing falls
        opened.request("GET", HEALTH)
        opened.getresponse()
    opened.close()
    assert capfd.readouterr() == ("", "")


def cli(server: Server, *words: str, key: tuple[str, str] = ADMIN) -> subprocess.CompletedProcess[str]:
    """Run the AWS CLI against the server."""
    env = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": key[0],
        "AWS_SECRET_ACCESS_KEY": key[1],
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    aws = Path(sys.executable).parent / "aws"
    return subprocess.run([str(aws), *words], env=env, capture_output=True, text=True, timeout=60, check=False)


def test_chunked_body_is_refused(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    assert connection.getresponse().status == 411


@pytest.mark.slow
def test_aws_cli_makes_a_user(server: Server, aws: Embedded) -> None:
    made = cli(server, "iam", "create-user", "--user-name", "x")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["User"]["Arn"] == f"arn:aws:iam::{aws.account}:user/x"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ec2", "delete-launch-template-versions", *VERSIONS), "(NotImplemented)"),
        (("iam", "get-service-last-accessed-details", "--job-id", "x" * 36), "(NotImplemented)"),
        (("secretsmanager", "validate-resource-policy", "--resource-policy", "{}"), "(NotImplemented)"),
    ],
)
def test_aws_cli_shows_a_missing_operation(server: Server, words: tuple[str, ...], said: str) -> None:
    refused = cli(server, *words)
    assert refused.returncode != 0
    assert said in refused.stderr


@pytest.mark.slow
def test_aws_cli_shows_a_refused_key(server: Server) -> None:
    assert "(InvalidClientTokenId)" in cli(server, "sts", "get-caller-identity", key=("AKIAX" * 4, "x")).stderr
