"""`narrowgate policy evaluate` and `explain`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from narrowgate.cli.policy_input import files, in_batch
from narrowgate.cli.policy_output import Command, show
from narrowgate.cli.run import FINDINGS

if TYPE_CHECKING:
    from narrowgate.verbs.policy_question import Asked

POLICY_OPTIONS = {
    "identity": "identity_policies",
    "boundary": "permission_boundaries",
    "session": "session_policy",
    "scp": "scps",
    "rcp": "rcps",
    "resource_policy": "resource_policy",
    "endpoint": "endpoint_policies",
}
Function = TypeVar("Function", bound=Callable[..., Any])


def with_request(command: Function) -> Function:
    """The options that say a request and its policies."""
    several = "FILE holds one document, or a list of them"
    for option in reversed(
        (
            click.argument("request", metavar="[REQUEST]", required=False),
            click.option("--principal", metavar="ARN", help="Who asks: a user, role, role session or account root."),
            click.option("--role-arn", metavar="ARN", help="The role of a role session, where it has a path."),
            click.option("--service", metavar="NAME", help="An AWS service asks, such as ec2.amazonaws.com."),
            click.option(
                "--provider", metavar="NAME", help="A federated principal asks: its provider's ARN or domain."
            ),
            click.option("--anonymous", is_flag=True, help="Nobody known asks."),
            click.option("--action", metavar="ACTION", help="What is asked for, such as ec2:RunInstances."),
            click.option("--resource", metavar="ARN", help="On what. Default: *"),
            click.option("--resource-account", metavar="NUMBER", help="Whose it is, where the ARN does not say it."),
            click.option(
                "--context", metavar="KEY=VALUE", multiple=True, help="A condition key; again for more values."
            ),
            click.option("--identity", metavar="FILE", multiple=True, help=f"An identity policy; {several}."),
            click.option("--boundary", metavar="FILE", multiple=True, help="A permissions boundary."),
            click.option("--session", metavar="FILE", multiple=True, help="The session policy."),
            click.option("--scp", metavar="FILE", multiple=True, help=f"A level of SCPs, from the root; {several}."),
            click.option("--rcp", metavar="FILE", multiple=True, help=f"A level of RCPs, from the root; {several}."),
            click.option("--resource-policy", metavar="FILE", multiple=True, help="The resource, trust or key policy."),
            click.option("--endpoint", metavar="FILE", multiple=True, help="A VPC endpoint policy."),
            click.option(
                "--switch",
                "switches",
                metavar="NAME=VALUE",
                multiple=True,
                help="A choice that AWS leaves open, such as many_values=never.",
            ),
            click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout."),
        )
    ):
        command = option(command)
    return command


@click.command(cls=Command)
@with_request
@click.option("--batch", metavar="FILE", help="Answer every line of a file of JSON lines, one line each, in order.")
@click.option("--check", is_flag=True, help="Exit code 10 unless it is allowed.")
def evaluate(batch: str | None, check: bool, switches: tuple[str, ...], as_json: bool, **given: Any) -> int:
    """Decide one request, or a batch of them.

    The request is given by options, or as REQUEST: a JSON object in a file, with the fields of a line of
    `--batch`: id, principal (an ARN, or an object of type, arn, role_arn, service, provider), action,
    resource, resource_account, context, identity_policies, permission_boundaries, session_policy, scps
    and rcps (lists of levels), resource_policy, endpoint_policies. Policies given by options take the
    place of the object's.

    Exit code 0 whatever the decision is, unless `--check`; with `--batch` 2 when a line could not be
    answered. Blank lines are passed over.
    """
    from narrowgate.cli import policy_view
    from narrowgate.policy import evaluate as decide
    from narrowgate.verbs import policy_json, policy_question

    chosen = policy_question.switches(switches)
    if batch is not None:
        from narrowgate.verbs.policy_batch import evaluate_lines

        if check or any(given.values()):
            raise click.UsageError("`--batch` has the requests and their policies: no other option but `--switch` fits")
        return in_batch(batch, lambda source, sink: evaluate_lines(source, sink, chosen))
    asked = policy_question.understood(_asked(given), files())
    decision = decide(asked.request, asked.layers, chosen)
    rows = policy_view.decided(asked.request, decision, asked.names)
    show(rows, policy_json.decision_data(decision), as_json=as_json, known=asked.id)
    return FINDINGS if check and decision.outcome != "allowed" else 0


@click.command(cls=Command)
@with_request
@click.option("--all", "everything", is_flag=True, help="Show the statements for other actions, too.")
def explain(everything: bool, switches: tuple[str, ...], as_json: bool, **given: Any) -> int:
    """Say why: each statement, which element failed, and with what value.

    The request is given as for `policy evaluate`.
    """
    from narrowgate.cli import policy_view
    from narrowgate.policy import evaluate as decide
    from narrowgate.policy import explain as find
    from narrowgate.verbs import policy_json, policy_question

    chosen = policy_question.switches(switches)
    asked = policy_question.understood(_asked(given), files())
    decision = decide(asked.request, asked.layers, chosen)
    found = find(asked.request, asked.layers, chosen)
    rows = [
        *policy_view.decided(asked.request, decision, asked.names),
        policy_view.Row(),
        policy_view.Row("statements", "title"),
        *policy_view.explained(found, asked.names, everything=everything),
    ]
    explanations = [policy_json.explanation_data(item) for item in found]
    data = {**policy_json.decision_data(decision), "explanations": explanations}
    show(rows, data, as_json=as_json, known=asked.id)
    return 0


def _asked(given: dict[str, Any]) -> Asked:
    from narrowgate.verbs.policy_question import Asked

    return Asked(
        request=given["request"],
        principal=_principal(given),
        action=given["action"],
        resource=given["resource"],
        resource_account=given["resource_account"],
        context=given["context"],
        policies={name: given[option] for option, name in POLICY_OPTIONS.items()},
    )


def _principal(given: dict[str, Any]) -> dict[str, str]:
    """The principal that the options name, in the fields of JSON; empty when none does."""
    forms = {
        "--principal": {"type": "AWS", "arn": given["principal"]},
        "--service": {"type": "Service", "service": given["service"]},
        "--provider": {"type": "Federated", "provider": given["provider"]},
        "--anonymous": {"type": "Anonymous"},
    }
    chosen = [form for option, form in forms.items() if given[option.removeprefix("--")]]
    if len(chosen) > 1:
        raise click.UsageError(f"only one can ask: choose one of {', '.join(forms)}")
    if not given["role_arn"]:
        return chosen[0] if chosen else {}
    if not given["principal"]:
        raise click.UsageError("`--role-arn` goes with `--principal`, the ARN of a session of that role")
    return {**chosen[0], "role_arn": given["role_arn"]}
