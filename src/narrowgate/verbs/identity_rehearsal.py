"""The identity verbs themselves, run on a fresh embedded AWS under the administrator's derived policy.

Setup, a second look, rotation and teardown of the spec, in a folder that is thrown away. The spec's sinks in AWS are
kept; those on this machine are replaced by one in that folder, so that nothing of the person's is touched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from narrowgate.adapters.clock import SystemClock
from narrowgate.adapters.journal import FOLDER
from narrowgate.adapters.last_denial import last_denial
from narrowgate.adapters.stop import Stop
from narrowgate.adapters.target import SANDBOX_FOLDER, sandbox
from narrowgate.calls import call
from narrowgate.errors import NarrowgateError
from narrowgate.rotation import Pace
from narrowgate.spec import Spec
from narrowgate.verbs.rotate import Asked, rotate
from narrowgate.verbs.setup import setup
from narrowgate.verbs.site import Options, Site, Surroundings, open_site
from narrowgate.verbs.teardown import teardown

if TYPE_CHECKING:
    from narrowgate.plan import Step

SPEC: Final = "platform.yaml"
_CLOUD_SINKS: Final = frozenset({"secretsmanager", "ssm"})
_AT_ONCE: Final = Asked(Pace(timedelta(0), timedelta(0)))
# A permissions boundary that limits nothing.
_EVERYTHING: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


@dataclass(frozen=True, slots=True)
class Enforced:
    """What the gate said while the verbs ran. `denied`: AWS's words for the last call that it refused; else ""."""

    verbs: tuple[str, ...]
    writes: int
    denied: str = ""
    failed: str = ""
    """Why a verb did not come to its end, where that was no denial."""


class _Quiet:
    """Counts the steps; says nothing."""

    def __init__(self) -> None:
        self.steps = 0

    def say(self, text: str) -> None:
        """Nobody listens."""

    def step(self, step: Step, event: str) -> None:
        """One more step is done."""
        self.steps += event == "done"


def rehearse_identities(spec: Spec, folder: Path) -> Enforced:
    """Run the verbs of the spec, whose files are in `folder`. Raises Refused beside another sandbox of this process."""
    listener = _Quiet()
    done: list[str] = []
    with TemporaryDirectory(prefix="narrowgate-") as name:
        place = Path(name)
        path = place / SPEC
        path.write_text(json.dumps(_moved(spec, folder)), encoding="utf-8")
        state = place / FOLDER / SANDBOX_FOLDER
        _prepare(spec, state)
        failed = ""
        try:
            for verb in ("setup", "drift", "rotate", "teardown"):
                _run(verb, path, listener)
                done.append(verb)
        except NarrowgateError as error:
            failed = error.message
        found = last_denial(state)
    denied = f"{found['context']['action']} on {found['context']['resource']}" if found else ""
    return Enforced(tuple(done), listener.steps, denied, "" if denied else failed)


def _run(verb: str, path: Path, listener: _Quiet) -> None:
    around = Surroundings(SystemClock(), {}, listener, Stop())
    with open_site(Options(path, sandbox=True), around) as site:
        _do(verb, site)


def _do(verb: str, site: Site) -> None:
    if verb == "setup":
        setup(site, lambda _: False)
    elif verb == "rotate":
        rotate(site, _AT_ONCE, lambda _: False)
    elif verb == "teardown":
        teardown(site, lambda _: False)
    else:
        from narrowgate.verbs import planning

        planning.make(site)


def _moved(spec: Spec, folder: Path) -> dict[str, Any]:
    """The spec for another folder and account, its key in a file there."""
    made: dict[str, Any] = spec.model_dump(mode="json", exclude_none=True)
    made.pop("account", None)
    kept = [choice for choice in made.get("credentials", []) if choice["sink"] in _CLOUD_SINKS]
    made["credentials"] = [{"sink": "csv", "path": "key.csv"}, *kept]
    made["installer"].pop("key_conditions", None)
    for part in ("installer", "node"):
        source = made[part].get("policy_source", {})
        if source.get("file"):
            source["file"] = str((folder / source["file"]).resolve())
    return made


def _prepare(spec: Spec, state: Path) -> None:
    """The permissions boundary that the spec names: it must be there before."""
    target = sandbox(state)
    try:
        admin = target.connect(None, spec.region)
        boundary = spec.boundary_arn("123456789012")
        if boundary and ":policy/" in boundary and ":iam::aws:" not in boundary:
            path, _, name = boundary.partition(":policy")[2].rpartition("/")
            admin(call("iam", "CreatePolicy", PolicyName=name, Path=f"{path}/", PolicyDocument=_EVERYTHING))
    finally:
        target.close()
