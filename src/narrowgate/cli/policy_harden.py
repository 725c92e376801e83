"""`narrowgate policy harden`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import click

from narrowgate.cli.policy_input import files
from narrowgate.cli.policy_output import Command, show
from narrowgate.cli.run import FINDINGS


@click.command(cls=Command)
@click.argument("file", metavar="VENDOR.json")
@click.option("--spec", type=click.Path(path_type=Path), help="The spec: account, region, roles, tag; and our calls.")
@click.option(
    "--for",
    "holder",
    type=click.Choice(("installer", "node")),
    default="installer",
    show_default=True,
    help="Whose policy it is; which reference calls the spec gives.",
)
@click.option("--recording", metavar="FILE", multiple=True, help="A recording of the program, from the sandbox.")
@click.option("--cloudtrail", metavar="FILE", multiple=True, help="CloudTrail events of the program.")
@click.option("--principal", metavar="ARN", default="", help="Whose calls of the evidence count.")
@click.option("--account", metavar="ID", default="", help="The account, where neither spec nor evidence tells it.")
@click.option("--region", metavar="NAME", default="", help="The region, where neither spec nor evidence tells it.")
@click.option("--own", metavar="KEY=VALUE", multiple=True, help="A tag that the program gives to all that it makes.")
@click.option("--untagged", is_flag=True, help="The program does not tag what it makes.")
@click.option("--vpc", metavar="ID", multiple=True, help="The VPC that it works in.")
@click.option("--subnet", metavar="ID", multiple=True, help="The subnet that it works in.")
@click.option("--node-profile", metavar="ARN", default="", help="The nodes' instance profile.")
@click.option("--pass-role", metavar="ARN", multiple=True, help="A role that may be passed.")
@click.option("--pass-to", metavar="SERVICE", multiple=True, help="A service principal that roles may be passed to.")
@click.option("--boundary", metavar="ARN", default="", help="The permissions boundary of all roles that it makes.")
@click.option("--drop", metavar="ACTION", multiple=True, help="Leave an action out.")
@click.option("--drop-unobserved", is_flag=True, help="Leave out what the evidence does not need.")
@click.option("-o", "--output", metavar="FILE", help="Write the policies to FILE; several to FILE.1.json and so on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def harden(file: str, as_json: bool, output: str | None, **given: Any) -> int:
    """Narrow a vendor's policy: within the original, enough for what was observed, the rest kept but scoped.

    What the evidence needs is granted as it was needed. What nobody observed is kept, scoped as tightly as AWS
    allows, and listed, until it is dropped; what its scope takes for granted is listed too. Calls nobody. The
    placeholders `$AWS_ACCOUNT_ID`, `$AWS_REGION` and `$AWS_PARTITION` are filled in. With a spec alone the evidence
    is the calls of our reference installer: they say nothing of the vendor's program.

    Exit code 0, or 10 when something dangerous stays open, the file lacks something, or a proof fails.
    """
    from narrowgate.cli.harden_view import answered
    from narrowgate.verbs.derive import check_output, write_policies
    from narrowgate.verbs.harden import hardened
    from narrowgate.verbs.harden_json import answer_data

    if output:
        check_output(output)
    answer = hardened(_asked(file, given), files())
    names = write_policies(output, answer.made.documents) if output else ()
    show(answered(answer, names), answer_data(answer, names), as_json=as_json)
    return 0 if answer.is_clean else FINDINGS


def _asked(file: str, given: dict[str, Any]) -> Any:
    from narrowgate.verbs.harden import Asked, Site

    site = Site(
        account=given["account"],
        region=given["region"],
        vpcs=given["vpc"],
        subnets=given["subnet"],
        node_profile=given["node_profile"],
        pass_roles=given["pass_role"],
        pass_to=given["pass_to"],
        boundary=given["boundary"],
        own=given["own"],
        untagged=given["untagged"],
    )
    return Asked(
        file=file,
        spec=given["spec"],
        holder=cast(Literal["installer", "node"], given["holder"]),
        recordings=given["recording"],
        trails=given["cloudtrail"],
        principal=given["principal"],
        place=site,
        drop=given["drop"],
        drop_unobserved=given["drop_unobserved"],
    )
