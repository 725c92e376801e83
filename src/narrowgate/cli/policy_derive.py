"""`narrowgate policy derive`."""

from __future__ import annotations

import click

from narrowgate.cli.policy_input import files
from narrowgate.cli.policy_output import Command, show
from narrowgate.cli.run import FINDINGS


@click.command(cls=Command)
@click.option(
    "--recording",
    metavar="FILE",
    multiple=True,
    help="A recording of the sandbox; a second one, of the same program with other names, tells what varies.",
)
@click.option(
    "--cloudtrail", metavar="FILE", multiple=True, help="CloudTrail events as AWS delivers them; again for more."
)
@click.option("--plan", metavar="FILE", multiple=True, help="A plan of ours, as `narrowgate plan -o FILE` writes it.")
@click.option("--principal", metavar="ARN", default="", help="Whose calls count, where there are several.")
@click.option("--account", metavar="ID", default="", help="The account whose calls count.")
@click.option("--own", metavar="KEY=VALUE", multiple=True, help="A tag that marks what is the program's own.")
@click.option("-o", "--output", metavar="FILE", help="Write the policies to FILE; several to FILE.1.json and so on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def derive(
    as_json: bool, output: str | None, own: tuple[str, ...], principal: str, account: str, **more: tuple[str, ...]
) -> int:
    """Derive the least policy for calls that were made, each statement with its reasons.

    Reads a recording of the sandbox (`narrowgate sandbox --record`), CloudTrail events or a plan; calls nobody. Ids
    that AWS drew become `type/*` with the program's tags where AWS can ask for them; what stays wide is
    listed with the reason, and so is what was left out.

    Exit code 0, or 10 when the policy may lack something.
    """
    from narrowgate.cli.derived_view import derived
    from narrowgate.verbs.derive import (
        Sources,
        check_output,
        derived_data,
        derived_from,
        is_lacking,
        own_of_words,
        write_policies,
    )

    sources = Sources(more["recording"], more["cloudtrail"], more["plan"], principal, account, own_of_words(own))
    if output:
        check_output(output)
    made = derived_from(sources, files())
    names = write_policies(output, made.documents) if output else ()
    show(derived(made, names), {**derived_data(made), "files": list(names)}, as_json=as_json)
    return FINDINGS if is_lacking(made) else 0
