"""The action list: bitsets pinned to the definition of a match, and details read only when asked for."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.policy import matches
from narrowgate.policy.actions import ActionList, list_of, positions
from narrowgate.policy.service import (
    Action,
    Columns,
    ConditionKey,
    ResourceType,
    Service,
    arn_patterns,
    columns_of,
    ordered,
)

BUCKET = ResourceType("bucket", ("arn:*:s3:::*",), required=True, type_keys=("aws:ResourceTag/${TagKey}",))
EC2 = Service(
    "ec2",
    (Action("ec2:RunInstances", "Write"), Action("ec2:DescribeVpcs", "List"), Action("ec2:CreateTags", "Tagging")),
    (ConditionKey("ec2:Vpc", "ARN"),),
)
S3 = Service(
    "s3",
    (
        Action("s3:PutBucketPolicy", "Permissions management", (BUCKET,), ("s3:TlsVersion", "aws:TagKeys")),
        Action("s3:GetObject", "Read", keys=("s3:ExistingObjectTag/<key>",)),
    ),
    (
        ConditionKey("s3:ExistingObjectTag/<key>", "String"),
        ConditionKey("s3:x/${a}", "Numeric"),
        ConditionKey("s3:x/${a}/y", "Bool"),
    ),
)
STS = Service("sts", (Action("sts:AssumeRole", "Write"),), (ConditionKey("saml:aud", "String"),))
LIST = list_of([S3, EC2, STS])


def names(actions: ActionList, pattern: str) -> tuple[str, ...]:
    return actions.chosen(actions.select(pattern))


@pytest.mark.parametrize(
    ("pattern", "selected"),
    [
        ("ec2:runinstances", ("ec2:RunInstances",)),
        ("EC2:RunInstances", ("ec2:RunInstances",)),
        ("ec2:*", ("ec2:CreateTags", "ec2:DescribeVpcs", "ec2:RunInstances")),
        ("S3:Get*", ("s3:GetObject",)),
        ("s*", ("s3:GetObject", "s3:PutBucketPolicy", "sts:AssumeRole")),
        ("*:*Role*", ("sts:AssumeRole",)),
        ("s3:??tObject", ("s3:GetObject",)),
        ("s3:GetObject?", ()),
        ("s3:GetObject*", ("s3:GetObject",)),
        ("ec2:Run", ()),
        ("s3:Get.bject", ()),
        ("", ()),
    ],
)
def test_a_pattern_selects_the_names_that_it_matches(pattern: str, selected: tuple[str, ...]) -> None:
    assert names(LIST, pattern) == selected


def test_a_star_selects_everything() -> None:
    assert LIST.select("*") == LIST.select("**") == LIST.everything
    assert LIST.chosen(LIST.everything) == LIST.names


NAMES = st.lists(st.text(alphabet="azA:", min_size=1, max_size=6), min_size=1, max_size=12)


@settings(max_examples=500)
@given(NAMES, st.text(alphabet="azA:*?.(\\", max_size=7))
def test_select_is_its_definition(spelled: list[str], pattern: str) -> None:
    actions = list_of([Service("a", tuple(Action(name, "Read") for name in spelled))])
    expected = [name for name in actions.names if matches(pattern.lower(), name.lower())]
    assert names(actions, pattern) == tuple(expected)


@given(st.integers(min_value=0, max_value=2**70))
def test_positions_are_those_of_the_ones(bits: int) -> None:
    assert sum(1 << position for position in positions(bits)) == bits
    assert list(positions(bits)) == sorted(positions(bits))


@given(NAMES)
def test_two_names_that_differ_in_case_only_are_one(spelled: list[str]) -> None:
    actions = ordered(Action(name, "Read") for name in spelled)
    assert [action.name.lower() for action in actions] == sorted({name.lower() for name in spelled})
    assert actions == ordered(Action(name, "Read") for name in reversed(spelled))


@pytest.mark.parametrize("wrong", [("b:b", "a:a"), ("a:a", "A:A"), ("a:a\nb:b",)])
def test_names_out_of_order_are_no_action_list(wrong: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        ActionList(wrong, lambda: Columns("", (), ""), lambda _: None)


def test_columns_of_another_length_are_refused() -> None:
    actions = ActionList(("a:A",), lambda: Columns("RR", (0, 0), "00"), lambda _: None)
    with pytest.raises(ValueError, match="as long as"):
        _ = actions.columns


def test_names_alone_load_nothing_else() -> None:
    asked: list[str] = []

    def columns() -> Columns:
        asked.append("columns")
        return columns_of(ordered(EC2.actions))

    def service(name: str) -> Service | None:
        asked.append(name)
        return EC2 if name == "ec2" else None

    actions = ActionList(tuple(action.name for action in ordered(EC2.actions)), columns, service)
    assert names(actions, "ec2:*") == actions.names
    assert actions.index["ec2:createtags"] == 0
    assert asked == []
    assert [actions.types_of("EC2:CreateTags"), actions.types_of("ec2:Nothing")] == [(), ()]
    assert asked == ["ec2"]
    assert actions.columns is actions.columns
    assert asked == ["ec2", "columns"]


def test_an_action_is_found_in_any_case() -> None:
    assert LIST.action("S3:putbucketpolicy") == ordered(S3.actions)[1]
    assert LIST.types_of("s3:PutBucketPolicy") == (BUCKET,)
    assert LIST.action("s3:Nothing") is LIST.action("nothing:GetObject") is LIST.action("no-colon") is None


def test_own_keys_are_those_of_the_action_that_are_not_global() -> None:
    row = ResourceType(
        "role", ("arn:*:iam::*:role/*",), required=True, keys=("iam:B", "aws:TagKeys"), type_keys=("z:C",)
    )
    action = Action("iam:PassRole", "Write", (row,), ("iam:A", "AWS:RequestTag/${TagKey}"))
    assert action.own_keys == ("iam:A", "iam:B")


def test_the_columns_follow_the_names() -> None:
    assert LIST.names == (
        "ec2:CreateTags",
        "ec2:DescribeVpcs",
        "ec2:RunInstances",
        "s3:GetObject",
        "s3:PutBucketPolicy",
        "sts:AssumeRole",
    )
    assert LIST.columns == Columns("TLWRPW", (0, 0, 0, 0, 1, 0), "000110")


@pytest.mark.parametrize(
    ("key", "type_"),
    [
        ("EC2:vpc", "ARN"),
        ("s3:existingobjecttag/Team", "String"),
        ("s3:x/1", "Numeric"),
        ("s3:x/1/y", "Bool"),
        ("aws:SourceIp", "IPAddress"),
        ("aws:RequestTag/a/b", "String"),
        ("aws:PrincipalOrgPaths", "ArrayOfString"),
        ("saml:aud", None),
        ("ec2:Nothing", None),
        ("nothing", None),
    ],
)
def test_the_type_of_a_key(key: str, type_: str | None) -> None:
    assert LIST.key_type(key) == type_


def test_keys_under_a_prefix_that_is_no_service_are_looked_up_where_they_are_defined() -> None:
    listed = ordered(STS.actions)
    services = {"sts": STS}
    actions = ActionList(("sts:AssumeRole",), lambda: columns_of(listed, ("sts",)), services.get)
    assert actions.key_type("SAML:aud") == "String"


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("arn:${Partition}:s3:::${BucketName}/${KeyName}", ("arn:*:s3:::*/*",)),
        (
            "arn:${Partition}:x:${Region}::/a/${A}, arn:${Partition}:x:${Region}::/b",
            ("arn:*:x:*::/a/*", "arn:*:x:*::/b"),
        ),
        ("arn:${Partition}:x:::${A}${B}*", ("arn:*:x:::*",)),
    ],
)
def test_what_the_reference_leaves_open_is_a_star(text: str, patterns: tuple[str, ...]) -> None:
    assert arn_patterns(text) == patterns


def test_hostile_patterns_take_no_longer_than_their_length() -> None:
    long = "s3:" + "a" * 80
    actions = list_of([Service("s3", (Action(long, "Read"),))])
    start = perf_counter()
    for pattern in ("s3:" + "*a" * 60 + "*b", "*" * 100_000, "?*" * 50_000, "s3:" + "*a" * 100_000, "x" * 1_000_000):
        actions.select(pattern)
    assert perf_counter() - start < 2
