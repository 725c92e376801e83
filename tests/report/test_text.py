"""Plans, findings and sizes as lines, against the texts that a person should read."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from kinds.setting import SAMPLES, installation

from narrowgate.calls import Fields
from narrowgate.finding import Finding
from narrowgate.plan import Plan, Refusal, plan, plan_of, removal
from narrowgate.report import text
from narrowgate.report.text import Line, Size
from narrowgate.resource import INSTALLATION

RESOURCES = tuple(
    SAMPLES[k](installation()) for k in ("iam_role", "iam_instance_profile", "iam_user", "iam_access_key")
)
NAMES = {r.address: r.name for r in RESOURCES}
TAGS = {INSTALLATION: "abc", "narrowgate:address": "iam_user.installer", "Team": "x"}

CREATION = """\
  + iam_role.node             Node
      iam:CreateRole               trusted by ec2.amazonaws.com only
  + iam_instance_profile.node Nodes
      iam:CreateInstanceProfile    its name goes to the installer
      iam:AddRoleToInstanceProfile the nodes get the role
  + iam_user.installer        Ann
      iam:CreateUser               programmatic access only: no console password
  + iam_access_key.installer  access key of Ann
      iam:CreateAccessKey          the secret is shown once, and goes to the sinks only
      sink:StoreKey                into csv
      sink:StoreKey                into env
7 steps, in 4 rounds: 5 to create, 2 to store"""

CHANGE = """\
  ~ iam_user.installer Ann
      iam:UpdateUser                 its path is /, wanted is /team/
      iam:PutUserPermissionsBoundary its boundary is none
2 steps, in 2 rounds: 2 to change"""

REMOVAL = """\
  - iam_user.installer Ann
      iam:RemoveUserFromGroup membership in group admins of `Ann`
      iam:DeleteLoginProfile  console password of `Ann`
      iam:DeleteUser          the restricted user
3 steps, in 3 rounds: 3 to delete"""


def shown(lines: Iterable[Line]) -> str:
    return "\n".join(line.text for line in lines)


def whole(made: Plan) -> str:
    return shown([*text.steps(made), text.summary(made)])


def test_a_plan_that_makes_everything() -> None:
    assert whole(plan(RESOURCES, {}, "abc")) == CREATION


def test_a_plan_that_changes() -> None:
    assert whole(plan(RESOURCES[2:3], {"iam_user.installer": Fields(Path="/", Tags=TAGS)}, "abc")) == CHANGE


def test_a_plan_that_removes_says_what_others_attached() -> None:
    seen = {"iam_user.installer": Fields(Path="/team/", Tags=TAGS, Groups=["admins"], LoginProfiles=[""])}
    made = removal(RESOURCES, seen, "abc")
    assert whole(made) == REMOVAL
    assert [line.tone for line in text.steps(made)] == ["bad", "faint", "faint", "faint"]


def test_an_empty_plan() -> None:
    assert whole(Plan()) == "nothing to do: the account is as the spec says"


def test_nothing_to_do_is_not_praised_above_findings() -> None:
    assert text.as_wanted((), "no drift") == Line("no drift: the account is as the spec says", "good")
    found = text.as_wanted([Finding("a", "high", "s", "e", "f")], "no drift")
    assert (found.text, found.tone) == ("the objects are as the spec says; see the findings", "plain")


@pytest.mark.parametrize(("words", "width"), [((), 0), (("a", "abc"), 3), (("x" * 99, "y"), text.WIDEST)])
def test_a_column_is_as_wide_as_its_longest_word(words: tuple[str, ...], width: int) -> None:
    assert text.column(words) == width


def test_refusals() -> None:
    assert shown(text.refusals([Refusal("iam_user.installer", "it is not ours")])) == (
        "  ! iam_user.installer it is not ours"
    )


def test_sizes() -> None:
    sizes = [Size("Installing", "profile x", 12, 4321, 6144), Size("Noding", "a.json", 1, 10, 6144)]
    assert shown(text.sizes(sizes)) == (
        "  Installing 4,321 of 6,144 characters, 12 statements, from profile x\n"
        "  Noding     10 of 6,144 characters, 1 statement, from a.json"
    )


def test_findings_come_with_the_grave_ones_first() -> None:
    found = [
        Finding("a", "note", "s", "e1", "f1"),
        Finding("b", "high", "s", "e2", "f2"),
        Finding("c", "low", "t", "e3", "f3"),
    ]
    lines = list(text.findings(found))
    assert shown(lines) == (
        "  high    b: s: e2\n          f2\n  low     c: t: e3\n          f3\n  note    a: s: e1\n          f1"
    )
    assert [line.tone for line in lines] == ["bad", "faint", "change", "faint", "change", "faint"]


def test_options_without_a_place_are_told_by_reason() -> None:
    items = [
        ("tags", "b.x", "no tags"),
        ("path", "a.x", "no path"),
        ("tags", "a.x", "no tags"),
        ("tags", "c.x", "other"),
    ]
    assert shown(text.unsupported(items)) == (
        "  path not on a.x: no path\n  tags not on b.x, a.x: no tags\n  tags not on c.x: other"
    )


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("start", "  ... iam:CreateUser                     iam_user.installer"),
        ("done", "  ok  iam:CreateUser                     iam_user.installer"),
        ("fail", "  err iam:CreateUser                     iam_user.installer"),
        ("wait", "  not visible yet, waiting: iam:CreateUser                     iam_user.installer"),
    ],
)
def test_a_step_as_it_happens(event: str, says: str) -> None:
    (step,) = plan_of("iam_user.installer", RESOURCES[2].create).steps
    assert text.step_news(step, event).text == says


def test_counting() -> None:
    assert [text.count_of(n, "call") for n in (0, 1, 2)] == ["0 calls", "1 call", "2 calls"]
