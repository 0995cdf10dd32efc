"""What a custodian writes down of what it does, in the words of the ledger. Each is written before it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from moiety.custody.chronicle import CALLER, FOR, GALLERY, PARTIES, Chronicle, asked_by, minute_of, named
from moiety.custody.store.kinds import CLASSES, OPEN_WORDS, SECRETS, is_keys, purpose_of
from moiety.custody.verbs import Ground
from moiety.errors import MoietyError
from moiety.ledger.entry import (
    Configuration,
    Consent,
    Correction,
    Enrolment,
    Enrolments,
    Erasure,
    Erasures,
    Key,
    LookUp,
    Opening,
    Recognition,
    Refusal,
    Restriction,
    Withdrawal,
)
from moiety.ledger.operation import Party
from moiety.matching.header import Header
from moiety.sharing.seat import Seat

CUSTODIANS: Final = Party.A | Party.B | Party.C
"""Whose ledgers have what the gateway cannot seal: it does not know a person's key while it has no record open."""


def enrolled(
    chronicle: Chronicle, header: Header, rows: NDArray[np.uint16], ground: int, carried: Sequence[int] | None
) -> None:
    """Newcomers, uint16 (n, dim), are about to be written: one person's keys, keys written anew, or so many people."""
    minute, caller, purpose = minute_of(header.at), asked_by(), purpose_of(header.gallery)
    if not is_keys(header.gallery):
        chronicle.nobody(header.attempt, Enrolments(minute, caller, purpose, len(rows)))
        return
    newcomer = Enrolment(minute, caller, purpose, _code(ground), 0)
    if len(rows) > 1:
        chronicle.many(header.attempt, newcomer, _publics_of(rows))
        return
    entry: Enrolment | Correction = newcomer
    if carried is not None:
        kept = {SECRETS[at] for at in carried}
        entry = Correction(minute, caller, purpose, tuple(name for name in CLASSES if name not in kept))
    chronicle.person(header.attempt, entry, public_of(rows[0]))


def restricted(chronicle: Chronicle, header: Header, public: bytes | None, on: bool) -> None:
    """Somebody is about to be kept from use, or not any more; of a face alone there is no key to seal it to, and it is
    not done either where nothing could be written."""
    if public is None:
        chronicle.require_writable()
    else:
        minute = minute_of(header.at)
        entry = Restriction(minute, asked_by(), purpose_of(header.gallery), on)
        chronicle.person(header.attempt, entry, public, CUSTODIANS)


def grounded(chronicle: Chronicle, header: Header, ground: Ground, public: bytes) -> None:
    """Somebody gave a ground of the law, or took it back."""
    minute, caller, purpose, code = minute_of(header.at), asked_by(), purpose_of(header.gallery), _code(ground.place)
    if ground.text:
        entry: Consent | Withdrawal = Consent(minute, caller, purpose, code, ground.text, ground.how)
    else:
        entry = Withdrawal(minute, caller, purpose, code)
    chronicle.person(header.attempt, entry, public)


def _code(place: int) -> str:
    """A ground in a word: custodians know its place in the purpose's document, and not what it is called."""
    return f"g{place}"


def erased(chronicle: Chronicle, header: Header, public: bytes | None, reason: str) -> None:
    """Somebody, or a version of a record that was written anew, is about to be destroyed."""
    minute, caller, purpose = minute_of(header.at), asked_by(), purpose_of(header.gallery)
    if public is None:
        chronicle.nobody(header.attempt, Erasures(minute, caller, purpose, header.rows), CUSTODIANS)
    else:
        entry = Erasure(minute, caller, purpose, reason, minute)
        chronicle.person(header.attempt, entry, public, CUSTODIANS)


def recognised(chronicle: Chronicle, header: Header) -> None:
    """So many probes are about to be answered."""
    entry = Recognition(minute_of(header.at), asked_by(), header.gallery, header.probes)
    chronicle.nobody(header.attempt, entry)


