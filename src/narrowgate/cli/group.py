"""The list of commands. Each is imported only when it is called, so that `--help` is quick."""

from __future__ import annotations

import importlib

import click

from narrowgate import __version__

COMMANDS = {
    "init": "Write a commented platform.yaml.",
    "plan": "Show what would be created, changed or deleted. Touches nothing.",
    "setup": "Make the user, its key, the role, the policies and the instance profile.",
    "status": "Show what exists.",
    "drift": "Show what differs from the spec, by meaning.",
    "prove": "Prove that the policies suffice, and that nothing in them is spare.",
    "rotate": "Replace the access key without an outage.",
    "shrink": "Take from the installer's policy what only the installation needed.",
    "teardown": "Remove everything that is ours, and verify that it is gone.",
    "policy": "Decide, explain, compare, measure, derive and harden policies, from files alone.",
    "explain-denial": "Say who was denied what, which layer said no, and the smallest grant for it.",
    "record": "Run a program on the embedded AWS, derive its policy, and run it again under that.",
    "sandbox": "Run the embedded AWS for any client on this machine.",
    "demo": "Show the whole story on the embedded AWS.",
}
MODULES = {"plan": "looking", "status": "looking", "drift": "looking", "explain-denial": "explain_denial"}


class Lazy(click.Group):
    """A group whose commands live in modules that are not loaded before they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a person's way through them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"narrowgate.cli.{MODULES.get(cmd_name, cmd_name)}")
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant, or a usage error with the nearest name."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS and not ctx.resilient_parsing:
            # Imported here only: `--help` has no use for it.
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f", did you mean `{close[0]}`?" if close else f"; there are {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command `{args[0]}`{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The summaries, from the table here."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="narrowgate %(version)s")
def narrowgate() -> None:
    """Install a vendor's platform into your AWS account through the narrowest IAM gate that works.

    Start with `narrowgate init`, look with `narrowgate plan`, do it with `narrowgate setup`. Every verb takes
    `--sandbox` to work on the embedded AWS instead of a real account.

    Exit codes: 0 done, 1 a bug of ours, 2 bad spec or usage, 3 refused, 4 not permitted, 5 AWS error,
    6 interrupted and resumable, 10 findings or drift.
    """
