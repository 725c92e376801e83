"""`narrowgate policy compare`, `surface` and `format`."""

from __future__ import annotations

from typing import Any

import click

from narrowgate.cli.policy_input import files, in_batch
from narrowgate.cli.policy_output import Command, say, show
from narrowgate.cli.run import FINDINGS

KINDS = ("auto", "identity", "resource", "trust", "boundary", "scp", "rcp")
kind = click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="auto",
    show_default=True,
    help="What the documents are; auto: resource or trust policies where they name principals, else identity.",
)
json_ = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


@click.command(cls=Command)
@click.argument("sides", metavar="[A B]", nargs=-1)
@click.option("--and-a", metavar="FILE", multiple=True, help="Another document of A.")
@click.option("--and-b", metavar="FILE", multiple=True, help="Another document of B.")
@kind
@click.option(
    "--universe",
    type=click.Choice(("open", "closed", "typed")),
    default="open",
    show_default=True,
    help="open: any action may exist; closed: those that are known; typed: on the resource types that each has.",
)
@click.option("--batch", metavar="FILE", help="Answer every line of a file of JSON lines, one line each, in order.")
@json_
def compare(batch: str | None, sides: tuple[str, ...], universe: Any, kind: Any, as_json: bool, **more: Any) -> int:
    """Does A allow all that B allows? And B all that A allows?

    A and B are files, each one document or a list of them. The verdict is about the first question:
    covers, exceeds (B does, with a request that B allows and A does not) or unknown, with the reason;
    `reverse` answers the second. Exit code 0 for covers, else 10. `--batch` reads lines of id, a and b,
    both lists of documents, and answers the first question; exit code 2 when a line could not be
    answered, else 0.
    """
    from narrowgate.cli import policy_view
    from narrowgate.verbs import policy_compare

    comparer = policy_compare.comparer(universe)
    if batch is not None:
        if sides or any(more.values()):
            raise click.UsageError("`--batch` has the documents: neither A nor B goes with it")
        return in_batch(batch, lambda source, sink: policy_compare.compare_lines(source, sink, comparer, kind))
    if len(sides) != 2:
        raise click.UsageError("name two files, A and B; one of them may be `-`. Further documents: --and-a, --and-b")
    source = files()
    a, b = (
        policy_compare.read_side(source, (side, *others), kind)
        for side, others in zip(sides, (more["and_a"], more["and_b"]), strict=True)
    )
    found, reverse = comparer.covers(a, b), comparer.covers(b, a)
    rows = policy_view.compared(sides, found, reverse)
    show(rows, {**found.as_data(), "reverse": reverse.as_data()}, as_json=as_json)
    return 0 if found.verdict == "covers" else FINDINGS


@click.command(cls=Command)
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
@click.option("--against", metavar="FILE", multiple=True, help="Also show what changed from these to FILE.")
@kind
@json_
def surface(kind: Any, names: tuple[str, ...], against: tuple[str, ...], as_json: bool) -> int:
    """Count what policies allow: actions by access level, and what changes anything anywhere.

    The files count together, as the policies of one principal. `some` counts pairs of an action and a
    resource type that some request is allowed, `full` those that every request is.
    """
    from narrowgate.cli import policy_view
    from narrowgate.verbs.policy_surface import measured

    found = measured(files(), names, against, kind)
    show(policy_view.measured(found), found.as_data(), as_json=as_json)
    return 0


@click.command("format", cls=Command)
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
@kind
@click.option("--check", is_flag=True, help="Print nothing but what is not formatted; exit code 10 if anything is not.")
@click.option("--write", is_flag=True, help="Replace the files, each whole or not at all.")
@click.option("--compact", is_flag=True, help="No white space, as it is sent to AWS.")
@json_
def format_(kind: Any, names: tuple[str, ...], check: bool, write: bool, compact: bool, as_json: bool) -> int:
    """Print policies in one canonical form, and their size as AWS counts it.

    Statements stay in their order; what is in them is sorted, and repetitions left out. Faults are told
    with line and column, exit code 2. The size goes to stderr.
    """
    from narrowgate.cli import policy_view
    from narrowgate.verbs.policy_files import formatted, rewrite

    if write and (check or "-" in names):
        raise click.UsageError("`--write` replaces files: neither standard input nor `--check` goes with it")
    if len(names) > 1 and not (check or write or as_json):
        raise click.UsageError("several files: say `--check`, `--write` or `--json`")
    source = files()
    found = [formatted(name, source.read(name), kind, compact=compact) for name in names]
    if write:
        for item in found:
            if item.is_changed:
                rewrite(item.name, item.text)
    rows = policy_view.formatted(found, check=check, write=write)
    show(rows, {"files": [item.as_data() for item in found]}, as_json=as_json)
    if not (as_json or check):
        for item in found:
            say(item.summary)
    return FINDINGS if check and any(item.is_changed for item in found) else 0
