"""The limits of the engine: where one is reached nothing is proved, and no decision changes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import product
from string import ascii_lowercase
from typing import Final, TypeAlias

import pytest
from policy.statements import ME, document

from narrowgate.policy import (
    Document,
    Evaluator,
    Layers,
    Proved,
    Refuted,
    Request,
    Requester,
    Unknown,
    Verdict,
    covers,
    evaluate,
    grants,
    request,
)

Plain: TypeAlias = dict[str, object]

KEY: Final = "aws:RequestTag/x"
MANY: Final = tuple(f"*{one}*" for one in (*ascii_lowercase[2:], *(2 * letter for letter in ascii_lowercase[2:18])))
"""40 patterns that cannot all be told apart; the text `ab` is in none of them."""

A_AND_B: Final = {"StringLike": {KEY: "*a*"}, "StringLikeIfExists": {KEY: "*b*"}, "Null": {KEY: "false"}}
"""Values with both letters: none of those that come to mind where patterns are too many."""


def allow(action: object, resource: object = "*", **condition: object) -> Plain:
    made: Plain = {"Effect": "Allow", "Action": action, "Resource": resource}
    return made | ({"Condition": condition} if condition else {})


def deny(action: object, resource: object = "*", **condition: object) -> Plain:
    return {**allow(action, resource, **condition), "Effect": "Deny"}


NOTHING: Final = deny("*")


def all_but(action: object) -> Plain:
    return {"Effect": "Allow", "NotAction": action, "Resource": "*"}


def allows(side: Sequence[Document], action: str, resource: str = "*", **context: str) -> bool:
    asked = request(ME, action, resource, context, ME.account)
    return evaluate(asked, Layers(identity=tuple(side))).outcome == "allowed"


def why(verdict: Verdict) -> str:
    """The reasons, of a verdict that must be Unknown."""
    assert isinstance(verdict, Unknown), verdict
    return "; ".join(verdict.why)


# Each b allows `ab` and its a does not; with 40 other patterns on the key no search sees it.
UNSEEN_VALUES: Final[Mapping[str, tuple[list[Plain], list[Plain]]]] = {
    "a Deny of the left": (
        [allow("s3:*"), deny("s3:*", **A_AND_B), deny("ec2:*", StringLike={KEY: MANY})],
        [allow("s3:*")],
    ),
    "an Allow of the right": ([NOTHING], [allow("s3:*", **A_AND_B), deny("s3:*", StringLike={KEY: MANY})]),
    "a negated operator": ([NOTHING], [allow("s3:*", StringNotLike={KEY: MANY}, **A_AND_B)]),
}


@pytest.mark.parametrize("name", UNSEEN_VALUES)
def test_patterns_of_a_key_that_are_too_many_prove_nothing(name: str) -> None:
    a, b = (document(*each) for each in UNSEEN_VALUES[name])
    told = {"aws:RequestTag/x": "ab"}
    assert allows((b,), "s3:Any", **told) and not allows((a,), "s3:Any", **told)
    assert why(covers((a,), (b,))) == "the patterns of a key are too many to tell apart"


def test_values_in_too_many_combinations_prove_nothing() -> None:
    """A request with the values v0 and v1 tells; 14 listed values have too many sets."""
    anywhere = [allow(f"ec2:{n}", **{"ForAnyValue:StringEquals": {"aws:TagKeys": f"v{n}"}}) for n in range(14)]
    both = {"ForAnyValue:StringEquals": {"aws:TagKeys": "v0"}, "ForAnyValue:StringLike": {"aws:TagKeys": "v1"}}
    verdict = covers((document(*anywhere),), (document(allow("s3:*", **both)),))
    assert why(verdict) == "`aws:tagkeys` can have too many combinations of values"


@pytest.mark.parametrize(
    "number, reason",
    [
        (5, "a request that may tell depends on the values of policy variables"),
        (6, "a key is compared with too many variables"),
    ],
)
def test_variables_of_a_key_that_are_too_many_prove_nothing(number: int, reason: str) -> None:
    """Somebody of the name bob tells; that this can be is a guess, and of six variables none is made."""
    others = [deny("ec2:*", StringEquals={KEY: f"${{aws:PrincipalTag/{n}}}"}) for n in range(number - 1)]
    b = document(allow("s3:*", StringEquals={KEY: "${aws:username}"}, StringEqualsIfExists={KEY: "bob"}))
    told = {"aws:RequestTag/x": "bob", "aws:username": "bob"}
    assert allows((b,), "s3:Any", **told)
    assert why(covers((document(*others),), (b,))) == reason


def statements(letter: str, number: int) -> Document:
    return document(*(allow("s3:*", f"arn:aws:s3:::{letter}{n}/*") for n in range(number)))


def test_statements_that_are_too_many_are_not_compared() -> None:
    """A thousand beside a thousand; with ceilings a hundred times a hundred ways to allow."""
    few, many = statements("a", 100), statements("a", 1_000)
    under = grants(few, ceilings=[[few]])
    for a, b in (((many,), (many,)), ((), under)):
        assert why(covers(a, b)) == "there are too many statements to compare them all"
    assert isinstance(covers((few,), (few,)), Proved)
    assert isinstance(covers((), grants(few, ceilings=[[document(allow("*"))]])), Refuted)


def parities(seed: int, number: int) -> tuple[dict[str, str], list[Plain]]:
    """Denies that leave one of the ways in which keys can be present, or few; and one that is left.

    Each four say whether an even number of three keys are there: a search has to guess and to go back.
    """
    rng = random.Random(seed)
    present = [rng.random() < 0.5 for _ in range(number)]
    made = []
    for _ in range(number):
        chosen = rng.sample(range(number), 3)
        odd = sum(present[n] for n in chosen) % 2
        for given in product((False, True), repeat=3):
            if sum(given) % 2 != odd:
                absent = {f"aws:RequestTag/{n}": str(not here).lower() for n, here in zip(chosen, given, strict=True)}
                made.append(deny("s3:*", Null=absent))
    return {f"aws:RequestTag/{n}": "x" for n, here in enumerate(present) if here}, made


def test_a_search_that_was_given_up_proves_nothing() -> None:
    told, denies = parities(0, 240)
    b = document(allow("s3:*"), *denies)
    assert allows((b,), "s3:Any", **told)
    assert why(covers((), (b,))) == "the conditions and resources leave too many cases"


def test_a_search_that_is_short_ends_in_an_answer() -> None:
    assert isinstance(covers((), (document(allow("s3:*"), *parities(0, 20)[1]),)), Refuted)


def test_resources_that_are_too_many_prove_nothing() -> None:
    """Of a thousand and one patterns beside as many no search is made."""
    for number, expected in ((900, Refuted), (1_001, Unknown)):
        a = document(allow("s3:*", [f"arn:aws:s3:::n{n}/*" for n in range(number)]))
        b = document(allow("s3:*", [f"arn:aws:s3:::m{n}/*" for n in range(number)]))
        told = "arn:aws:s3:::m1/x"
        assert allows((b,), "s3:Any", told) and not allows((a,), "s3:Any", told)
        assert type(verdict := covers((a,), (b,))) is expected
    assert why(verdict) == "the patterns of the resources leave too many cases"


def test_resources_whose_search_takes_too_many_steps_prove_nothing() -> None:
    a = document(allow("s3:*"), deny("s3:*", [f"arn:aws:s3:::*{n}x" for n in range(999)]))
    b = document(allow("s3:*", [f"arn:aws:s3:::{n}y*" for n in range(999)]))
    told = "arn:aws:s3:::1y0x"
    assert allows((b,), "s3:Any", told) and not allows((a,), "s3:Any", told)
    assert why(covers((a,), (b,))) == "the patterns of the resources leave too many cases"


WITH: Final = tuple(f"s3:*{letter}*" for letter in ascii_lowercase[1:])
"""25 patterns of names with a letter, all but `a`: too many for one name of each combination."""

# What tells are names with two letters, and the least of a pattern has one.
UNSEEN_NAMES: Final[Mapping[str, tuple[Document, Document, str]]] = {
    "a Deny of the left": (document(allow("s3:*"), deny("s3:*a*")), document(allow(WITH)), "s3:ab"),
    "NotAction of the left": (document(all_but("s3:*a*")), document(allow(WITH)), "s3:ab"),
    "NotAction of the right": (
        document(NOTHING),
        document(allow("s3:*"), *({**all_but(f"s3:*{one}*"), "Effect": "Deny"} for one in "ab"), deny(WITH[1:])),
        "s3:ab",
    ),
}


@pytest.mark.parametrize("name", UNSEEN_NAMES)
def test_action_patterns_that_are_too_many_prove_nothing(name: str) -> None:
    a, b, told = UNSEEN_NAMES[name]
    assert allows((b,), told) and not allows((a,), told)
    assert why(covers((a,), (b,))) == "the action patterns of `s3` are too many to tell apart"


def test_action_patterns_that_are_too_many_under_a_ceiling_prove_nothing() -> None:
    under = grants(document(allow(WITH)), ceilings=[[document(allow("s3:*a*"))]])
    assert why(covers((), under)) == "the action patterns of `s3` are too many to tell apart"


def test_of_more_than_five_hundred_action_patterns_nothing_is_proved() -> None:
    for number, expected in ((500, Refuted), (501, Unknown)):
        b = document(*(allow(f"s3:N{n}x*") for n in range(number)))
        assert type(covers((), (b,))) is expected


# All letters and digits are named, so that a character that no pattern names is none of an action.
EACH: Final = {one: f"s3:*{one}*" for one in ascii_lowercase + "0123456789"}
NAMED: Final = f"s3:*{''.join(EACH)}"


def test_allows_alone_are_told_apart_by_the_least_name_of_each_pattern() -> None:
    every = document(allow(WITH))
    assert isinstance(covers((every,), (document(*map(allow, WITH)),)), Proved)
    assert isinstance(covers((every,), (document(allow("s3:*bc*")),)), Proved)
    without_b = document(allow([text for text in EACH.values() if text != EACH["b"]]))
    assert isinstance(covers((document(allow(WITH[1:])),), (every,)), Refuted)
    assert isinstance(covers((without_b,), (document(allow("s3:?b*")),)), Refuted)


def test_names_differ_in_more_than_case() -> None:
    """`s3:X` is `s3:x`, which both allow; it does not stand for `s3:c`, which only the second does."""
    a, b = document(allow(["s3:x*", "s3:1*", "s3:a*"])), document(allow("s3:?*"), deny(NAMED))
    assert allows((b,), "s3:c") and not allows((a,), "s3:c")
    assert not isinstance(covers((a,), (b,)), Proved)


def test_where_a_pattern_has_no_least_name_nothing_is_proved() -> None:
    """Every name of one character is in a pattern that has longer ones too, whose least is longer."""
    c = allow(EACH["c"], "arn:aws:s3:::b")
    a, b = document(allow([text for text in EACH.values() if text != EACH["c"]]), c), document(allow("s3:?"), c)
    assert allows((b,), "s3:c") and not allows((a,), "s3:c")
    assert why(covers((a,), (b,))) == "the action patterns of `s3` are too many to tell apart"


def test_the_least_name_is_none_that_is_written_out() -> None:
    """Were `s3:b` the least of `s3:*b*`, an Allow of it alone would seem to be enough."""
    names = ["s3:b", "s3:bb", "s3:0b0"]
    verdict = covers((document(allow([*WITH[1:], *names])),), (document(allow("s3:*b*")),))
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.request.action not in names


def test_more_conclusions_than_are_kept_change_no_decision() -> None:
    """8 statements match in 256 ways; of them all some 30 fit."""
    keys = [f"aws:requesttag/{n}" for n in range(8)]
    some = document(*(allow("s3:GetObject", Null={key: "false"}) for key in keys))
    evaluator = Evaluator(Layers(identity=(some,)), most=150)

    def asked(bits: int) -> Request:
        return Request(ME, "s3:GetObject", context={key: "x" for n, key in enumerate(keys) if bits >> n & 1})

    first = evaluator.evaluate(asked(1))
    assert evaluator.evaluate(asked(1)) is first
    for bits in range(256):
        decision = evaluator.evaluate(asked(bits))
        assert [each.index for each in decision.statements] == [n for n in range(8) if bits >> n & 1]
        assert decision.outcome == ("allowed" if bits else "implicitDeny")
    again = evaluator.evaluate(asked(1))
    assert again == first and again is not first


def test_more_actions_than_are_kept_change_no_decision() -> None:
    evaluator = Evaluator(Layers(identity=(document(allow("s3:*1")),)), most=150)
    first = evaluator.evaluate(Request(ME, "s3:N1"))
    assert first.outcome == "allowed"
    assert evaluator.evaluate(Request(ME, "s3:N1")) is first
    for n in range(2, 300):
        outcome = evaluator.evaluate(Request(ME, f"s3:N{n}")).outcome
        assert outcome == ("allowed" if n % 10 == 1 else "implicitDeny")
    again = evaluator.evaluate(Request(ME, "s3:N1"))
    assert again == first and again is not first


ROLE: Final = "arn:aws:iam::123456789012:role/app"


@pytest.mark.parametrize(
    "arn, role",
    [
        (ROLE, ROLE),
        ("arn:aws:iam::123456789012:user/app", ROLE),
        ("arn:aws:iam::123456789012:user/app", "arn:aws:iam::123456789012:role/"),
        ("arn:aws:sts::123456789012:federated-user/app", "arn:aws:iam::123456789012:role/"),
        ("arn:aws:sts::123456789012:assumed-role/app/s", "arn:aws:iam::123456789012:role/other"),
        ("arn:aws:sts::123456789012:assumed-role/app/s", "arn:aws:iam::999999999999:role/app"),
        ("arn:aws:sts::123456789012:assumed-role/app/s", "arn:aws:iam::123456789012:user/app"),
    ],
)
def test_only_a_session_of_a_role_has_a_role(arn: str, role: str) -> None:
    with pytest.raises(ValueError, match="the role"):
        request(Requester("AWS", arn, role), "s3:GetObject")


def test_a_session_may_have_its_role_with_a_path() -> None:
    who = Requester("AWS", "arn:aws:sts::123456789012:assumed-role/app/s", "arn:aws:iam::123456789012:role/p/app")
    assert request(who, "s3:GetObject").principal is who
