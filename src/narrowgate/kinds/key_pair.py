"""The person's public key, imported: AWS never has the private one. Pure.

Source: ImportKeyPair, DescribeKeyPairs (`IncludePublicKey`), DeleteKeyPair, Amazon EC2 API Reference.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import Fields, call
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, found, identity, listing, making
from narrowgate.resource import Draft, Installation, Kind, Resource, Script, tags_in

KIND = Kind("key_pair", "the public key for SSH, imported", options=("tags",))


def resource(installation: Installation, address: str, name: str, public_key: str) -> Resource:
    """The key pair `name`; `public_key` is a line in OpenSSH's form."""
    create = making(installation, "ImportKeyPair", address, KeyName=name, PublicKeyMaterial=public_key.encode())
    gone = call("ec2", "DeleteKeyPair", KeyName=name)

    def change(there: Fields) -> tuple[Draft, ...]:
        if not there.text("PublicKey") or _key(there.text("PublicKey")) == _key(public_key):
            return ()
        # Nodes that run keep the key that they were started with.
        why = "it holds another public key"
        return (Draft(gone, "update", why), Draft(create, "update", why))

    return Resource(
        address=address,
        name=name,
        identity=identity(installation, address),
        needs=(),
        read=partial(_read, installation, address),
        create=(Draft(create, "create", "the public half only"),),
        change=change,
        delete=lambda there: (Draft(gone, "delete", "the key pair"),),
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _read(installation: Installation, address: str, whole: bool) -> Script:
    pair = found((yield listing(installation, "DescribeKeyPairs", IncludePublicKey=True)), "KeyPairs", address)
    if pair is None:
        return None
    return Fields(KeyName=pair["KeyName"], PublicKey=pair.get("PublicKey"), Tags=tags_in(pair))


def _key(line: str) -> list[str]:
    """The type and the key, without the comment."""
    return line.split()[:2]
