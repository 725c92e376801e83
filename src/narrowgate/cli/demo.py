"""`narrowgate demo`."""

from __future__ import annotations

import click


@click.command()
def demo() -> int:
    """Show the whole story on the embedded AWS: plan, setup, crash, drift, rotation, teardown.

    It needs no account and ignores your AWS settings.
    """
    from narrowgate.verbs.demo import demo as play

    def tell(text: str) -> None:
        for line in text.split("\n"):
            title = line.startswith(("==", "$"))
            click.secho(line, bold=title, fg="cyan" if line.startswith("$") else None)

    play(tell)
    return 0
