"""Where a custodian's configuration says that its root keys are."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from moiety.custody.net.config import Custody
from moiety.custody.store.noise import Entropy
from moiety.custody.store.token import Token
from moiety.custody.trust.keyfile import read_private


def token_of(folder: Path, config: Custody, entropy: Entropy, undo: ExitStack) -> Token | None:
    """The token that a configuration in this folder names, or None: then the root keys are files in the store's folder.

    `undo` closes it. Raises as `read_private`, `TokenPinWrong` and `TokenShut`.
    """
    if config.token is None:
        return None
    from moiety.custody.store.pkcs11 import Pkcs11Token

    pin = read_private(folder / config.token.pin).decode(errors="replace").strip()
    office = bytes.fromhex(config.office)
    token = Pkcs11Token(Path(config.token.library), config.token.label, pin, office, config.seat, entropy)
    undo.callback(token.close)
    return token
