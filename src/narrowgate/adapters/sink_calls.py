"""Which calls to AWS a spec's sinks can make: each is opened on a World that only notes what it is asked.

A sink in a file is not touched. Everything that a sink in AWS can do is done once where nothing is, and once where
the key is there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from narrowgate.adapters.sinks import Context, Credential, Sink, kinds
from narrowgate.adapters.sinks._cloud import CloudSink, text_of
from narrowgate.calls import Call, Fields, Reply
from narrowgate.errors import AwsError, Refused
from narrowgate.identity_calls import SinkCalls, sink_label
from narrowgate.resource import INSTALLATION
from narrowgate.secret import Secret
from narrowgate.spec import SinkChoice, Spec

_KEY: Final = "AKIAREHEARSAL0000000"
_CREDENTIAL: Final = Credential(
    access_key_id=_KEY,
    secret=Secret("rehearsal/of+a/secret+of/the+usual/size00"),
    user_name="rehearsal",
    account="000000000000",
    region="us-east-1",
    data_instance_profile="rehearsal",
    app_instance_profile="rehearsal",
)
_Does = Callable[[Sink], object]


def sink_calls(spec: Spec) -> SinkCalls:
    """The calls by which the spec's sinks carry out `HoldsKeys`, `StoreKey`, `CopyKey` and `ForgetKey`."""
    made = {sink_label(number): _noted(choice, spec.system) for number, choice in enumerate(spec.credentials)}

    def inside(asked: Call) -> tuple[Call, ...]:
        """Before a key is stored its place is probed; afterwards it is loaded, to be proved."""
        source, sink = made.get(asked.params.text("From")), made[asked.params.text("Sink")]
        match asked.operation:
            case "HoldsKeys":
                return sink.holds
            case "StoreKey":
                return (*sink.probe, *sink.store, *sink.load)
            case "CopyKey" if source is not None:
                return (*source.load, *sink.probe, *sink.store, *sink.load)
            case "ForgetKey":
                return sink.forget
        raise ValueError(f"a sink does not know `{asked.name}`")

    return inside


@dataclass(frozen=True, slots=True)
class _Noted:
    """The calls of each method of a sink."""

    holds: tuple[Call, ...] = ()
    probe: tuple[Call, ...] = ()
    store: tuple[Call, ...] = ()
    load: tuple[Call, ...] = ()
    forget: tuple[Call, ...] = ()


def _noted(choice: SinkChoice, system: str) -> _Noted:
    """What a sink asks of AWS, by method; nothing of one in a file."""

    def asked(does: _Does) -> tuple[Call, ...]:
        notes: dict[Call, None] = {}
        for there in (False, True):
            sink = _opened(choice, _Noting(there, system, notes))
            if isinstance(sink, CloudSink):
                # Where something is missing it says so, after it has asked.
                with suppress(Refused, AwsError):
                    does(sink)
        return tuple(notes)

    return _Noted(
        holds=asked(lambda sink: sink.holds()),
        probe=asked(lambda sink: sink.probe()),
        store=asked(lambda sink: sink.store(_CREDENTIAL)),
        load=asked(lambda sink: sink.load(_KEY)),
        forget=asked(lambda sink: sink.forget(_KEY)),
    )


def _opened(choice: SinkChoice, world: _Noting) -> Sink:
    kind = kinds()[choice.sink]
    settings = kind.settings.model_validate(choice.model_extra or {})
    return kind.open(settings, Context(Path(), world, {}, {INSTALLATION: world.system}))


class _Noting:
    """A World that notes each call, and answers that nothing is there, or all with another credential of the key."""

    def __init__(self, there: bool, system: str, notes: dict[Call, None]) -> None:
        self.system = system
        self._notes = notes
        self._reply = _reply(system) if there else None

    def __call__(self, asked: Call) -> Reply | None:
        self._notes[asked] = None
        return self._reply


def _reply(system: str) -> Reply:
    """Of either service: its container carries our tag and keeps an older text."""
    tags = (Fields(Key=INSTALLATION, Value=system),)
    text = text_of(replace(_CREDENTIAL, user_name="another"))
    parameter = Fields(Type="SecureString", Value=text)
    return Fields(Tags=tags, TagList=tags, SecretString=text, VersionId="earlier", Parameter=parameter)
