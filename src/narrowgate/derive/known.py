"""What is known while calls go by: facts of others first, then what the calls themselves made. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from narrowgate.calls import Fields
from narrowgate.catalogue.facts import Attributes, Facts
from narrowgate.catalogue.rule import RESERVED, Made, reserved, texts_at


class Known:
    """Facts that learn. What a call makes is known under the id of its reply, else under one that stands for it."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._made: dict[str, Made] = {}
        self._drawn: dict[str, str] = {}

    def __call__(self, arn: str) -> Attributes | None:
        """What is known of the resource."""
        found = self._made.get(arn)
        return found.attributes if found else self._facts(arn)

    @property
    def made(self) -> Mapping[str, Made]:
        """What the calls so far made, by ARN."""
        return MappingProxyType(dict(self._made))

    @property
    def drawn(self) -> Mapping[str, str]:
        """By the ARN of each thing whose id AWS drew, the pattern of the ARNs that it could have had."""
        return MappingProxyType(dict(self._drawn))

    def learn(self, made: Iterable[Made], reply: Fields, address: str) -> None:
        """Remember what a call made. `reply` tells ids; where it has none, `address` names what stands for them."""
        for each in made:
            for arn in _arns(each, reply, address):
                self._made[arn] = each._replace(arn=arn, attributes=_renamed(each, arn))
                if each.attribute:
                    self._drawn[arn] = opened(each.arn)


# The six characters that AWS adds to a secret's name; any other stands for a text.
_STANDS: Final = re.compile(f"{RESERVED}{{6}}|{RESERVED}[^{RESERVED}:/]*")


def opened(text: str) -> str:
    """A text as a pattern: `*` for each id that is not known, `??????` for the end of a secret's name."""
    return _STANDS.sub(lambda found: "?" * 6 if found[0] == RESERVED * 6 else "*", text)


def _arns(made: Made, reply: Fields, address: str) -> Iterator[str]:
    """The ARNs of what was made: with each id that the reply tells, or with the one that a Ref would be spelled as."""
    if not made.attribute:
        yield made.arn
        return
    drawn = reserved("", made.attribute)
    ids = texts_at(reply, made.attribute) or (reserved(address, made.attribute.rpartition(".")[2]),)
    for id_ in ids:
        # Some members are whole ARNs.
        yield id_ if id_.startswith("arn:") else made.arn.replace(drawn, id_)


def _renamed(made: Made, arn: str) -> Attributes:
    """The attributes with the real id where they hold the one that stood for it."""
    if RESERVED not in made.arn:
        return made.attributes
    links = {
        name: tuple(arn if target == made.arn else target for target in targets)
        for name, targets in made.attributes.links.items()
    }
    return replace(made.attributes, links=MappingProxyType(links))
