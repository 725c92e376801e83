"""The sinks as a World: the calls `sink:HoldsKeys`, `StoreKey`, `CopyKey` and `ForgetKey`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from narrowgate.adapters.sinks import Credential, Sink
from narrowgate.calls import EMPTY, Call, Fields, Reply
from narrowgate.errors import AwsError, Refused
from narrowgate.secret import Secret


@dataclass(frozen=True, slots=True)
class Keeping:
    """The open sinks by label, and what they write beside the key."""

    sinks: Mapping[str, Sink]
    former: Mapping[str, Sink]
    """The sinks of earlier specs, by label: they are read and emptied, never filled."""
    account: str
    region: str
    instance_profile: str

    def __call__(self, call: Call) -> Reply | None:
        """Carry the call out. Raises Refused when a sink cannot be read or written."""
        operations: Mapping[str, Callable[[Fields], Reply | None]] = {
            "HoldsKeys": self._holds,
            "StoreKey": self._store,
            "CopyKey": self._copy,
            "ForgetKey": self._forget,
        }
        return operations[call.operation](call.params)

    def probe(self, labels: frozenset[str], ours: frozenset[str]) -> None:
        """Find out, before a key is made, whether these sinks can be written. Raises Refused."""
        for label in sorted(labels):
            self.sinks[label].probe(ours)

    def load(self, key: str) -> tuple[str, Secret] | None:
        """The key's secret from the first sink that has it."""
        for sink in self.sinks.values():
            found = sink.load(key)
            if found is not None:
                return found
        return None

    def _holds(self, params: Fields) -> Reply:
        label = params.text("Sink")
        try:
            held = self._any(label).holds()
        except Refused:
            if label in self.sinks:
                raise
            held = frozenset()  # nothing can be had from it, and no verb may stop at a place that is given up
        return Fields(Held=tuple(sorted(held)))

    def _store(self, params: Fields) -> Reply:
        secret = params["SecretAccessKey"]
        if not isinstance(secret, Secret):
            raise AwsError("no secret came with the key", code="NoSecret")
        self._put(params, params.text("UserName"), secret)
        return EMPTY

    def _copy(self, params: Fields) -> Reply:
        source, key = params.text("From"), params.text("AccessKeyId")
        found = self._any(source).load(key)
        if found is None:
            raise Refused(f"{source} does not hold `{key}` any more")
        self._put(params, params.text("UserName"), found[1])
        return EMPTY

    def _forget(self, params: Fields) -> Reply:
        self._any(params.text("Sink")).forget(params.text("AccessKeyId"))
        return EMPTY

    def _any(self, label: str) -> Sink:
        return self.sinks[label] if label in self.sinks else self.former[label]

    def _put(self, params: Fields, user: str, secret: Secret) -> None:
        credential = Credential(
            access_key_id=params.text("AccessKeyId"),
            secret=secret,
            user_name=user,
            account=self.account,
            region=self.region,
            data_instance_profile=self.instance_profile,
            app_instance_profile=self.instance_profile,
        )
        self.sinks[params.text("Sink")].store(credential)
