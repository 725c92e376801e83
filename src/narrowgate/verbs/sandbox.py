"""`narrowgate sandbox`: the embedded AWS on a loopback port, until it is stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgate.adapters.sandbox.weather import CALM, Weather, parse_weather
from narrowgate.errors import Refused, UsageError

if TYPE_CHECKING:
    from narrowgate.adapters.sandbox.embedded import Embedded
    from narrowgate.adapters.sandbox.layer import Watcher
    from narrowgate.adapters.sandbox.recording import Recorder
    from narrowgate.adapters.sandbox.wishes import Served, Wish


@dataclass(frozen=True, slots=True)
class Wanted:
    """How it shall serve: port (0: a free one), seconds added to each call, weather, recording and its phase."""

    port: int = 0
    delay: float = 0.0
    weather: Weather = CALM
    record: Path | None = None
    phase: str = ""
    watchers: tuple[Watcher, ...] = ()


class Running:
    """A sandbox that serves; `served` says where and how."""

    def __init__(self, folder: Path, served: Served, embedded: Embedded, recorder: Recorder | None) -> None:
        from narrowgate.adapters.sandbox.wishes import leave_word

        self._folder = folder
        self._embedded = embedded
        self._recorder = recorder
        self.served = served
        leave_word(folder, served)

    def look(self) -> str:
        """Do what was asked of it since, and say so; "" where nothing was."""
        from narrowgate.adapters.sandbox.wishes import leave_word, taken

        try:
            wish = taken(self._folder)
            if wish is None:
                return ""
            news = self._fulfil(wish)
            leave_word(self._folder, self.served)
        except (Refused, UsageError) as why:
            return f"asked for something else: {why.message}"
        return news

    def _fulfil(self, wish: Wish) -> str:
        """Raises Refused or UsageError, and then nothing is changed."""
        weather = None if wish.weather is None else weather_of(wish.weather)
        if wish.phase is not None:
            if self._recorder is None:
                raise Refused("nothing is recorded: start the sandbox with `--record FILE`")
            self._recorder.phase = wish.phase
            self.served = replace(self.served, phase=wish.phase)
        if weather is not None:
            self._embedded.change_weather(weather)
            self.served = replace(self.served, weather=str(weather))
            return f"the weather is now: {weather}"
        return f"the phase is now: {wish.phase or '(none)'}"


@contextmanager
def serving(state: Path, wanted: Wanted, tell: Callable[[str], None]) -> Iterator[Running]:
    """Serve the embedded AWS with its state in `state`.

    `tell` is told when the recording cannot be written. Raises Refused when the folder or the port is in
    use, or it is a file.
    """
    from narrowgate.adapters.sandbox.embedded import Embedded
    from narrowgate.adapters.sandbox.layer import Conditions
    from narrowgate.adapters.sandbox.server import serve
    from narrowgate.adapters.sandbox.watchers import LastDenialWatcher, RecordingWatcher
    from narrowgate.adapters.sandbox.wishes import Served, take_word

    _make(state)
    recorder = _recorder(wanted, tell)
    watchers = (LastDenialWatcher(state), *wanted.watchers)
    if recorder is not None:
        watchers = (*watchers, RecordingWatcher(recorder))
    conditions = Conditions(weather=wanted.weather, watchers=watchers)
    with (
        nullcontext() if recorder is None else closing(recorder),
        Embedded(state, delay=wanted.delay, conditions=conditions) as embedded,
        serve(embedded, port=wanted.port) as server,
    ):
        try:
            # What was asked of one that was killed is void.
            take_word(state)
            served = Served(server.url, os.getpid(), str(wanted.weather), wanted.phase)
            yield Running(state, served, embedded, recorder)
        finally:
            take_word(state)


@contextmanager
def running(state: Path) -> Iterator[str]:
    """Serve the embedded AWS with its state in `state`; gives its URL. Raises Refused when it is in use or a file."""
    with serving(state, Wanted(), lambda _: None) as it:
        yield it.served.url


def variables(url: str, region: str) -> Mapping[str, str]:
    """What points any AWS client at the sandbox, as its administrator.

    The region twice: boto3 and the AWS CLI 1 read the one, the SDKs for JavaScript and Go the other.
    """
    from narrowgate.adapters.sandbox.administrator import ADMIN

    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ADMIN[0],
        "AWS_SECRET_ACCESS_KEY": ADMIN[1],
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


def weather_of(text: str) -> Weather:
    """The weather that a text asks for. Raises UsageError, also for services and operations that AWS does not have."""
    try:
        weather = parse_weather(text)
    except ValueError as why:
        raise UsageError(f"cannot make this weather: {why}") from None
    for scope, _ in weather.special:
        _check(scope)
    return weather


def _check(scope: str) -> None:
    from narrowgate.adapters.sandbox.services import profiles, service

    name, _, operation = scope.partition(":")
    if name not in profiles():
        raise UsageError(f"cannot make this weather: AWS has no service `{name}`. use boto3's name, such as `iam`")
    if operation and operation not in service(name, profiles()[name].protocols[0]).names:
        raise UsageError(f"cannot make this weather: `{name}` has no operation `{operation}`. use AWS's exact name")


def _make(state: Path) -> None:
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = "it is a file" if state.is_file() else str(error.strerror).lower()
        raise Refused(f"cannot keep the sandbox's state in `{state}`: {why}; name a folder with `--state`") from None


def _recorder(wanted: Wanted, tell: Callable[[str], None]) -> Recorder | None:
    from narrowgate.adapters.sandbox.recording import Recorder

    if wanted.record is None:
        if wanted.phase:
            raise UsageError("a phase is a recording's: say `--record FILE` too")
        return None
    return Recorder(wanted.record, tell=tell, phase=wanted.phase)
