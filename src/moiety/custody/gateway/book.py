"""The gateway's own ledger: what it was answered, written down before anybody is told."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moiety.custody.chronicle import Chronicle
from moiety.custody.refusals import KeyWorldReadable, OfficeUnwritable
from moiety.custody.store.noise import Entropy
from moiety.database.private import require_private
from moiety.ledger.operation import Party

BOOK: Final = "ledger"
"""The folder of the gateway's ledger and of the key that it signs with."""

KEY: Final = "signing.key"

BEGUN: Final = "begun"
"""Says that there is a ledger: it is not begun twice."""

_SEED_BYTES: Final = 32


def opened(folder: Path, office: bytes, *, clock: Callable[[], datetime], entropy: Entropy) -> Chronicle:
    """The ledger of the gateway whose folder this is; both are made when they are first asked for.

    Raises `LedgerLost` where the key is there and the ledger is not, `KeyWorldReadable` and
    `DatabaseExposed` where others may reach them, `OfficeUnwritable`, and what `Log.open` raises.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_private(folder)
        key = Ed25519PrivateKey.from_private_bytes(_seed(folder / KEY, entropy))
        begun = (folder / BEGUN).exists()
    except OSError:
        raise OfficeUnwritable from None
    chronicle = Chronicle.open(folder, office, Party.GATEWAY, key, begun=begun, clock=clock, entropy=entropy)
    if not begun:
        try:
            (folder / BEGUN).touch(mode=0o600)
        except OSError:
            chronicle.close()
            raise OfficeUnwritable from None
    return chronicle


def _seed(file: Path, entropy: Entropy) -> bytes:
    """The 32 bytes in a file; where there is none it is made, whole and by one process alone."""
    if not file.exists():
        partial = file.with_name(f"{file.name}.{entropy(8).hex()}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as opened_:
                opened_.write(entropy(_SEED_BYTES))
                opened_.flush()
                os.fsync(opened_.fileno())
            with suppress(FileExistsError):  # another process was faster
                os.link(partial, file)
        finally:
            partial.unlink()
    with file.open("rb") as opened_:
        if os.fstat(opened_.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyWorldReadable
        return opened_.read(_SEED_BYTES + 1)
