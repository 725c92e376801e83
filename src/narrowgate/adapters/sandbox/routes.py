"""Which operation of a REST service a method, a path and a query select. Pure.

https://smithy.io/2.0/spec/http-bindings.html: literals win over labels, and of operations with one path
the one whose query literals and required query members and headers are most of those present.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote

from narrowgate.adapters.sandbox.services import Operation

_LABEL: Final = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One operation's form: segments of the path (a label in braces), and what the query and headers must have.

    `needs` has query names with their value (None for any); `headers` names in lower case.
    """

    operation: Operation
    segments: tuple[str, ...]
    needs: tuple[tuple[str, str | None], ...]
    headers: tuple[str, ...]

    @property
    def rank(self) -> tuple[object, ...]:
        """Sorts the more special route first."""
        kinds = tuple((_LABEL.fullmatch(part) is not None) + part.endswith("+}") for part in self.segments)
        return kinds, -len(self.needs) - len(self.headers), self.operation.deprecated, self.operation.name


@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits, with the decoded values of its labels."""

    route: Route
    labels: Mapping[str, str]


class Router:
    """All routes of one service."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._routes: dict[str, list[Route]] = {}
        for route in sorted((_route(each) for each in operations), key=lambda route: route.rank):
            self._routes.setdefault(route.operation.method, []).append(route)
        routes = [route for of_method in self._routes.values() for route in of_method]
        self.selectors = frozenset(name for route in routes for name, _ in route.needs)
        """Every query name that can select an operation."""
        self.header_selectors = frozenset(name for route in routes for name in route.headers)

    def match(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Match | None:
        """The operation for a request, None where there is none. Raises UnicodeDecodeError for a path not in UTF-8.

        INVARIANT: a path means one operation, its slashes encoded (`%2F`) or not: a reader further on may
        decode it before it looks. A path with two meanings has none here.
        """
        found = self._match(method, _segments(path), query, headers)
        if found is None or "%2f" not in path.lower():
            return found
        decoded = self._match(method, tuple(unquote(path, "latin-1").split("/")[1:]), query, headers)
        return found if decoded is None or decoded.route is found.route else None

    def _match(
        self, method: str, segments: Sequence[str], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Match | None:
        for route in self._routes.get(method, ()):
            labels = _labels(route.segments, segments)
            if labels is not None and _selected(route, query, headers):
                return Match(route, {name: unquote(value, errors="strict") for name, value in labels.items()})
        return None


def _route(operation: Operation) -> Route:
    path, _, query = operation.uri.partition("?")
    # Literals of a URI without a value (`?acl`) may come with any.
    needs: dict[str, str | None] = {name: value or None for name, value in parse_qsl(query, keep_blank_values=True)}
    headers = []
    for name in operation.input.required if operation.input else ():
        member = operation.input.members[name] if operation.input else None
        if member and member.location == "querystring":
            needs.setdefault(member.wire or name, None)
        elif member and member.location == "header":
            headers.append((member.wire or name).lower())
    return Route(operation, tuple(path.split("/")[1:]), tuple(needs.items()), tuple(headers))


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")[1:])


def _labels(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    """The labels' values where the segments fit the pattern. A slash at the end of a path may be there or not."""
    greedy = bool(pattern) and pattern[-1].endswith("+}")
    if not greedy:
        pattern, segments = _bare(pattern), _bare(segments)
    if len(segments) < len(pattern) or (len(segments) > len(pattern) and not greedy):
        return None
    if greedy:
        last = len(pattern) - 1
        segments = (*segments[:last], "/".join(segments[last:]))
    labels: dict[str, str] = {}
    for part, given in zip(pattern, segments, strict=True):
        if label := _LABEL.fullmatch(part):
            if not given:
                return None
            labels[label[1]] = given
        elif part != given:
            return None
    return labels


def _bare(segments: Sequence[str]) -> Sequence[str]:
    return segments[:-1] if segments and not segments[-1] else segments


def _selected(route: Route, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    wanted = (name in query and (value is None or query[name] == value) for name, value in route.needs)
    return all(wanted) and all(name in headers for name in route.headers)
