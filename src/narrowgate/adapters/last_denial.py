"""The sandbox's last denial: a file beside its state, in the form of a decoded authorization message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from narrowgate.errors import UsageError

FILE: Final = "last-denial.json"


def last_denial(folder: Path) -> Mapping[str, Any] | None:
    """What the sandbox with its state in `folder` denied last; None where it denied nothing yet.

    Raises UsageError for a file that cannot be read or is not what the sandbox writes.
    """
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or "it is not what the sandbox writes"
        raise UsageError(f"cannot read the last denial in `{path}`: {why}; make the call again") from None
    if not isinstance(found, dict):
        raise UsageError(f"cannot read the last denial in `{path}`: it is not what the sandbox writes")
    return found