def unlocked(
    chronicle: Chronicle,
    seat: Seat,
    asked: bytes,
    purpose: str,
    secrets: Sequence[str],
    reason: str,
    role: str | None,
    public: bytes,
) -> int:
    """Parts of somebody's keys are about to leave; the minute that is written down."""
    minute = chronicle.now()
    entry = Opening(minute, asked_by(), purpose, tuple(secrets), reason, role)
    chronicle.person(opening_id(asked, seat), entry, public, Party.GATEWAY | PARTIES[seat])
    return minute


def opening_id(asked: bytes, seat: Seat) -> bytes:
    """Each custodian's opening is an operation of its own, beside the gateway's."""
    return named(b"opening", asked, seat.encode())


def adopted(chronicle: Chronicle, identity: bytes, minute: int, purpose: str, terms: bytes, document: bytes) -> None:
    """A purpose is about to be added or replaced, at whoever's ledger this is."""
    digest = hashlib.sha256(len(terms).to_bytes(8, "big") + terms + document).digest()
    chronicle.nobody(identity, Configuration(minute, asked_by(), purpose, "purpose", digest), chronicle.party)


def refreshed(chronicle: Chronicle, header: Header) -> None:
    """A refresh is about to be agreed on."""
    digest = hashlib.sha256(header.attempt).digest()
    chronicle.nobody(header.attempt, Configuration(minute_of(header.at), asked_by(), None, "refresh", digest))


def acknowledged(chronicle: Chronicle, digest: bytes) -> None:
    """What the gateway's ledger lacked was written there later, of operations with this digest."""
    entry = Configuration(chronicle.now(), asked_by(), None, "acknowledge", digest)
    chronicle.nobody(named(b"acknowledged", digest), entry, chronicle.party)


def keyed(chronicle: Chronicle, header: Header, public: bytes) -> None:
    """A purpose has its pseudonyms' key from now on."""
    digest = hashlib.sha256(public).digest()
    entry = Key(minute_of(header.at), asked_by(), header.gallery, "pseudonyms", digest)
    chronicle.nobody(header.attempt, entry, chronicle.party)


def looked_up(chronicle: Chronicle, gallery: str, what: Literal["evaluated", "located", "pseudonyms"]) -> None:
    """What leaves tells names, or who is there. One line a minute for each caller, purpose and kind: how many, budgets
    count. Unlike what is refused it is not done where that cannot be written: raises `LedgerUnwritable`."""
    minute, caller, purpose = chronicle.now(), asked_by(), purpose_of(gallery)
    words = (caller.encode(), purpose.encode(), what.encode())
    identity = named(b"look up", bytes([chronicle.party]), minute.to_bytes(8, "big"), *words)
    chronicle.once(identity, LookUp(minute, caller, purpose, what))


def refused(chronicle: Chronicle, code: str, purpose: str | None) -> None:
    """Something was not done. One line a minute for each who signs, purpose that there is, and code: who asks for ever
    must not fill a disk, and whoever signs may invent whom it is for."""
    minute, caller = chronicle.now(), CALLER.get().partition(FOR)[0]
    words = (caller.encode(), (purpose or "").encode(), code.encode())
    identity = named(b"refusal", bytes([chronicle.party]), minute.to_bytes(8, "big"), *words)
    with suppress(MoietyError):  # whatever is wrong with the ledger, nothing is done anyway
        chronicle.once(identity, Refusal(minute, caller, purpose, code))


def asked_about(held: Callable[[str], object]) -> str | None:
    """Of which purpose somebody asks something, where its gallery is `held`; names that are made up are nobody's."""
    with suppress(MoietyError):
        gallery = GALLERY.get()
        return purpose_of(gallery) if gallery and held(gallery) is not None else None
    return None


def public_of(row: NDArray[np.uint16]) -> bytes:
    """The person's public key in a row of keys, uint16 (96,)."""
    return _publics_of(row[np.newaxis])


def _publics_of(rows: NDArray[np.uint16]) -> bytes:
    """Of rows uint16 (n, 96), n * 32 bytes."""
    return np.ascontiguousarray(rows[:, -OPEN_WORDS:]).astype("<u2").tobytes()
