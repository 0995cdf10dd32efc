"""Guests of the example `hotel`, all made up, and an inn to keep them in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from stdnum.cn.ric import calc_check_digit

from moiety.custody.gateway import trial
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.trust.keyfile import open_key
from moiety.custody.trust.requests import read_request
from moiety.face.installed import Installed
from moiety.identity.examples import HOTEL
from moiety.identity.office import Office
from moiety.identity.people import People
from moiety.identity.ports import Custodians
from moiety.vault.shelf import Shelf
from moiety.vault.values import Raw
from tests.apart.field import TIME, Field, patiently
from tests.stories.scene import Clock
from tests.vault.people import picture

NUMBER = "11010519491231002X"
"""The example of GB 11643-1999."""

PHOTO = picture(b"canary photograph" + hashlib.shake_256(b"photograph").digest(3_000))
GUEST: dict[str, Raw] = {
    "national_id": NUMBER,
    "document_dates": "2010-01-17/2030-01-16",
    "name": "Wáng Canary Li",
    "sex": "F",
    "nationality": "CN",
    "birth_date": "1949-12-31",
    "address": "7 Marmalade Lane, Canary Wharf",
    "photo": PHOTO,
    "employer": "Canary & Sons Clockmakers",
    "room": "Turret chamber seven",
}
"""One guest, of whom every field is known."""


def number(place: int) -> str:
    """A valid identity number of nobody, another one for each place."""
    born = date(1950, 1, 1) + timedelta(days=place // 500)
    body = f"110105{born:%Y%m%d}{place % 500:03d}"
    return body + calc_check_digit(body + "0")


def guest(place: int) -> dict[str, Raw]:
    """One of many guests."""
    found = number(place)
    return {
        "national_id": found,
        "name": f"Guest of number {place}",
        "birth_date": f"{found[6:10]}-{found[10:12]}-{found[12:14]}",
        "address": f"{place} Long Street",
    }


@dataclass(frozen=True)
class Inn:
    """Three custodians, a clock that they go by, and how an office of theirs is opened with a folder of records."""

    folder: Path
    clock: Clock
    apart: bool
    reach: Callable[[], Custodians]
    models: Installed

    def open(self, records: Path | str) -> Office:
        return Office(self.reach(), self.models, Shelf(records), clock=self.clock, entropy=os.urandom)

    @contextmanager
    def people(self, records: Path | str, name: str = "hotel", role: str = "operator") -> Iterator[People]:
        """The people of a purpose, added where it is not there yet; `role` is who asks, apart by whose key signs."""
        with self.signing(role), self.open(records) as office:
            if name not in office.purposes():
                office.add_purpose(hotel(name, trusting=name.startswith("trusting")))
            yield office.purpose(name).people(role=role)

    def ticket(self, people: People, count: int) -> bytes | None:
        """What the trial's two officers have signed for so many people's records; nothing where nobody signs."""
        if not self.apart:
            return None
        asked = read_request(people.request_bulk(count))
        for name in ("officer-1", "officer-2"):
            key = self.folder / trial.PEOPLE / name
            asked = asked.signed_by(open_key(key.with_suffix(".pem"), key.with_suffix(".passphrase").read_text()))
        return asked.to_bytes()

    @contextmanager
    def signing(self, role: str) -> Iterator[None]:
        """Meanwhile the gateway's calls are signed by somebody of this role."""
        file = self.folder / DEPLOYMENT
        if not self.apart or role == "operator":
            yield
            return
        before = file.read_text()
        file.write_text(before.replace(f"{trial.PEOPLE}/operator.", f"{trial.PEOPLE}/officer-1."))
        try:
            yield
        finally:
            file.write_text(before)


def hotel(name: str, *, trusting: bool = False) -> bytes:
    """The example's document, of another name; `trusting` lets operators have all classes opened, and so correct them:
    who corrects a field is shown what it is sealed with."""
    text = HOTEL.replace('name = "hotel"', f'name = "{name}"')
    allowed = 'operator = ["contact", "document"]'
    assert allowed in text
    return (text.replace(allowed, allowed.replace("[", '["birth", "photo", ')) if trusting else text).encode()


@contextmanager
def inn(folder: Path, models: Installed, *, apart: bool, forked: bool = True) -> Iterator[Inn]:
    """An inn in this process, or with three others."""
    clock = Clock(folder / TIME)
    office = folder / "office"
    if not apart:
        Embedded.create(office, os.urandom)
        yield Inn(office, clock, False, lambda: Embedded.open(office, clock=clock, entropy=os.urandom), models)
        return
    field = Field.lay_out(office, clock=clock, forked=forked)
    field.start()

    def reach() -> Custodians:
        clock.pass_(seconds=1)  # nobody is let in before the second is over in which a custodian began
        return field.connect()

    try:
        yield Inn(office, clock, True, lambda: patiently(reach), models)
    finally:
        field.close()
