"""Configurations: a custodian's own (`custodian.toml`, on its own host) and a gateway's (`deployment.toml`).

Paths in them are relative to the file. A field that is not declared here is refused, so that a misspelt limit is
never silently absent. Nothing in either is about a person, a purpose or a threshold.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from moiety.custody.hand import Hand
from moiety.custody.keyfile import KeyFile, open_key, read_private
from moiety.custody.lines import Neighbour
from moiety.custody.noise import Entropy
from moiety.custody.refusals import ConfigInvalid, ConfigUnreadable
from moiety.custody.tls import Identity
from moiety.custody.wire import Seated
from moiety.sharing.seat import SEATS, Seat

Address = Annotated[str, Meta(pattern=r"^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}$", max_length=260)]
Key = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
Office = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
Named = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]

_LONGEST = 1 << 16


class Listed(Struct, frozen=True, forbid_unknown_fields=True):
    """Another custodian: where it listens, and the pinned public key."""

    address: Address
    key: Key

    def neighbour(self) -> Neighbour:
        """The same, decoded."""
        return Neighbour(self.address, pinned(self.key))


class Gateway(Struct, frozen=True, forbid_unknown_fields=True):
    """A gateway that may call: its pinned public key."""

    key: Key


class KeyOf(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's private key: the file that `moiety operator add` made, and a file with its passphrase (0600)."""

    key: str
    passphrase: str


class Papers(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What both kinds of configuration have: the office, and the files of this party's identity."""

    office: Office
    certificate: str
    key: str
    authority: str


class Custody(Papers, frozen=True, kw_only=True):
    """`custodian.toml`: one custodian. `operators` is the folder of who may ask, `limits` a table of
    budgets (see `limits`), `metrics` an address on this host for `/metrics`, `/live` and `/ready`; `database` the URL
    of a PostgreSQL, without which the rows lie in `store` too."""

    seat: Seated
    listen: Address
    store: str
    operators: str
    limits: dict[str, Any] = {}
    metrics: Address | None = None
    database: str | None = None
    custodians: dict[Seated, Listed]
    gateways: dict[Named, Gateway]


class Gateways(Papers, frozen=True, kw_only=True):
    """`deployment.toml`: the three custodians, as one gateway knows them, and whose key signs what it asks.

    `officers` are for a trial: whoever has this host then changes purposes alone.
    """

    custodians: dict[Seated, Listed]
    caller: KeyOf
    officers: list[KeyOf] = []


WARNING_ONE_HOST = (
    "one operator: protects no one yet. All three custodians listen on one host; whoever has it has every part."
)
WARNING_SEATED = "any one custodian's store can be stolen; two custodians together know everything."


class Deployment:
    """A gateway's configuration, read."""

    def __init__(self, folder: Path, config: Gateways) -> None:
        self._folder = folder
        self._config = config

    @classmethod
    def read(cls, file: Path) -> Deployment:
        """Read `deployment.toml`. Raises `ConfigUnreadable`, `ConfigInvalid`."""
        config = read(file, Gateways)
        if set(config.custodians) != set(SEATS):
            raise ConfigInvalid
        return cls(file.parent, config)

    def identity(self) -> Identity:
        """This gateway's identity; raises as `Identity.load`."""
        return identity(self._folder, self._config)

    def custodians(self) -> dict[Seat, Neighbour]:
        """The three."""
        return {seat: self._config.custodians[seat].neighbour() for seat in SEATS}

    def hand(self, clock: Callable[[], datetime], entropy: Entropy) -> Hand:
        """Whose keys sign; raises as `open_key`."""
        caller, *officers = (self._signer(of) for of in (self._config.caller, *self._config.officers))
        return Hand(bytes.fromhex(self._config.office), caller, officers, clock, entropy)

    def _signer(self, of: KeyOf) -> KeyFile:
        return open_key(self._folder / of.key, read_private(self._folder / of.passphrase).decode().strip())

    def warning(self) -> str:
        """What this deployment does not protect against."""
        hosts = {listed.address.rpartition(":")[0] for listed in self._config.custodians.values()}
        return WARNING_ONE_HOST if len(hosts) < len(SEATS) else WARNING_SEATED


Config = TypeVar("Config", bound=Papers)


def read(file: Path, kind: type[Config]) -> Config:
    """A configuration file. Raises `ConfigUnreadable`, `ConfigInvalid`."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST + 1)
    except OSError:
        raise ConfigUnreadable from None
    try:
        if len(text) > _LONGEST:
            raise ConfigInvalid
        tables: Any = tomllib.loads(text.decode())
        return msgspec.convert(tables, kind)
    except (ValueError, RecursionError):  # TOMLDecodeError, UnicodeDecodeError and msgspec's are ValueErrors
        raise ConfigInvalid from None


def identity(folder: Path, config: Papers) -> Identity:
    """The identity that a configuration names; raises as `Identity.load`."""
    return Identity.load(folder / config.certificate, folder / config.key, folder / config.authority)


def pinned(key: str) -> bytes:
    """The 32 bytes of `sha256:<hex>`."""
    return bytes.fromhex(key.removeprefix("sha256:"))


def shown(pin: bytes) -> str:
    """A pin as configurations have it."""
    return f"sha256:{pin.hex()}"
