"""Policies of every shape, and other spellings of the same policy."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

ACTIONS = st.sampled_from(["ec2:RunInstances", "s3:Get*", "iam:PassRole", "*", "ec2:*", "sts:AssumeRole"])
RESOURCES = st.sampled_from(
    ["*", "arn:aws:s3:::b/*", "arn:aws:iam::123456789012:role/a", "arn:aws:ec2:*:*:instance/${aws:username}"]
)
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "StringEquals": st.dictionaries(
            st.sampled_from(["aws:RequestTag/a", "ec2:Vpc"]),
            st.lists(st.sampled_from(["x", "y", "5"]), min_size=1, max_size=3),
            min_size=1,
            max_size=2,
        ),
        "Bool": st.just({"aws:SecureTransport": ["true"]}),
        "NumericLessThan": st.just({"s3:max-keys": ["5"]}),
    },
)
AWS = st.sampled_from(["*", "123456789012", "210987654321", "arn:aws:iam::123456789012:user/u"])
PRINCIPALS = st.lists(AWS, min_size=1, max_size=3).map(lambda names: {"AWS": names})


@st.composite
def documents(draw: st.DrawFn, *, principals: bool = False) -> dict[str, Any]:
    """A document, everything spelled with lists."""
    statements = draw(st.lists(statement(principals=principals), min_size=1, max_size=4))
    return {"Version": draw(st.sampled_from(["2012-10-17", "2008-10-17"])), "Statement": statements}


@st.composite
def statement(draw: st.DrawFn, *, principals: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Deny"]))}
    action = draw(st.sampled_from(["Action", "NotAction"]))
    made[action] = draw(st.lists(ACTIONS, min_size=1, max_size=3))
    resource = draw(st.sampled_from(["Resource", "NotResource"]))
    made[resource] = draw(st.lists(RESOURCES, min_size=1, max_size=3))
    if principals:
        made["Principal"] = draw(PRINCIPALS)
    if condition := draw(CONDITIONS):
        made["Condition"] = condition
    return made


@st.composite
def respelled(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """Another spelling of the document: order, repetition, single values, case, labels."""
    again = [draw(_statement(s)) for s in document["Statement"]]
    again += draw(st.lists(st.sampled_from(again), max_size=2))
    for number, made in enumerate(again):
        again[number] = {**made, "Sid": f"S{number}"} if draw(st.booleans()) else made
    order = draw(st.permutations(again))
    made_document: dict[str, Any] = {"Statement": order[0] if len(order) == 1 else order}
    if document["Version"] != "2008-10-17" or draw(st.booleans()):
        made_document["Version"] = document["Version"]
    return made_document


@st.composite
def _statement(draw: st.DrawFn, made: dict[str, Any]) -> dict[str, Any]:
    again: dict[str, Any] = {}
    for key in draw(st.permutations(list(made))):
        value = made[key]
        if key in ("Action", "NotAction"):
            again[key] = draw(_strings([draw(_cased(v)) for v in value]))
        elif key in ("Resource", "NotResource"):
            again[key] = draw(_strings(value))
        elif key == "Principal":
            again[key] = draw(_principal(value["AWS"]))
        elif key == "Condition":
            again[key] = draw(_condition(value))
        else:
            again[key] = value
    return again


@st.composite
def _strings(draw: st.DrawFn, values: list[Any]) -> Any:
    order = draw(st.permutations(values + draw(st.lists(st.sampled_from(values), max_size=2))))
    return order[0] if len(order) == 1 and draw(st.booleans()) else order


@st.composite
def _cased(draw: st.DrawFn, text: str) -> str:
    return draw(st.sampled_from([text, text.lower(), text.upper()]))


@st.composite
def _principal(draw: st.DrawFn, names: list[str]) -> Any:
    if set(names) == {"*"} and draw(st.booleans()):
        return "*"
    root = st.sampled_from(["arn:aws:iam::{}:root", "arn:aws-cn:iam::{}:root", "{}"])
    return {"AWS": draw(_strings([draw(root).format(n) if n.isdigit() else n for n in names]))}


@st.composite
def _condition(draw: st.DrawFn, made: dict[str, Any]) -> dict[str, Any]:
    again: dict[str, Any] = {}
    for operator in draw(st.permutations(list(made))):
        keys = draw(st.permutations(list(made[operator])))
        again[operator] = {draw(_cased(k)): draw(_strings([draw(_typed(v)) for v in made[operator][k]])) for k in keys}
    return again


@st.composite
def _typed(draw: st.DrawFn, text: str) -> Any:
    typed: dict[str, Any] = {"5": 5, "true": True}
    return draw(st.sampled_from([text, typed.get(text, text)]))
