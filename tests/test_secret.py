"""A secret's text comes out by `reveal` alone."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.calls import Call, Fields, Ref, Value, call, masked
from narrowgate.plan import Plan, as_data, digest, plan_of
from narrowgate.resource import Draft
from narrowgate.secret import MASK, Secret

# Marked, so that finding it in a text is no coincidence.
LAW = settings(deadline=None)  # a busy machine proves nothing
TEXTS = st.text(min_size=1, max_size=20).map(lambda text: f"<<{text}>>")
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(alphabet="abc", max_size=5)
    | st.builds(Ref, st.just("a"), st.just("b"))
)
KEYS = st.text(alphabet="abcd", min_size=1, max_size=3)


@st.composite
def with_secrets(draw: st.DrawFn) -> tuple[Fields, str]:
    """Nested fields with the same secret in several places, and its text."""
    text = draw(TEXTS)
    secret = st.just(Secret(text))
    value: st.SearchStrategy[Value] = st.recursive(
        PLAIN | secret,
        lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(KEYS, inner, max_size=3).map(Fields),
        max_leaves=8,
    )
    fields = draw(st.dictionaries(KEYS, value, max_size=4))
    return Fields({**fields, "SecretAccessKey": Secret(text)}), text


def test_it_prints_as_a_mask_in_every_way() -> None:
    secret = Secret("wJalrXUtnFEMI")
    ways = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret!s:>20}",
        f"{secret:>20}",
        format(secret),
        "%s %r" % (secret, secret),  # noqa: UP031 - the old way is a way too
        repr([secret]),
        repr({"a": secret}),
        repr((secret,)),
        repr(ValueError(secret)),
        str(ValueError(secret)),
    ]
    assert not [way for way in ways if "wJalr" in way]
    assert all(MASK in way for way in ways)


def test_it_cannot_be_pickled_copied_iterated_or_serialised() -> None:
    secret = Secret("x")
    for attempt in (
        lambda: pickle.dumps(secret),
        lambda: pickle.dumps(call("iam", "X", SecretAccessKey=secret)),
        lambda: copy.copy(secret),
        lambda: copy.deepcopy(secret),
        lambda: json.dumps(secret),
        lambda: json.dumps({"a": secret}),
        lambda: list(secret),  # type: ignore[call-overload]
        lambda: secret + "",  # type: ignore[operator]
        lambda: len(secret),  # type: ignore[arg-type]
        lambda: bytes(secret),  # type: ignore[call-overload]
        lambda: asdict(call("iam", "X", SecretAccessKey=secret)),
    ):
        with pytest.raises(TypeError):
            attempt()


def test_it_has_no_dictionary_to_look_into() -> None:
    with pytest.raises(TypeError):
        vars(Secret("x"))


def test_equal_texts_are_equal_secrets_and_nothing_else_is() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


@LAW
@given(with_secrets())
def test_no_call_plan_or_data_shows_it(made: tuple[Fields, str]) -> None:
    fields, text = made
    asked = Call("sink", "StoreKey", fields)
    plan = plan_of("iam_access_key.installer", [Draft(asked, "store", "into x", note=fields)])
    shown = [repr(asked), str(asked), f"{asked}", repr(fields), repr(plan), str(plan), repr(Plan(plan.steps))]
    shown += [repr(as_data(plan.steps)), json.dumps(as_data(plan.steps)), digest(as_data(plan.steps))]
    shown += [json.dumps(masked(fields)), repr(masked(fields)), repr(dict(fields)), repr(list(fields.items()))]
    assert not [way for way in shown if text in way or json.dumps(text)[1:-1] in way or repr(text)[1:-1] in way]


@LAW
@given(TEXTS)
def test_what_is_masked_does_not_depend_on_the_secret(text: str) -> None:
    plan = plan_of("a.b", [Draft(call("sink", "StoreKey", SecretAccessKey=Secret(text)), "store", "why")])
    other = plan_of("a.b", [Draft(call("sink", "StoreKey", SecretAccessKey=Secret("other")), "store", "why")])
    assert as_data(plan.steps) == as_data(other.steps)
