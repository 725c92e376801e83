"""Quotas: inline where it fits, else managed policies, at most ten, with statements split where they must be."""

from __future__ import annotations

from typing import Any

import pytest
from policy.statements import document

from narrowgate.policy import Document, from_value, size
from narrowgate.policy.comparison import equivalent
from narrowgate.policy.minimisation import Minimised, NotMinimised, minimise
from narrowgate.policy.splitting import INLINE_QUOTA, MANAGED_QUOTA, Holder
from narrowgate.policy.verdict import Proved


def allow(actions: Any, resources: Any, tag: str = "") -> dict[str, Any]:
    made = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**made, "Condition": {"StringEquals": {"aws:PrincipalTag/t": tag}}} if tag else made


def bucket(name: object, length: int = 0) -> str:
    return f"arn:aws:s3:::{name}".ljust(length, "x")


def actions(count: int, length: int = 40) -> list[str]:
    return [f"s3:Get{number}".ljust(length, "x") for number in range(count)]


def of_size(characters: int) -> Document:
    """A document of one statement that AWS counts so many characters of."""
    bare = size(document(allow("s3:GetObject", bucket("b"))).text()) - len(bucket("b"))
    return document(allow("s3:GetObject", bucket("b", characters - bare)))


@pytest.mark.parametrize("holder", ["user", "role", "group"])
def test_inline_where_it_fits_to_the_character(holder: Holder) -> None:
    quota = min(INLINE_QUOTA[holder], MANAGED_QUOTA)
    fits = minimise([of_size(quota)], principal=holder)
    assert isinstance(fits, Minimised)
    assert [size(found.text()) for found in fits.documents] == [quota]
    assert fits.placement == "inline"


@pytest.mark.parametrize("holder", ["user", "group"])
def test_one_character_more_is_managed(holder: Holder) -> None:
    made = minimise([of_size(INLINE_QUOTA[holder] + 1)], principal=holder)
    assert isinstance(made, Minimised)
    assert (made.placement, len(made.documents)) == ("managed", 1)


def test_a_managed_policy_is_filled_to_the_character() -> None:
    made = minimise([of_size(MANAGED_QUOTA)], principal="user")
    assert isinstance(made, Minimised)
    assert [size(found.text()) for found in made.documents] == [MANAGED_QUOTA]


MANY: dict[str, list[dict[str, Any]]] = {
    "many statements": [allow(f"s3:Get{n}", bucket(n, 80), f"tag{n}") for n in range(150)],
    "one statement of many actions": [allow(actions(500), bucket("b"))],
    "one statement of many resources": [allow("s3:GetObject", [bucket(f"{n}-", 60) for n in range(400)])],
    "one statement of many of both": [allow(actions(100), [bucket(f"{n}-", 80) for n in range(120)])],
    "actions of NotResource": [
        {"Effect": "Allow", "Action": actions(400), "NotResource": [bucket(n, 80) for n in range(20)]}
    ],
    "resources of NotAction": [
        {"Effect": "Allow", "NotAction": actions(20), "Resource": [bucket(n, 80) for n in range(200)]}
    ],
    "resources that all hold a variable": [
        allow("s3:GetObject", [bucket(f"{n}-${{aws:username}}", 80) for n in range(200)])
    ],
}


@pytest.mark.parametrize("name", MANY)
def test_splitting(name: str) -> None:
    found = document(*MANY[name])
    made = minimise([found])
    assert isinstance(made, Minimised), made
    assert made.placement == "managed"
    sizes = [size(each.text()) for each in made.documents]
    assert all(each <= MANAGED_QUOTA for each in sizes)
    assert 1 < len(sizes) <= 10
    assert equivalent([found], made.documents) == Proved("open")


@pytest.mark.parametrize("name", MANY)
def test_splitting_again_changes_nothing(name: str) -> None:
    made = minimise([document(*MANY[name])])
    assert isinstance(made, Minimised)
    again = minimise(made.documents)
    assert isinstance(again, Minimised)
    assert [each.text() for each in again.documents] == [each.text() for each in made.documents]


CUT = "a statement that cannot be split is longer than a managed policy, 6144 characters"
CANNOT: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a NotResource that is too long": (
        [{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": [bucket(n, 80) for n in range(150)]}],
        CUT,
    ),
    "a NotAction that is too long": ([{"Effect": "Allow", "NotAction": actions(300), "Resource": "*"}], CUT),
    "resources of which one voids all": (
        [allow("s3:GetObject", [bucket(n, 80) for n in range(150)] + [bucket("${aws:username}")])],
        CUT,
    ),
    "too many actions": (
        [allow(actions(1500), "*")],
        "11 managed policies are needed, and a role can have 10",
    ),
}


@pytest.mark.parametrize("name", CANNOT)
def test_what_cannot_be_split(name: str) -> None:
    found, why = CANNOT[name]
    assert minimise([document(*found)]) == NotMinimised((why,))


def test_what_is_not_minimised() -> None:
    """Only what the comparison can read, in one Version."""
    principal = {**allow("s3:GetObject", bucket("b")), "Principal": "*"}
    resource = from_value({"Version": "2012-10-17", "Statement": [principal]}, "resource")
    assert isinstance(resource, Document)
    assert minimise([resource]) == NotMinimised(
        ("only identity policies are minimised, not a policy of kind resource",)
    )
    odd = {**allow("s3:GetObject", bucket("b")), "Condition": {"StringSame": {"aws:username": "u"}}}
    lenient = from_value({"Version": "2012-10-17", "Statement": [odd]}, "identity", lenient=True)
    assert isinstance(lenient, Document)
    assert minimise([lenient]) == NotMinimised(
        ("statement 0 of the documents has a condition that cannot be evaluated",)
    )


def test_versions() -> None:
    """A `${` is text in old documents: it stays in one, and is refused beside new ones that have variables."""
    plain, mine = allow("s3:GetObject", bucket("b")), allow("s3:PutObject", bucket("${aws:username}"))
    old = from_value({"Statement": [plain, mine]}, "identity")
    assert isinstance(old, Document)
    made = minimise([old])
    assert isinstance(made, Minimised)
    assert [each.version for each in made.documents] == ["2008-10-17"]
    assert isinstance(minimise([old, document(mine)]), NotMinimised)
    neutral = from_value({"Statement": plain}, "identity")
    assert isinstance(neutral, Document)
    both = minimise([neutral, document(mine)])
    assert isinstance(both, Minimised)
    assert [each.version for each in both.documents] == ["2012-10-17"]


def test_nothing_is_nothing() -> None:
    assert minimise([]) == Minimised((), "inline", Proved("open"))


def test_a_universe_of_known_actions_needs_them() -> None:
    with pytest.raises(ValueError, match="needs the list of actions"):
        minimise([], universe="closed")
