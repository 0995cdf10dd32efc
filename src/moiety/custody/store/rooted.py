"""Where the root keys of a custodian are: in a token of its operator's, or in files beside its database."""

from __future__ import annotations

from pathlib import Path

from moiety.custody.store.keyring import Keyring
from moiety.custody.store.noise import Entropy
from moiety.custody.store.token import FileToken, Token
from moiety.sharing.seat import Seat

ROOTS = "roots"
"""The folder of a custodian's root keys, beside its database."""


def keyring_of(folder: Path, seat: Seat, entropy: Entropy, token: Token | None) -> Keyring:
    """The data keys of the custodian of this folder; without a token its roots are files."""
    return Keyring(token or FileToken(folder / ROOTS, entropy), seat, entropy)
