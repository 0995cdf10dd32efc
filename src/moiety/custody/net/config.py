"""Configurations: a custodian's own (`custodian.toml`, on its own host) and a gateway's (`deployment.toml`).

Paths in them are relative to the file. A field that is not declared here is refused, so that a misspelt limit is
never silently absent. Nothing in either is about a person, a purpose or a threshold.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct
from pydantic import ValidationError

from moiety.custody.messages import Seated, learn
from moiety.custody.net.misread import ConfigInvalid, place_of
from moiety.custody.net.tls import Identity, Neighbour
from moiety.custody.refusals import ConfigExposed, ConfigUnreadable
from moiety.custody.store.noise import Entropy
from moiety.custody.trust.denials import NobodySigns
from moiety.custody.trust.hand import Hand
from moiety.custody.trust.keyfile import KeyFile, open_key, read_private
from moiety.custody.trust.limits import Limits
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


class TokenOf(Struct, frozen=True, forbid_unknown_fields=True):
    """A PKCS#11 token for the root keys: its library, its label, and a file with its PIN (0600)."""

    library: str
    label: str
    pin: str


class Papers(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What both kinds of configuration have: the office, and the files of this party's identity."""

    office: Office
    certificate: str
    key: str
    authority: str


class Custody(Papers, frozen=True, kw_only=True):
    """`custodian.toml`: one custodian.

    `store` is the folder of its root keys, where no `token` holds them, and of its rows, where there is no `database`
    (the URL of a PostgreSQL). `operators` is the folder of who may ask, `limits` a table of budgets (see `limits`),
    `metrics` an address on this host for `/metrics`, `/live` and `/ready`. Without `gateways` nobody is let in but the
    other two, as after the only one was stolen.
    """

    seat: Seated
    listen: Address
    store: str
    database: str | None = None
    token: TokenOf | None = None
    operators: str
    limits: dict[str, Any] = {}
    metrics: Address | None = None
    custodians: dict[Seated, Listed]
    gateways: dict[Named, Gateway] = {}

    def budgets(self) -> Limits:
        """The limits. Raises `ConfigInvalid`."""
        try:
            return Limits.model_validate(self.limits)
        except ValidationError as error:
            raise ConfigInvalid(place_of(error)) from None


class Gateways(Papers, frozen=True, kw_only=True):
    """`deployment.toml`: the three custodians, as one gateway knows them, and whose key signs what it asks.

    `officers` are for a trial: whoever has this host then changes purposes alone.
    """

    custodians: dict[Seated, Listed]
    caller: KeyOf
    officers: list[KeyOf] = []
    records: str = "records"


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
        for seat in SEATS:
            if seat not in config.custodians:
                raise ConfigInvalid(f"missing field: custodians.{seat}")
        return cls(file.parent, config)

    @property
    def folder(self) -> Path:
        """Where the configuration is, and what the gateway keeps."""
        return self._folder

    def identity(self) -> Identity:
        """This gateway's identity; raises as `Identity.load`."""
        return identity(self._folder, self._config)

    def custodians(self) -> dict[Seat, Neighbour]:
        """The three."""
        return {seat: self._config.custodians[seat].neighbour() for seat in SEATS}

    def hand(self, clock: Callable[[], datetime], entropy: Entropy, *, officer: bool = False) -> Hand:
        """Whose keys sign; `officer` has the first officer of a trial ask, and not the caller. Raises `NobodySigns`
        where there is none, and as `open_key`."""
        caller, *officers = (self._signer(of) for of in (self._config.caller, *self._config.officers))
        if officer:
            if not officers:
                raise NobodySigns
            caller = officers[0]
        return Hand(bytes.fromhex(self._config.office), caller, officers, clock, entropy)

    def _signer(self, of: KeyOf) -> KeyFile:
        return open_key(self._folder / of.key, read_private(self._folder / of.passphrase).decode().strip())

    def records(self) -> Path | str:
        """Where the record store is: a folder, beside this file unless it is said otherwise, or a PostgreSQL's URL."""
        place = self._config.records
        return place if "://" in place else self._folder / place

    def warning(self) -> str:
        """What this deployment does not protect against."""
        hosts = {_host(listed.address) for listed in self._config.custodians.values()}
        return WARNING_ONE_HOST if len(hosts) < len(SEATS) else WARNING_SEATED


learn(list(vars().values()))

Config = TypeVar("Config", bound=Papers)


def read(file: Path, kind: type[Config]) -> Config:
    """A configuration file. Raises `ConfigUnreadable`, `ConfigInvalid`, and `ConfigExposed` where others may read the
    URL of a database, which mostly holds a password."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST + 1)
            mode = os.fstat(opened.fileno()).st_mode
    except OSError:
        raise ConfigUnreadable from None
    try:
        if len(text) > _LONGEST:
            raise ConfigInvalid
        tables: Any = tomllib.loads(text.decode())
        config = msgspec.convert(tables, kind)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, UnicodeDecodeError, msgspec's are ValueErrors
        raise ConfigInvalid(place_of(error)) from None
    if isinstance(config, Custody) and config.database is not None and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigExposed
    return config


def identity(folder: Path, config: Papers) -> Identity:
    """The identity that a configuration names; raises as `Identity.load`."""
    return Identity.load(folder / config.certificate, folder / config.key, folder / config.authority)


def _host(address: str) -> str:
    """The host of an address; this machine goes by several names."""
    host = address.rpartition(":")[0].lower().strip("[]")
    return "localhost" if host.startswith("127.") or host == "::1" else host


def pinned(key: str) -> bytes:
    """The 32 bytes of `sha256:<hex>`."""
    return bytes.fromhex(key.removeprefix("sha256:"))


def shown(pin: bytes) -> str:
    """A pin as configurations have it."""
    return f"sha256:{pin.hex()}"
