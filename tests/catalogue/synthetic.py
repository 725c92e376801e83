"""A call with every parameter that botocore's model of an operation has, so that every rule has something to read."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape

from narrowgate.calls import Call, Fields

DEEPEST: Final = 7


@cache
def model(service: str) -> ServiceModel:
    """botocore's model of a service. Raises UnknownServiceError where it has none."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def full_call(service: str, operation: str) -> Call:
    """The operation with all its parameters, each list with one element. Raises OperationNotFoundError."""
    found: OperationModel = model(service).operation_model(operation)
    params = _value(found.input_shape, "", DEEPEST) if found.input_shape else {}
    return Call(service, operation, Fields(params))


def _value(shape: Shape, name: str, depth: int) -> Any:
    if depth == 0:
        return None
    match shape:
        case StructureShape():
            made = {member: _value(inner, member, depth - 1) for member, inner in shape.members.items()}
            return {member: value for member, value in made.items() if value is not None}
        case ListShape():
            inner = _value(shape.member, name, depth - 1)
            return [] if inner is None else [inner]
        case MapShape():
            return {"k": _value(shape.value, name, depth - 1)}
        case StringShape():
            return shape.enum[0] if shape.enum else f"x-{name.lower()}"
    return {"boolean": True, "blob": b"x", "timestamp": "2026-01-01T00:00:00Z"}.get(shape.type_name, 1)
