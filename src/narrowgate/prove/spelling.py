"""Texts with reserved ids, for a person: `vpc/<vpc.main.VpcId>`. Pure."""

from __future__ import annotations

import re
from typing import Final

from narrowgate.catalogue.rule import RESERVED

_IDS: Final = re.compile(f"{RESERVED}([^{RESERVED}:/]+)")


def spelled(text: str) -> str:
    """The text; an id that AWS has not drawn yet by whose it is, a character that it draws as `?`."""
    return _IDS.sub(lambda found: f"<{found[1]}>", text).replace(RESERVED, "?")
