"""Policy variables: taken apart once, filled in for each request. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
`${key}`, `${key, 'default'}`, and the three escapes `${*}`, `${?}`, `${$}`. Whatever a variable
stands for is literal: a `*` in it is a star, not a wildcard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from narrowgate.policy.request_context import Context

# Literal stars and question marks among wildcards: lone surrogates, which no request may hold.
STAR: Final = "\ud800"
MARK: Final = "\ud801"
# A colon out of a variable separates nothing.
COLON: Final = "\ud802"
_HIDDEN: Final = str.maketrans({"*": STAR, "?": MARK})
_SHOWN: Final = str.maketrans({STAR: "*", MARK: "?", COLON: ":"})

VARIABLE: Final = re.compile(r"\$\{(?:([*?$])|([A-Za-z0-9./_-]+:[^{}', ]+)(, '([^{}']*)')?)\}")
"""An escape (group 1), or a key (2) and, with its comma (3) or bare (4), a default."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a template: its key in lower case, and its default or None."""

    key: str
    default: str | None = None

    def value(self, context: Context) -> str | None:
        """What it stands for in a request; None where it cannot be resolved."""
        found = context.get(self.key)
        if isinstance(found, str):
            return found
        return found[0] if found is not None and len(found) == 1 else self.default


Part: TypeAlias = "str | Variable"


@dataclass(frozen=True, slots=True)
class Template:
    """A text with variables: parts in order. Escapes are already their hidden characters."""

    parts: tuple[Part, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables, in order."""
        return tuple(part for part in self.parts if isinstance(part, Variable))

    def filled(self, context: Context) -> str | None:
        """The text with every variable replaced, None if one is unresolved.

        Wildcards and colons in the values are hidden: `matching` knows them, `bare` shows them again.
        """
        made: list[str] = []
        for part in self.parts:
            text = part if isinstance(part, str) else part.value(context)
            if text is None:
                return None
            made.append(text if isinstance(part, str) else hidden(text).replace(":", COLON))
        # A variable alone is the whole of an ARN, with its colons.
        return "".join(made) if len(made) > 1 else made[0].replace(COLON, ":") if made else ""


def has_variables(texts: Iterable[str]) -> bool:
    """Whether one of the texts may hold a variable or an escape."""
    return any("${" in text for text in texts)


def template(text: str) -> Template:
    """The text taken apart; `${` that begins no variable stays as it is."""
    parts: list[Part] = []
    at = 0
    for found in VARIABLE.finditer(text):
        escape, key, _, default = found.groups()
        parts.append(text[at : found.start()])
        parts.append(hidden(escape) if escape else Variable(key.lower(), default))
        at = found.end()
    parts.append(text[at:])
    return Template(tuple(part for part in parts if part != ""))


def hidden(text: str) -> str:
    """The text with its stars and question marks made literal."""
    return text.translate(_HIDDEN) if "*" in text or "?" in text else text


def bare(text: str) -> str:
    """The text with literal stars and question marks as themselves again."""
    return text.translate(_SHOWN)
