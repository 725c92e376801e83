"""The walk of the identity verbs: every call that their source can make is met, in every phase that needs it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.identity_spec import ACCOUNT, SINKS, identity_spec

from narrowgate.adapters.sink_calls import sink_calls
from narrowgate.calls import Call, Fields, call
from narrowgate.catalogue.authorization import is_reserved
from narrowgate.happening import Happening
from narrowgate.identities import installation_of
from narrowgate.identity_calls import Anything, identity_happenings
from narrowgate.spec import Spec

SOURCE = Path(__file__).parents[1] / "src" / "narrowgate"
VERBS = ("assembly", "keeping", "planning", "rotate", "setup", "site", "status", "teardown")
# What the installer makes is not the identity verbs'.
INFRASTRUCTURE = frozenset(
    {"auto_scaling_group", "ec2_drafts", "elastic_ip", "internet_gateway", "key_pair", "launch_template"}
    | {"placement_group", "route_table", "security_group", "security_rule", "subnet", "subnet_cidr_reservation", "vpc"}
)
FILES = (
    *sorted(each for each in (SOURCE / "kinds").glob("*.py") if each.stem not in INFRASTRUCTURE),
    *(SOURCE / "verbs" / f"{name}.py" for name in VERBS),
    SOURCE / "adapters" / "sinks" / "secretsmanager.py",
    SOURCE / "adapters" / "sinks" / "ssm.py",
)
EVERYTHING = identity_spec(permissions_boundary="Bound", path="/team/", tags={"Team": "x"})


def walked(spec: Spec = EVERYTHING) -> tuple[Happening, ...]:
    return identity_happenings(spec, installation_of(spec, ACCOUNT), sink_calls(spec))


def phases(spec: Spec = EVERYTHING) -> dict[str, set[str]]:
    """The phases of each operation."""
    found: dict[str, set[str]] = {}
    for happening in walked(spec):
        found.setdefault(happening.call.name, set()).add(happening.phase)
    return found


def spelled(node: ast.expr) -> str | None:
    """A text of the source as a regular expression; what is filled in is any word."""
    match node:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.JoinedStr(values):
            return "".join(re.escape(str(v.value)) if isinstance(v, ast.Constant) else r"\w+" for v in values)
    return None


def operations(tree: ast.Module) -> Iterator[str]:
    """Each `call("service", "Operation")` of the source."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "call":
            service, operation = (spelled(argument) for argument in node.args[:2])
            # The drafts of what others attached have their operations in a table.
            yield f"{service}:{operation or '.*'}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Extra":
            yield f"iam:{spelled(node.args[1])}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_call_in_the_source_of_the_verbs_is_met(file: Path) -> None:
    met = set(phases())
    wanted = set(operations(ast.parse(file.read_text())))
    lacking = {
        w for w in wanted if not w.startswith(("sink:", "journal:")) and not any(re.fullmatch(w, m) for m in met)
    }
    assert lacking == set()


def test_the_phases_of_a_call_are_those_of_the_verbs_that_make_it() -> None:
    found = phases()
    assert found["iam:GetUser"] == {"preflight", "setup", "rotate", "shrink", "teardown"}
    assert found["iam:CreateUser"] == {"setup"}
    assert found["iam:CreateAccessKey"] == {"setup", "rotate"}
    assert found["iam:UpdateAccessKey"] == {"rotate"}
    # A key whose secret was lost goes in a setup, too.
    assert found["iam:DeleteAccessKey"] == {"setup", "rotate", "teardown"}
    assert found["iam:CreatePolicyVersion"] == {"setup", "shrink"}
    assert found["iam:DeletePolicyVersion"] == {"setup", "shrink", "teardown"}
    assert found["iam:DeleteUser"] == found["iam:DeactivateMFADevice"] == {"teardown"}
    assert found["secretsmanager:PutSecretValue"] == {"setup", "rotate", "teardown"}
    assert found["secretsmanager:GetSecretValue"] >= {"preflight", "teardown"}


