"""Where results and news go: results to stdout, news and questions to stderr; live on a terminal, plain elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from narrowgate.errors import Refused, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

    from narrowgate.plan import Step
    from narrowgate.report.text import Line

STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "good": {"fg": "green"},
    "change": {"fg": "yellow"},
    "bad": {"fg": "red"},
    "faint": {"dim": True},
}


class Terminal:
    """One command's output. `say` and `step` may be called from any thread."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json = as_json
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._running: Counter[str] = Counter()
        self._total: int | None = None
        self._done = 0
        self._idle = "verifying"
        self.touched = False
        """Whether a step was begun."""

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show what runs, while it runs, if stderr is a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        running = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
        columns = (SpinnerColumn(), MofNCompleteColumn(), TimeElapsedColumn(), running)
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True, expand=True)
        try:
            yield
        finally:
            self._progress.stop()
            self._progress = None

    def expect(self, steps: int) -> None:
        """How many steps will come, for the progress."""
        self._total = steps

    def say(self, text: str) -> None:
        """A line of news."""
        with self._lock:
            self._idle = "waiting" if "waiting" in text or "trying for" in text else "verifying"
            if self._progress is not None and self._progress.task_ids:
                self._show_running()
        self._news(text)

    def tell(self, line: Line) -> None:
        """A line of news with its tone."""
        self._news(line.text, **STYLES.get(line.tone, {}))

    def step(self, step: Step, event: str) -> None:
        """A step as it happens. Its start moves the live line only."""
        from narrowgate.report.text import step_news

        with self._lock:
            self.touched, self._idle = True, "verifying"
            self._running[step.call.operation] += 1 if event == "start" else -1 if event in ("done", "fail") else 0
            self._done += event in ("done", "fail")
            self._show_running()
        if event != "start":
            line = step_news(step, event)
            self._news(line.text, **STYLES.get(line.tone, {}))

    def show(self, lines: Iterable[Line], data: object) -> None:
        """The result: lines for a person, or JSON."""
        if self._progress:
            self._progress.stop()
        if self._as_json:
            click.echo(json.dumps(data, indent=2, sort_keys=True))
            return
        _print(lines, err=False)

    def ask(self, lines: Iterable[Line], question: str, *, yes: bool, look: str) -> bool:
        """Show and ask; True when a question was asked. Raises Refused at no, UsageError without a terminal.

        `look` is the command that only shows it.
        """
        if yes:
            return False
        if not sys.stdin.isatty():
            raise UsageError(
                f"this changes the account, and there is no terminal to ask on: look with `{look}`, then say `--yes`"
            )
        _print(lines, err=True)
        if not click.confirm(question, default=False, err=True):
            raise Refused("you said no; nothing was touched")
        return True

    def _show_running(self) -> None:
        if self._progress is None:
            return
        running = ", ".join(sorted(name for name, count in self._running.items() if count > 0)) or self._idle
        if not self._progress.task_ids:
            self._progress.add_task("", total=self._total)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=self._done, description=running, total=self._total)

    def _news(self, text: str, **style: Any) -> None:
        with self._lock:
            if self._progress is not None and self._progress.live.is_started:
                from rich.text import Text

                self._progress.console.print(Text.from_ansi(click.style(text, **style)), soft_wrap=True)
            else:
                click.secho(text, err=True, color=_colour(), **style)


def _print(lines: Iterable[Line], *, err: bool) -> None:
    """Wrapped where a person reads it, a line a line where a program does."""
    stream = sys.stderr if err else sys.stdout
    width = shutil.get_terminal_size().columns if stream.isatty() else 0
    for line in lines:
        click.secho(_wrapped(line, width), err=err, color=_colour(), **STYLES.get(line.tone, {}))


def _wrapped(line: Line, width: int) -> str:
    """The line on as many rows as it needs; later rows begin at its `hang`."""
    hang = line.hang if line.hang is not None and line.hang <= width // 2 else 8
    if line.hang is None or not 20 <= width < len(line.text):
        return line.text
    # Blanks are kept where the row is not broken: they are columns.
    rows = textwrap.wrap(line.text, width, subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False)
    return "\n".join(rows)


def _colour() -> bool | None:
    """None lets click decide by the stream; NO_COLOR (no-color.org) switches colour off."""
    return False if os.environ.get("NO_COLOR") else None
