"""Comparison where it is easily wrong: the ends of numbers and dates, keys with many values, both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import Final, NamedTuple, TypeAlias

import pytest
from policy.naive import decide
from policy.statements import KNOWN, ME, document

from narrowgate.policy import (
    Document,
    Layers,
    Proved,
    Refuted,
    Request,
    Unknown,
    covers,
    equivalent,
    evaluate,
    from_value,
    intersection,
    request,
)
from narrowgate.policy.actions import ActionList, list_of
from narrowgate.policy.service import Action, ConditionKey, Service
from narrowgate.policy.verdict import Universe

Plain: TypeAlias = dict[str, object]
Side: TypeAlias = Sequence[Document]

KEY: Final = "aws:RequestTag/x"


def allow(action: object, resource: object = "*", **condition: object) -> Plain:
    made: Plain = {"Effect": "Allow", "Action": action, "Resource": resource}
    return made | ({"Condition": condition} if condition else {})


def deny(action: object, resource: object = "*", **condition: object) -> Plain:
    return {**allow(action, resource, **condition), "Effect": "Deny"}


def where(text: str) -> Document:
    """An Allow under one condition on one key: an operator and values."""
    operator, *values = text.split()
    return document(allow("s3:*", **{operator: {KEY: values}}))


def allows(side: Side, asked: Request) -> bool:
    """What `evaluate` says, and the naive judge with it."""
    layers = Layers(identity=tuple(side))
    found = evaluate(asked, layers).outcome
    assert found == decide(asked, layers).outcome
    return found == "allowed"


def with_value(*values: str) -> Request:
    return request(ME, "s3:Any", "*", {KEY: values}, ME.account)


class Probe(NamedTuple):
    """Two conditions on a key, each an operator and values, and by-hand values for which they hold.

    `only_first`: one for which the first holds alone; empty where there is none. Likewise the others.
    """

    first: str
    second: str
    only_first: str
    only_second: str
    both: str


NINES: Final = "9" * 30
TINY: Final = f"0.{'0' * 29}1"
"""The least number above 0 that can be written."""

LAST: Final = "9999-12-31T23:59:59Z"
LATEST: Final = "9" * 19
"""The last instant that can be written, in seconds since 1970; the first is that of the calendar."""

PROBES: Final[Mapping[str, Probe]] = {
    "an instant beyond the calendar and one in it": Probe(
        "DateLessThan 1893456000000",
        "DateGreaterThan 2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00Z",
        "1893456000000",
        "2020-01-01T00:00:01Z",
    ),
    "noon of the first day": Probe(
        "DateGreaterThanEquals 0001-01-01T12:00:00Z",
        "DateLessThan 2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00Z",
        "0001-01-01T11:59:59Z",
        "0001-01-01T12:00:00Z",
    ),
    "nothing is before the first instant": Probe(
        "DateGreaterThanEquals 0001-01-01", "DateLessThan 2020-01-01", "2020-01-01", "", "0001-01-01T00:00:00Z"
    ),
    "the last second of the calendar is not the last": Probe(
        f"DateLessThanEquals {LAST}", "DateGreaterThan 2020-01-01", "0001-01-01", "9999-12-31T23:59:59.000000001Z", LAST
    ),
    "the last fraction of the calendar is not the last": Probe(
        "DateLessThanEquals 9999-12-31T23:59:59.999999999Z",
        "DateGreaterThan 2020-01-01",
        "0001-01-01",
        "253402300800",
        LAST,
    ),
    "nothing is after the last instant": Probe(
        f"DateLessThanEquals {LATEST}", "DateGreaterThan 2020-01-01", "0001-01-01", "", LATEST
    ),
    "the last instant itself": Probe(
        f"DateLessThan {LATEST}", "DateGreaterThan 2020-01-01", "0001-01-01", LATEST, "2020-01-02"
    ),
    "an instant in seconds and in ISO 8601": Probe(
        "DateEquals 1577836800", "DateEquals 2020-01-01T00:00:00Z", "", "", "2020-01-01T01:00:00+01:00"
    ),
    "a date is its midnight": Probe("DateEquals 1577836800", "DateEquals 2020-01-01", "", "", "2020"),
    "a second later": Probe("DateEquals 1577836801", "DateEquals 2020-01-01T00:00:00Z", "1577836801", "1577836800", ""),
    "less than an instant in seconds, and not more than it in ISO 8601": Probe(
        "DateLessThan 1577836800", "DateLessThanEquals 2020-01-01", "", "2020-01-01T00:00:00.0Z", "2019"
    ),
    "a half and a quarter of a second": Probe(
        "DateLessThan 2020-01-01T00:00:00.5Z",
        "DateLessThan 2020-01-01T00:00:00.25Z",
        "2020-01-01T00:00:00.25Z",
        "",
        "2020-01-01",
    ),
    "nothing is between two billionths of a second": Probe(
        "DateLessThanEquals 2020-01-01T00:00:00.000000001Z",
        "DateLessThan 2020-01-01T00:00:00.000000002Z",
        "",
        "",
        "2020-01-01",
    ),
    "the largest whole number is not the largest": Probe(
        f"NumericLessThanEquals {NINES}", "NumericGreaterThan 0", "0", f"{NINES}.5", NINES
    ),
    "nothing is beyond the largest number": Probe(
        f"NumericLessThanEquals {NINES}.{NINES}", "NumericGreaterThan 0", "-1", "", NINES
    ),
    "nothing is below the least number": Probe(
        f"NumericGreaterThanEquals -{NINES}.{NINES}", "NumericLessThan 0", "0", "", f"-{NINES}.5"
    ),
    "nothing is between zero and the least number above": Probe(
        "NumericLessThanEquals 0", f"NumericLessThan {TINY}", "", "", "-0"
    ),
    "1.5 and 1.50": Probe("NumericEquals 1.5", "NumericEquals 1.50", "", "", "+1.500"),
    "less than 1.5, and not more than 1.50": Probe(
        "NumericLessThan 1.5", "NumericLessThanEquals 1.50", "", "1.5", "1.49"
    ),
    "less than -1.5 and less than -1": Probe("NumericLessThan -1.5", "NumericLessThan -1", "", "-1.5", "-1.51"),
    "between two decimals": Probe("NumericLessThan -1.5", "NumericGreaterThan -1.51", "-1.51", "-1.50", "-1.505"),
    "as texts 9 is more than 10": Probe("NumericLessThan 9", "NumericLessThan 10", "", "9", "8.9"),
    "two pieces of a pattern share no character": Probe("StringLike a*b*b", "StringEquals ab abb", "acbb", "ab", "abb"),
    "the ends of a pattern share no character": Probe(
        "StringLike ab*ba", "StringLike ab? ab?a", "abxba", "aba", "abba"
    ),
}


@pytest.mark.parametrize("name", PROBES)
def test_a_probe(name: str) -> None:
    probe = PROBES[name]
    first, second = where(probe.first), where(probe.second)
    _holds_unless(covers((first,), (second,)), (second,), (first,), probe.only_second)
    _holds_unless(covers((second,), (first,)), (first,), (second,), probe.only_first)
    common = intersection((first,), (second,))
    assert isinstance(common, Refuted if probe.both else Proved), common
    for value, holding in ((probe.only_first, (True, False)), (probe.only_second, (False, True)), (probe.both, (1, 1))):
        if value:
            assert (allows((first,), with_value(value)), allows((second,), with_value(value))) == holding, value


def _holds_unless(verdict: object, right: Side, left: Side, witness: str) -> None:
    """Refuted by a request that two judges decide so, where there is a witness; else proved, and no value breaks it."""
    if witness:
        assert isinstance(verdict, Refuted), verdict
        asked = verdict.counterexample.request
        assert allows(right, asked) and not allows(left, asked)
        return
    assert isinstance(verdict, Proved), verdict
    for value in VALUES:
        assert not allows(right, with_value(value)) or allows(left, with_value(value)), value


VALUES: Final = {"x", *(value for probe in PROBES.values() for text in probe for value in text.split()[-2:])}
"""A value that no operator reads, and every one above."""


@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:*", DateLessThan={KEY: "0001-01-01T00:00:00Z"}),
        allow("s3:*", DateGreaterThan={KEY: LATEST}),
        allow("s3:*", NumericGreaterThan={KEY: f"{NINES}.{NINES}"}),
        allow("s3:*", NumericLessThan={KEY: f"-{NINES}.{NINES}"}),
        allow("s3:*", NumericGreaterThan={KEY: "0"}, NumericLessThan={KEY: TINY}),
    ],
)
def test_beyond_the_ends_is_nothing(statement: Plain) -> None:
    assert covers((), (document(statement),)) == Proved("open")


@pytest.mark.parametrize(
    ("less", "rest", "bound"),
    [("NumericLessThan", "NumericGreaterThanEquals", "0"), ("DateLessThan", "DateGreaterThanEquals", "2020")],
)
def test_below_and_above_is_not_everything(less: str, rest: str, bound: str) -> None:
    """A value that is no number, or no date, is neither."""
    verdict = covers((where(f"{less} {bound}"), where(f"{rest} {bound}")), (where("Null false"),))
    assert isinstance(verdict, Refuted)
    assert not any(allows((where(f"{each} {bound}"),), verdict.counterexample.request) for each in (less, rest))


def x_and_not_y(key: str) -> tuple[Document, Document]:
    """Of a key with one value the first allows what the second does; with x and y it denies."""
    x = allow("s3:*", StringEquals={key: "x"})
    return document(x, deny("s3:*", StringEquals={key: "y"})), document(x)


def test_a_key_has_many_values_without_a_qualifier_where_aws_lists_it_so() -> None:
    a, b = x_and_not_y("aws:TagKeys")
    verdict = covers((a,), (b,))
    assert isinstance(verdict, Refuted)
    assert set(verdict.counterexample.request.context["aws:tagkeys"]) == {"x", "y"}
    a, b = x_and_not_y(KEY)
    assert covers((a,), (b,)) == Proved("open")


@pytest.mark.parametrize(("type_", "expected"), [("ArrayOfString", Refuted), ("String", Proved)])
def test_a_key_of_a_service_has_as_many_values_as_the_reference_says(type_: str, expected: type) -> None:
    known = list_of([Service("s3", (Action("s3:GetObject", "Read"),), (ConditionKey("s3:Words", type_),))])
    a, b = x_and_not_y("s3:Words")
    assert isinstance(covers((a,), (b,), universe="closed", actions=known), expected)


# With 26 patterns on the key a value with two letters is not seen: nothing is proved of it.
LETTERS: Final = deny("ec2:*", StringLike={KEY: [f"*{letter}*" for letter in ascii_lowercase]})
UNSEEN: Final = document(LETTERS, allow("s3:*", StringLike={KEY: "*ab*"}, StringLikeIfExists={KEY: "*cd*"}))


S3, LESS, IAM, NOTHING = (document(each) for each in (allow("s3:*"), allow("s3:Get*"), allow("iam:*"), deny("*")))


@pytest.mark.parametrize(
    ("a", "b", "there", "back", "deciding"),
    [
        (S3, S3, Proved, Proved, "back"),
        (S3, LESS, Proved, Refuted, "back"),
        (LESS, S3, Refuted, Proved, "there"),
        (IAM, S3, Refuted, Refuted, "there"),
        (NOTHING, UNSEEN, Unknown, Proved, "there"),
        (UNSEEN, NOTHING, Proved, Unknown, "back"),
        (IAM, UNSEEN, Unknown, Refuted, "back"),
        (UNSEEN, IAM, Refuted, Unknown, "there"),
    ],
)
def test_equivalent_is_what_both_ways_give(a: Document, b: Document, there: type, back: type, deciding: str) -> None:
    """Refuted where one way is; else Unknown where one is."""
    found = {"there": covers((a,), (b,)), "back": covers((b,), (a,))}
    assert [type(each) for each in found.values()] == [there, back]
    assert equivalent((a,), (b,)) == found[deciding]


def test_equivalent_of_two_unknowns_gives_the_reasons_of_the_first() -> None:
    """Each names the statement that has a principal, as one of the first or the second."""
    bucket = from_value({"Statement": {**allow("s3:*"), "Principal": "*"}}, "resource")
    assert isinstance(bucket, Document)
    plain = document(allow("s3:*"))
    there, back = covers((bucket,), (plain,)), covers((plain,), (bucket,))
    assert isinstance(there, Unknown) and isinstance(back, Unknown) and there != back
    assert equivalent((bucket,), (plain,)) == there


@pytest.mark.parametrize("name", ["sts:GetCallerIdentity", "STS:getcalleridentity"])
@pytest.mark.parametrize(("universe", "known"), [("open", None), ("open", KNOWN), ("closed", KNOWN), ("typed", KNOWN)])
def test_what_no_policy_decides_about_is_compared_nowhere(name: str, universe: Universe, known: ActionList) -> None:
    """It is allowed without an Allow and with a Deny."""
    asked = request(ME, name, "*", {}, ME.account)
    denied = document(allow("sts:*"), deny(name))
    assert allows((), asked) and allows((denied,), asked)
    for a, b in (
        ((), (document(allow(name)),)),
        ((denied,), (document(allow("sts:*")),)),
        ((document({"Effect": "Allow", "NotAction": name, "Resource": "*"}),), (document(allow("sts:*")),)),
    ):
        assert covers(a, b, universe=universe, actions=known) == Proved(universe)


def test_a_wildcard_holds_what_no_policy_decides_about_and_more() -> None:
    wild = (document(allow("sts:GetC*")),)
    assert covers((), wild, universe="closed", actions=KNOWN) == Proved("closed")
    assert isinstance(covers((), wild), Refuted)
