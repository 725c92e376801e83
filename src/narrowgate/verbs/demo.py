"""`narrowgate demo`: the whole story with the real commands, on an embedded AWS made for it.

Every command is run as its own process, as a person would; ambient AWS settings are not passed on. A command
that ends otherwise than the story says stops the demo.
"""

from __future__ import annotations

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from narrowgate.adapters.aws import Endpoint, Identity, connect
from narrowgate.adapters.target import SANDBOX_FOLDER
from narrowgate.calls import Call, World, call
from narrowgate.errors import AwsError, NotPermitted
from narrowgate.secret import Secret
from narrowgate.verbs.sandbox import Wanted, serving, variables

REGION = "eu-west-1"
DELAY = 0.02
USER, ROLE = "Provazio", "IguazioDataScienceNode"

_VPC: Final = {"CidrBlock": "10.0.0.0/16", "DryRun": True}
_OURS: Final = ({"ResourceType": "vpc", "Tags": ({"Key": "narrowgate:installation", "Value": "demo"},)},)
_ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"
TRIED: Final = (
    ("to look", call("ec2", "DescribeVpcs"), "done"),
    ("with our tag", call("ec2", "CreateVpc", **_VPC, TagSpecifications=_OURS), "DryRunOperation"),
    ("without our tag", call("ec2", "CreateVpc", **_VPC), "UnauthorizedOperation"),
    ("to make a user", call("iam", "CreateUser", UserName="somebody"), "AccessDenied"),
    ("to rise", call("iam", "AttachUserPolicy", UserName=USER, PolicyArn=_ADMINISTRATOR), "AccessDenied"),
)
"""What the user tries in the demo, and AWS's answer to it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story is played: the folder, the environment of its commands, an administrator, who is told."""

    folder: Path
    environ: Mapping[str, str]
    admin: World
    url: str
    tell: Callable[[str], None]

    def run(self, words: str, *, expect: int = 0) -> str:
        """Run a narrowgate command; its output is shown. Raises AwsError when it ends otherwise than expected."""
        self.tell(f"\n$ narrowgate {words}")
        done = subprocess.run(
            [sys.executable, "-m", "narrowgate", *shlex.split(words)],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.tell(done.stdout.rstrip())
        if done.returncode != expect:
            raise AwsError(
                f"the demo failed: `narrowgate {words}` ended with {done.returncode}, not {expect}", code="Demo"
            )
        return done.stdout

    def check(self, what: str, holds: bool) -> None:
        """Tell what was checked. Raises AwsError when it does not hold."""
        if not holds:
            raise AwsError(f"the demo failed: {what}: this does not hold", code="Demo")
        self.tell(f"  checked: {what}")


def demo(tell: Callable[[str], None]) -> None:
    """Play the story. Raises AwsError where something is not as it should be."""
    with TemporaryDirectory(prefix="narrowgate-demo-") as name:
        folder = Path(name)
        state = folder / ".narrowgate" / SANDBOX_FOLDER
        with serving(state, Wanted(delay=DELAY), tell) as sandbox:
            url = sandbox.served.url
            given = variables(url, REGION)
            admin = Identity(given["AWS_ACCESS_KEY_ID"], Secret(given["AWS_SECRET_ACCESS_KEY"]))
            world = connect(admin, Endpoint(REGION, url))
            stage = Stage(folder, _environment(folder), world, url, tell)
            tell(f"the embedded AWS runs at {url}; every call takes {DELAY * 1000:.0f} ms longer, as if it were away")
            tell("it refuses what no policy allows; the commands work as an administrator with the rights they need")
            for chapter in (_first_setup, _proofs, _crash, _use, _limits, _drift, _rotation, _shrinking, _end):
                chapter(stage)
    tell("\nthe demo is over: everything it made is gone")


def _environment(folder: Path) -> dict[str, str]:
    """The environment without anything of the person's AWS settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BOTO"))}
    return {**kept, "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1"}


def _first_setup(stage: Stage) -> None:
    stage.tell("\n== 1. the vendor's guide as one spec, looked at before anything is touched")
    stage.run(f"init --system demo --region {REGION}")
    stage.run("plan --sandbox -o approved.json")


def _proofs(stage: Stage) -> None:
    stage.tell("\n== 2. proved before anything runs: the policies suffice, nothing is spare, and what stays wide")
    stage.run("prove")


def _crash(stage: Stage) -> None:
    stage.tell("\n== 3. done; although the first try is killed with SIGKILL in the middle")
    stage.tell("\n$ narrowgate setup --sandbox --yes      (killed after its third call)")
    command = [sys.executable, "-m", "narrowgate", "setup", "--sandbox", "--yes"]
    with subprocess.Popen(
        command, cwd=stage.folder, env=stage.environ, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        for _ in range(3):
            stage.tell(process.stderr.readline().rstrip())
        process.send_signal(signal.SIGKILL)
    stage.tell("  killed")
    stage.run("setup --sandbox --yes")
    again = stage.run("setup --sandbox --yes")
    stage.check("a second setup has nothing to do", "nothing to do" in again)
    keys = stage.admin(call("iam", "ListAccessKeys", UserName=USER))
    stage.check(
        "the user has exactly one access key", keys is not None and len(keys.items_of("AccessKeyMetadata")) == 1
    )


def _use(stage: Stage) -> None:
    stage.tell("\n== 4. what AWS says, asked by a plain client with the key from credentials.csv")
    caller = _installer(stage)(call("sts", "GetCallerIdentity"))
    stage.tell(f"  sts get-caller-identity: {caller.text('Arn') if caller else 'nobody'}")
    stage.check("it is the restricted user", caller is not None and caller.text("Arn").endswith(f":user/{USER}"))
    role = stage.admin(call("iam", "GetRole", RoleName=ROLE))
    trust = role.group("Role").group("AssumeRolePolicyDocument") if role else None
    principals = [s.group("Principal").text("Service") for s in trust.items_of("Statement")] if trust else []
    stage.check("the node role trusts ec2.amazonaws.com only", principals == ["ec2.amazonaws.com"])
    stage.run("status --sandbox")


def _installer(stage: Stage) -> World:
    with (stage.folder / "credentials.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file))
    who = Identity(row["Access key ID"], Secret(row["Secret access key"]))
    return connect(who, Endpoint(REGION, stage.url))


def _limits(stage: Stage) -> None:
    stage.tell("\n== 5. what the restricted user may do, and what not, shown by trying")
    installer = _installer(stage)
    for what, asked, expected in TRIED:
        answered = _answer(installer, asked)
        stage.tell(f"  {asked.name}, {what}: {answered}")
        stage.check(f"AWS's answer is {expected}", answered == expected)


def _answer(world: World, asked: Call) -> str:
    """`done`, or the code of AWS's error."""
    try:
        world(asked)
    except AwsError as error:
        return error.code
    except NotPermitted as error:
        return error.code
    return "done"


def _drift(stage: Stage) -> None:
    stage.tell("\n== 6. somebody opens the role's trust and gives the user a console password; drift shows both")
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    stage.admin(call("iam", "UpdateAssumeRolePolicy", RoleName=ROLE, PolicyDocument=document))
    stage.admin(call("iam", "CreateLoginProfile", UserName=USER, Password=Secret("not-a-real-password-1")))
    stage.run("drift --sandbox", expect=10)
    stage.run("setup --sandbox --yes")
    stage.tell(f"\n$ aws iam delete-login-profile --user-name {USER}")
    stage.admin(call("iam", "DeleteLoginProfile", UserName=USER))
    stage.run("drift --sandbox")


def _rotation(stage: Stage) -> None:
    stage.tell("\n== 7. a new key without an outage (the waiting times are set to zero for the demo)")
    before = (stage.folder / "credentials.csv").read_text(encoding="utf-8-sig")
    stage.run("rotate --sandbox --yes --quiet 0s --grace 0s")
    stage.check("the csv holds another key", before != (stage.folder / "credentials.csv").read_text("utf-8-sig"))
    caller = _installer(stage)(call("sts", "GetCallerIdentity"))
    stage.check("the new key is the user's", caller is not None and caller.text("Arn").endswith(f":user/{USER}"))


def _shrinking(stage: Stage) -> None:
    stage.tell("\n== 8. after an installation the user needs less")
    stage.run("shrink --sandbox --yes")
    made = _answer(_installer(stage), call("ec2", "CreateVpc", **_VPC, TagSpecifications=_OURS))
    stage.check("the user may make no network any more", made == "UnauthorizedOperation")


def _end(stage: Stage) -> None:
    stage.tell("\n== 9. undone, and counted")
    stage.run("teardown --sandbox --yes")
    left = {
        "users": stage.admin(call("iam", "ListUsers")),
        "roles": stage.admin(call("iam", "ListRoles")),
        "instance profiles": stage.admin(call("iam", "ListInstanceProfiles")),
        "policies": stage.admin(call("iam", "ListPolicies", Scope="Local")),
    }
    members = {"users": "Users", "roles": "Roles", "instance profiles": "InstanceProfiles", "policies": "Policies"}
    counts = {what: len(reply.items_of(members[what])) if reply else 0 for what, reply in left.items()}
    stage.tell(f"  left in the account: {', '.join(f'{count} {what}' for what, count in counts.items())}")
    stage.check("nothing is left", not any(counts.values()))
    stage.check("no credentials are left beside the spec", not (stage.folder / "credentials.csv").exists())
