"""The key that signs, as commands are told of it: a file under a passphrase, or a PKCS#11 token."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from moiety.cli.passphrase import passphrase
from moiety.errors import Refused

if TYPE_CHECKING:
    from moiety.custody.trust.signing import Signer

Key = Annotated[
    str,
    typer.Option("--key", metavar="FILE", help="The key file; with --token, the label of the key in the token."),
]
Token = Annotated[
    str | None,
    typer.Option("--token", metavar="LIBRARY", help="Keep the key in a PKCS#11 token: the path of its library."),
]
TokenLabel = Annotated[
    str | None, typer.Option("--token-label", metavar="LABEL", help="Which token. It goes with --token.")
]


class TokenLabelMissing(Refused):
    code: ClassVar[str] = "token_label_missing"
    advice: ClassVar[str] = "--token and --token-label go together"


def made(key: str, token: str | None, label: str | None, file: Path | None) -> Signer:
    """A new key, in a file or a token."""
    if (token is None) != (label is None):
        raise TokenLabelMissing
    if token is None or label is None:
        from moiety.custody.trust.keyfile import make_key

        return make_key(Path(key), passphrase(file, "Passphrase for the new key", twice=True), os.urandom)
    from moiety.custody.trust.keycard import make_card_key

    return make_card_key(token, label, passphrase(file, "PIN of the token"), key)


def held(key: str, token: str | None, label: str | None, file: Path | None) -> Signer:
    """The key of a file or a token, opened."""
    if (token is None) != (label is None):
        raise TokenLabelMissing
    if token is None or label is None:
        from moiety.custody.trust.keyfile import open_key

        return open_key(Path(key), passphrase(file, "Passphrase of the key"))
    from moiety.custody.trust.keycard import KeyCard

    return KeyCard(token, label, passphrase(file, "PIN of the token"), key)
