"""`narrowgate explain-denial`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate.cli.policy_input import files
from narrowgate.cli.policy_output import Command, show

if TYPE_CHECKING:
    from narrowgate.verbs.explain_denial import Asked

POLICY_OPTIONS = {
    "policy": "identity_policies",
    "boundary": "permission_boundaries",
    "session": "session_policy",
    "scp": "scps",
    "rcp": "rcps",
    "resource_policy": "resource_policy",
    "endpoint": "endpoint_policies",
}
SEVERAL = "FILE holds one document, or a list of them"


@click.command("explain-denial", cls=Command)
@click.argument("parts", metavar="[TEXT | FILE | -]", nargs=-1)
@click.option("--policy", metavar="FILE", multiple=True, help=f"An identity policy of the principal; {SEVERAL}.")
@click.option("--boundary", metavar="FILE", multiple=True, help="The permissions boundary.")
@click.option("--session", metavar="FILE", multiple=True, help="The session policy.")
@click.option("--scp", metavar="FILE", multiple=True, help=f"A level of SCPs, from the root; {SEVERAL}.")
@click.option("--rcp", metavar="FILE", multiple=True, help=f"A level of RCPs, from the root; {SEVERAL}.")
@click.option("--resource-policy", metavar="FILE", multiple=True, help="The resource, trust or key policy.")
@click.option("--endpoint", metavar="FILE", multiple=True, help="A VPC endpoint policy.")
@click.option("--principal", metavar="ARN", default="", help="Who asked, where the message does not say it.")
@click.option("--action", metavar="ACTION", default="", help="What was asked for, where the message does not say it.")
@click.option("--resource", metavar="ARN", default="", help="On what, where the message does not say it.")
@click.option("--context", metavar="KEY=VALUE", multiple=True, help="A condition key; again for more values.")
@click.option("--region", metavar="NAME", default="", help="The region of the call, and where to decode.")
@click.option("--decode", is_flag=True, help="Let AWS STS decode an encoded message, with your credentials.")
@click.option("--aws-profile", metavar="NAME", help="The AWS profile that decodes.")
@click.option("--sandbox", is_flag=True, help="Decode with the embedded AWS beside the spec; alone: its last denial.")
@click.option(
    "--spec",
    type=click.Path(path_type=Path),
    default=Path("platform.yaml"),
    show_default=True,
    help="The spec beside which the sandbox keeps its state.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def explain_denial(as_json: bool, **given: Any) -> int:
    """Say who was denied what, by which layer, and the smallest grant that would allow it.

    Takes an error message of any AWS service, alone or among other lines; what
    `aws sts decode-authorization-message` prints; an encoded message; a CloudTrail event, or a file of them.
    With `--policy` and its like the request is also decided with these policies, and their statements are
    named. Calls nobody unless `--decode` or `--sandbox` is given.

    Exit code 0 when every denial was explained, 2 when there is none.
    """
    from narrowgate.cli.explain_denial_view import answered
    from narrowgate.verbs.explain_denial import explain_denials
    from narrowgate.verbs.explain_denial_json import answer_data

    answer = explain_denials(_asked(given), files())
    show(answered(answer), answer_data(answer), as_json=as_json)
    return 0


def _asked(given: dict[str, Any]) -> Asked:
    from narrowgate.adapters.journal import FOLDER
    from narrowgate.adapters.target import SANDBOX_FOLDER, Target, real, sandbox
    from narrowgate.verbs.explain_denial import Asked

    if given["sandbox"] and (given["decode"] or given["aws_profile"]):
        raise click.UsageError("the sandbox decodes its own messages, AWS its own: choose `--sandbox` or `--decode`")
    folder = given["spec"].resolve().parent / FOLDER / SANDBOX_FOLDER

    def decoder() -> Target:
        return sandbox(folder) if given["sandbox"] else real(given["aws_profile"])

    return Asked(
        parts=given["parts"],
        principal=given["principal"],
        action=given["action"],
        resource=given["resource"],
        region=given["region"],
        context=given["context"],
        policies={name: given[option] for option, name in POLICY_OPTIONS.items()},
        sandbox=folder if given["sandbox"] else None,
        decoder=decoder if given["sandbox"] or given["decode"] or given["aws_profile"] else None,
    )
