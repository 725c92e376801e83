"""Six actions, statements over them, and a slow count of what statements allow, over sample requests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from narrowgate.policy import Document, Faults, from_value, matches
from narrowgate.policy.actions import list_of
from narrowgate.policy.pairs import Pair
from narrowgate.policy.permission_surface import Surface, surface
from narrowgate.policy.service import Action, ResourceType, Service

THING = ResourceType("thing", ("arn:*:s:*:*:thing/*",), required=True)
BOX = ResourceType("box", ("arn:*:s:::box/*", "arn:*:s:::case"), required=False, keys=("s:BoxColour",))
S = Service(
    "s",
    (
        Action("s:ListThings", "List"),
        Action("s:GetThing", "Read", (THING,)),
        Action("s:PutThing", "Write", (THING, BOX), ("s:Size", "aws:TagKeys")),
        Action("s:TagThing", "Tagging", (THING,)),
    ),
)
T = Service("t", (Action("t:SetPolicy", "Permissions management", keys=("t:PolicyArn",)), Action("t:Reset", "Write")))
LIST = list_of([S, T])

NAMES = ("a", "ab", "b", "alice")
THINGS = [
    f"arn:{p}:s:{r}:{a}:thing/{n}"
    for p in ("aws", "aws-cn", "aws-iso")
    for r in ("us-east-1", "xx")
    for a in ("123456789012", "9")
    for n in NAMES
]
BOXES = [f"arn:{p}:s:::{n}" for p in ("aws", "aws-cn", "aws-iso") for n in ("box/a", "box/b", "case")]
SAMPLES = {"thing": THINGS, "box": BOXES, "": ["*"]}

RESOURCES = st.lists(
    st.sampled_from(
        [
            "*",
            "arn:aws:s:*:*:thing/*",
            "arn:*:s:*:*:thing/*",
            "arn:aws:s:*:*:thing/a",
            "arn:aws:s:*:*:thing/a*",
            "arn:aws:s:*:123456789012:*",
            "arn:aws:s:us-east-1:*:thing/?",
            "arn:aws:s:*:*:*",
            "arn:aws:s:::box/*",
            "arn:aws:s:::c*",
            "arn:aws-cn:s:*:*:*",
            "arn:aws:other:*:*:*",
            "arn:aws:s:*:*:thing/${aws:username}",
        ]
    ),
    min_size=1,
    max_size=3,
)
ACTIONS = st.lists(
    st.sampled_from(["*", "s:*", "s:PutThing", "S:getthing", "t:*", "s:*Thing", "s:Nothing*"]), min_size=1, max_size=3
)
CONDITION: dict[str, Any] = {"StringEquals": {"aws:RequestedRegion": "xx"}}


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    made["NotAction" if draw(st.integers(0, 5)) == 0 else "Action"] = draw(ACTIONS)
    made["NotResource" if draw(st.integers(0, 3)) == 0 else "Resource"] = draw(RESOURCES)
    return {**made, "Condition": CONDITION} if draw(st.integers(0, 3)) == 0 else made


def document(*made: dict[str, Any], version: str = "2012-10-17") -> Document:
    found = from_value({"Version": version, "Statement": list(made)}, "identity", lenient=True)
    assert not isinstance(found, Faults), str(found)
    return found


def of(*made: dict[str, Any]) -> Surface:
    return surface([document(*made)] if made else [], LIST)


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def _selects(made: dict[str, Any], action: str) -> bool:
    listed = made.get("Action") or made["NotAction"]
    return any(matches(a.lower(), action.lower()) for a in listed) is ("Action" in made)


def _selects_any(made: dict[str, Any]) -> bool:
    return any(_selects(made, name) for name in LIST.names)


def _reaches(made: dict[str, Any], resource: str, name: str) -> bool:
    listed = [r.replace("${aws:username}", name) for r in made.get("Resource") or made["NotResource"]]
    return any(matches(pattern, resource) for pattern in listed) is ("Resource" in made)


def _is_sure(made: dict[str, Any]) -> bool:
    return "Condition" not in made and "$" not in str(made)


def _some(made: list[dict[str, Any]], resource: str) -> bool:
    allowed = any(m["Effect"] == "Allow" and _reaches(m, resource, n) for m in made for n in NAMES)
    denied = any(m["Effect"] == "Deny" and _is_sure(m) and _reaches(m, resource, "") for m in made)
    return allowed and not denied


def _every(made: list[dict[str, Any]], resource: str) -> bool:
    allowed = any(m["Effect"] == "Allow" and _is_sure(m) and _reaches(m, resource, "") for m in made)
    return allowed and not any(m["Effect"] == "Deny" and _reaches(m, resource, n) for m in made for n in NAMES)


def _within(samples: list[str], partition: str) -> list[str]:
    return [sample for sample in samples if sample == "*" or sample.startswith(f"arn:{partition}:")]


def counted(made: list[dict[str, Any]]) -> tuple[list[Pair], list[Pair]]:
    some, full = [], []
    china = any(m["Effect"] == "Allow" and "aws-cn" in str(m) and _selects_any(m) for m in made)
    for name in LIST.names:
        mine = [m for m in made if _selects(m, name)]
        for type_ in [t.name for t in LIST.types_of(name)] or [""]:
            samples = SAMPLES[type_]
            if any(_some(mine, sample) for sample in samples):
                some.append(Pair(name, type_))
            touched = any(m["Effect"] == "Deny" and _reaches(m, s, n) for m in mine for s in samples for n in NAMES)
            parts = [_within(samples, partition) for partition in (["aws", "aws-cn"] if china else ["aws"])]
            if not touched and any(all(_every(mine, sample) for sample in part) for part in parts):
                full.append(Pair(name, type_))
    return some, full
