"""`narrowgate prove`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate.cli.run import FINDINGS, options
from narrowgate.cli.terminal import Terminal

if TYPE_CHECKING:
    from narrowgate.calls import World
    from narrowgate.report.text import Line
    from narrowgate.spec import Spec
    from narrowgate.verbs.prove import Asked, Proof

FILE = "FILE holds one document, or a list of them"


@click.command()
@options
@click.option("--account", metavar="NUMBER", help="The account, where the spec names none.")
@click.option("--party", "parties", metavar="NAME", multiple=True, help="Only admin, installer or node.")
@click.option("--phase", "phases", metavar="NAME", multiple=True, help="Only the calls of a phase, such as teardown.")
@click.option("--boundary", metavar="FILE", multiple=True, help="The permissions boundary of installer and nodes.")
@click.option("--session", metavar="FILE", help="The session policy that the nodes' role is assumed with.")
@click.option("--scp", metavar="FILE", multiple=True, help=f"A level of SCPs, from the root; {FILE}.")
@click.option("--rcp", metavar="FILE", multiple=True, help=f"A level of RCPs, from the root; {FILE}.")
@click.option("--ceiling", metavar="FILE", multiple=True, help="What the installer's policy must stay inside.")
@click.option("--node-ceiling", metavar="FILE", multiple=True, help="What the nodes' policy must stay inside.")
@click.option("--enforce", is_flag=True, help="Also make the calls on a fresh embedded AWS, under these policies only.")
@click.option("--live", is_flag=True, help="Also ask AWS's policy simulator, as the administrator.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Also write the certificates to a file, as JSON.")
def prove(as_json: bool, output: Path | None, **given: Any) -> int:
    """Prove that the policies suffice, that nothing in them is spare, and that they stay inside what was agreed.

    In the model of the policy engine: from the calls that setup, the reference installer and a node make, without
    touching an account. `--enforce` makes the same calls on an embedded AWS and counts denials at the gate; `--live`
    asks AWS's simulator, which changes nothing.

    Exit code 0 when everything asked is proved, else 10.
    """
    from narrowgate.verbs.prove import failing
    from narrowgate.verbs.spec_file import read_spec

    terminal = Terminal(as_json=as_json)
    spec = read_spec(given["spec"])
    with terminal.live():
        proofs = _proofs(spec, given, terminal)
    data = _data(proofs)
    if output is not None:
        _write(output, data)
    terminal.show(_lines(proofs), data)
    return FINDINGS if any(True for _ in failing(proofs)) else 0


def _proofs(spec: Spec, given: dict[str, Any], terminal: Terminal) -> Sequence[Proof]:
    from narrowgate.verbs.prove import EXAMPLE_ACCOUNT
    from narrowgate.verbs.prove import prove as do

    with _world(spec, given) as (world, live_account):
        account = live_account or given["account"] or spec.account
        if account is None:
            terminal.say(f"the spec names no account: {EXAMPLE_ACCOUNT} stands for it (`--account` names another)")
        return do(spec, given["spec"], account or EXAMPLE_ACCOUNT, _asked(given, world), terminal.say)


@contextmanager
def _world(spec: Spec, given: dict[str, Any]) -> Iterator[tuple[World | None, str]]:
    """Who asks AWS's simulator, and the account that answers; nobody where that is not wanted."""
    if not given["live"]:
        yield None, ""
        return
    from narrowgate.adapters.clock import SystemClock
    from narrowgate.adapters.target import SANDBOX_FOLDER, real, sandbox
    from narrowgate.verbs.site import who_am_i

    folder = given["spec"].resolve().parent / ".narrowgate" / SANDBOX_FOLDER
    target = sandbox(folder) if given["sandbox"] else real(given["aws_profile"])
    try:
        world = target.connect(None, spec.region)
        yield world, who_am_i(world, spec, SystemClock())[0]
    finally:
        target.close()


def _asked(given: dict[str, Any], world: World | None) -> Asked:
    from narrowgate.policy import Layers
    from narrowgate.verbs.prove import Asked

    limits = Layers(
        session=_documents(given["session"], "identity")[0] if given["session"] else None,
        boundaries=tuple(each for name in given["boundary"] for each in _documents(name, "boundary")),
        scps=tuple(_documents(name, "scp") for name in given["scp"]),
        rcps=tuple(_documents(name, "rcp") for name in given["rcp"]),
    )
    ceilings: dict[Any, Any] = {
        party: (", ".join(names), tuple(each for name in names for each in _documents(name, "identity")))
        for party, names in (("installer", given["ceiling"]), ("node", given["node_ceiling"]))
        if names
    }
    return Asked(limits, ceilings, given["enforce"], world, frozenset(given["phases"]), frozenset(given["parties"]))


def _documents(name: str, kind: Any) -> tuple[Any, ...]:
    from narrowgate.cli.policy_input import files
    from narrowgate.verbs.policy_files import read_documents

    return read_documents(name, files().read(name), kind)


def _data(proofs: Sequence[Proof]) -> dict[str, Any]:
    from narrowgate.prove.certificate import as_data

    certificates = [
        {"party": each.party.name, "policies": each.party.source, **as_data(each.certificate)} for each in proofs
    ]
    return {"certificates": certificates}


def _lines(proofs: Sequence[Proof]) -> Iterator[Line]:
    from narrowgate.report import certificate
    from narrowgate.report.text import Line

    for number, proof in enumerate(proofs):
        if number:
            yield Line()
        yield Line(f"{proof.party.name}: policies {proof.party.source}", "title")
        yield from certificate.lines(proof.certificate)


def _write(path: Path, data: dict[str, Any]) -> None:
    from narrowgate.errors import UsageError

    try:
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write the certificates to `{path}`: {error.strerror}") from None
