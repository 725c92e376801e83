"""`narrowgate init`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from narrowgate.cli.terminal import Terminal


@click.command()
@click.option(
    "--spec",
    type=click.Path(path_type=Path),
    default=Path("platform.yaml"),
    show_default=True,
    help="The file to write.",
)
@click.option("--profile", default="iguazio", show_default=True, help="The platform.")
@click.option("--region", help="The AWS region. Default: AWS_REGION or AWS_DEFAULT_REGION, else us-east-1.")
@click.option("--system", default="", help="The system's name. Default: a random one.")
@click.option("--account", default="", help="The account that is meant.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def init(spec: Path, profile: str, region: str | None, system: str, account: str, force: bool, as_json: bool) -> int:  # noqa: PLR0913
    """Write a commented platform.yaml, with a JSON Schema for editors."""
    from narrowgate.report.text import Line
    from narrowgate.verbs.init import Wish, unignored
    from narrowgate.verbs.init import init as write

    place = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    written = write(Wish(spec, profile, place, system, account), force=force)
    lines = [Line(f"wrote {path}", "good") for path in written]
    if missing := unignored(spec.parent):
        lines.append(Line(f"add these lines to .gitignore: {' '.join(missing)}", "change", 2))
    lines.append(Line("look it over, then `narrowgate plan`"))
    Terminal(as_json=as_json).show(lines, {"written": [str(path) for path in written]})
    return 0
