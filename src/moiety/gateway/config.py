"""`gateway.toml`: where the service listens, and what it serves."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from moiety.gateway.bodies import PICTURES_MIB
from moiety.gateway.callers.grants import Oidc
from moiety.gateway.rates import A_SECOND, AT_ONCE, STRANGERS_A_SECOND, STRANGERS_AT_ONCE
from moiety.gateway.refusals import GatewayConfigInvalid, GatewayConfigUnreadable, GatewayExists

FOLDER: Final = "http"
"""Of the configuration and the credentials, in the office's folder."""

FILE: Final = "gateway.toml"
_LONGEST: Final = 65_536

Given = TypeVar("Given")

Address = Annotated[str, StringConstraints(pattern=r"^[^\s:]+:[0-9]{1,5}$")]


class Tls(BaseModel):
    """The certificate (PEM, with its chain) and the key of whoever visits the service."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: str
    key: str


class Limits(BaseModel):
    """How many requests each caller may make: `a_second` in the long run, `at_once` together; and how many keys that
    are not known yet may be brought from one address, each of which costs this machine 20 ms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a_second: float = Field(default=A_SECOND, gt=0, le=100_000)
    at_once: int = Field(default=AT_ONCE, ge=1, le=100_000)
    strangers_a_second: float = Field(default=STRANGERS_A_SECOND, gt=0, le=1_000)
    strangers_at_once: int = Field(default=STRANGERS_AT_ONCE, ge=1, le=10_000)


class Page(BaseModel):
    """An address of this machine alone for `/metrics`, `/live` and `/ready`, over plain HTTP."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: Address


class Config(BaseModel):
    """`office` is the office's folder, `listen` an address, `store` the folder of the credentials or the URL of a
    PostgreSQL; folders are seen from the file's own. Without `tls` it listens to this machine alone: whoever asks from
    another comes through a proxy that has a certificate. `oidc` is an identity provider whose tokens
    count as keys do. `bodies_mib` is what all requests together may have sent that are under way."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    office: str = ".."
    listen: Address
    store: str = "."
    tls: Tls | None = None
    oidc: Oidc | None = None
    at_once: int = Field(default=8, ge=1, le=256)
    waiting: int = Field(default=64, ge=0, le=4_096)
    deadline_s: int = Field(default=60, ge=1, le=3_600)
    bodies_mib: int = Field(default=512, ge=PICTURES_MIB, le=65_536)
    rates: Limits = Limits()
    metrics: Page | None = None

    @property
    def host(self) -> str:
        """Where it listens."""
        return self.listen.rpartition(":")[0]

    @property
    def port(self) -> int:
        """At which port."""
        return int(self.listen.rpartition(":")[2])

    @property
    def url(self) -> str:
        """What a browser is given."""
        return f"{'http' if self.tls is None else 'https'}://{self.listen}"


def written(place: Path, listen: str) -> Path:
    """The file, written into this folder, which is made. Raises `GatewayExists`, and `GatewayConfigInvalid` of an
    address that will not do: then nothing is written."""
    file = place / FILE
    _checked(Config.model_validate, {"listen": listen})
    if file.exists():
        raise GatewayExists
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        file.write_text(f'office = ".."\nlisten = "{listen}"\n')
    except OSError:
        raise GatewayConfigUnreadable from None
    return file


def read(file: Path) -> Config:
    """Raises `GatewayConfigUnreadable`, and `GatewayConfigInvalid`, which names declared fields."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST + 1)
    except OSError:
        raise GatewayConfigUnreadable from None
    if len(text) > _LONGEST:
        raise GatewayConfigInvalid
    return _checked(lambda given: Config.model_validate(tomllib.loads(given.decode())), text)


def _checked(reading: Callable[[Given], Config], given: Given) -> Config:
    refused = GatewayConfigInvalid()
    try:
        config = reading(given)
    except ValidationError as error:
        refused.where = ", ".join(name for name in Config.model_fields if any(name in e["loc"] for e in error.errors()))
        raise refused from None
    except (ValueError, RecursionError):  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise refused from None
    if config.tls is None and not (config.host == "localhost" or config.host.startswith("127.")):
        refused.where = "listen"
        raise refused
    return config
