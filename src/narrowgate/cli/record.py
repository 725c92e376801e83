"""`narrowgate record`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate.cli.policy_output import Command, show
from narrowgate.cli.run import FINDINGS
from narrowgate.cli.terminal import Terminal

if TYPE_CHECKING:
    from narrowgate.verbs.record import Outcome


@click.command(cls=Command, context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--region", default="us-east-1", show_default=True, help="The region that the program is told.")
@click.option("--again/--once", default=True, help="Run it again under the derived policy alone, or not.")
@click.option("-o", "--output", metavar="FILE", help="Write the policies to FILE; several to FILE.1.json and so on.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="FILE", help="Add the first run's calls to FILE.")
@click.option("--timeout", type=click.FloatRange(0.1), metavar="SECONDS", help="Stop a run after so many seconds.")
@click.option("--own", metavar="KEY=VALUE", multiple=True, help="A tag that marks what is the program's own.")
@click.option("--partial", is_flag=True, help="Take a first run that failed for good.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def record(command: tuple[str, ...], output: str | None, partial: bool, as_json: bool, **given: Any) -> int:
    """Run a program on the embedded AWS, derive its policy, and run it again under that alone.

    Any program that uses AWS: boto3, the AWS CLI, the SDKs for JavaScript and Go. It gets a fresh user's key, an
    endpoint and a region in its environment, no input, and none of your AWS settings; what it prints goes to
    stderr. The second run has other ids, and what counts is what was denied there, not how it ended.

    Exit code 0, or 10 when something was denied in the second run, a run failed, or the policy may lack something.
    """
    from narrowgate.adapters.stop import Stop
    from narrowgate.cli.derived_view import outcome
    from narrowgate.verbs.derive import check_output, own_of_words, write_policies
    from narrowgate.verbs.record import Wanted, outcome_data
    from narrowgate.verbs.record import record as make

    if output:
        check_output(output)
    # SIGTERM ends the program and the sandbox as Ctrl-C does.
    Stop().listen()
    own, seconds = own_of_words(given["own"]), given["timeout"]
    wanted = Wanted(command, os.environ, given["region"], seconds, given["keep"], own, given["again"])
    found = make(wanted, Terminal().say)
    names = write_policies(output, found.derived.documents) if output else ()
    show(outcome(found, names), {**outcome_data(found), "files": list(names)}, as_json=as_json)
    return _code(found, partial=partial)


def _code(found: Outcome, *, partial: bool) -> int:
    from narrowgate.verbs.derive import is_lacking

    is_partial = not found.first.ended.is_good
    is_cut = found.second is not None and not found.second.ended.is_good and not is_partial
    is_bad = is_lacking(found.derived) or found.missing or is_cut or (is_partial and not partial)
    return FINDINGS if is_bad else 0