def test_the_life_goes_from_the_first_look_to_teardown() -> None:
    order = list(dict.fromkeys(h.phase for h in walked()))
    assert order == ["preflight", "setup", "rotate", "shrink", "teardown"]


def test_each_is_a_call_of_the_administrator_to_aws_once() -> None:
    found = walked()
    assert len(set(found)) == len(found)
    assert {h.principal for h in found} == {"admin"}
    assert {h.region for h in found} == {"eu-west-1"}
    assert {h.call.service for h in found} == {"iam", "sts", "secretsmanager", "ssm"}


def test_only_what_is_found_is_not_known() -> None:
    """What `teardown --force` takes off has a name of somebody else's; ours are all written out."""
    named = {
        h.call.name
        for h in walked()
        for value in h.call.params.values()
        if isinstance(value, str) and is_reserved(value)
    }
    assert named == {
        "iam:DeactivateMFADevice",
        "iam:DeleteRolePolicy",
        "iam:DeleteSSHPublicKey",
        "iam:DeleteSigningCertificate",
        "iam:DeleteUserPolicy",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:RemoveRoleFromInstanceProfile",
        "iam:RemoveUserFromGroup",
    }


def test_teardown_takes_our_policies_off_our_identities() -> None:
    policy = f"arn:aws:iam::{ACCOUNT}:policy/team/"
    taken = {h.call for h in walked() if h.phase == "teardown" and h.address.startswith("iam_policy_attachment.")}
    assert call("iam", "DetachUserPolicy", UserName="Ann", PolicyArn=f"{policy}AnnPolicy") in taken
    assert call("iam", "DetachRolePolicy", RoleName="Node", PolicyArn=f"{policy}NodePolicy") in taken


def test_without_options_their_calls_are_missing() -> None:
    found = phases(identity_spec(credentials=SINKS[:1]))
    assert not [name for name in found if name.startswith(("secretsmanager:", "ssm:"))]
    assert "iam:PutUserPermissionsBoundary" not in found


def test_a_key_is_copied_from_any_sink_that_has_it() -> None:
    rotated = {
        (h.call.name, h.call.params.get("SecretId") or h.call.params.get("Name"))
        for h in walked()
        if h.phase == "rotate"
    }
    assert ("secretsmanager:PutSecretValue", "demo/installer") in rotated
    assert ("ssm:PutParameter", "/demo/installer") in rotated


def test_anything_has_every_member_and_says_what_it_was_given() -> None:
    found = Anything({"Path": "/x/", "Tags": (), "Versions": (Fields(VersionId="v1"),)})
    assert found
    assert (found.text("Path"), found["Path"], found.get("Path")) == ("/x/", "/x/", "/x/")
    assert is_reserved(found.text("UserName")) and is_reserved(found.group("User").text("UserName"))
    assert found.items_of("Tags") == ()
    assert [v.text("VersionId") for v in found.items_of("Versions")] == ["v1"]
    assert len(found.items_of("Groups")) == 1
    assert found.texts("PolicyNames") == (found.text("PolicyNames"),)


def test_a_sink_in_aws_tells_its_calls_and_one_in_a_file_none() -> None:
    inside = sink_calls(EVERYTHING)
    assert inside(call("sink", "HoldsKeys", Sink="credentials.0")) == ()
    assert [c.name for c in inside(call("sink", "ForgetKey", Sink="credentials.1"))] == [
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
    ]
    stored = [c.name for c in inside(call("sink", "StoreKey", Sink="credentials.1"))]
    assert stored[:1] == ["secretsmanager:DescribeSecret"], "a place is probed before a key is made for it"
    assert stored[-2:] == ["secretsmanager:PutSecretValue", "secretsmanager:GetSecretValue"]
    with pytest.raises(ValueError, match="sink:Burn"):
        inside(Call("sink", "Burn", Fields(Sink="credentials.1")))
