"""What is tried on records finds nothing in a sound store, and each leak made on purpose."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from moiety.custody.gateway import enrolment, naming
from moiety.custody.gateway.together import Together
from moiety.drills import guests, reception, rewind, shelves
from moiety.drills.register import CLINIC, HOTEL, RECORDS, Register
from moiety.drills.run import RECORD_ATTACKS, attack, seeded
from moiety.drills.verdict import level, passed
from moiety.identity.ports import silent
from moiety.vault import resident, seal
from tests.drills import doctor
from tests.drills.conftest import SEED


def findings(register: Register, *names: str) -> set[str]:
    """Of these attacks, or of all, those that did not come out as designed, judged as in a whole drill."""
    rows = attack(register, SEED, silent, tuple(row for row in RECORD_ATTACKS if not names or row.name in names))
    return {row.name for row in rows if not passed(row, level(RECORD_ATTACKS))}


def _renamed(register: Register, purpose: str, names: np.ndarray) -> Register:
    """The register, with other pseudonyms in one purpose, uint8 (n, 16)."""
    pairs = list(zip(map(bytes, names), map(bytes, register.pseudonyms[purpose]), strict=True))

    def edit(database: sqlite3.Connection) -> None:
        query = "UPDATE vault_people SET person = ? WHERE purpose = ? AND person = ?"
        database.executemany(query, [(new, purpose, old) for new, old in pairs])

    return replace(doctor.with_shelf(register, edit), pseudonyms={**register.pseudonyms, purpose: names})


def pseudonyms_that_are_hashes(register: Register) -> Register:
    hashes = b"".join(hashlib.sha256(guest.number.encode()).digest()[:16] for guest in register.guests)
    names = np.frombuffer(hashes, np.uint8).reshape(-1, 16)
    return _renamed(_renamed(register, HOTEL, names), CLINIC, names)


def one_key_for_two_purposes(register: Register) -> Register:
    return _renamed(register, CLINIC, register.pseudonyms[HOTEL])


def one_index_for_two_purposes(register: Register) -> Register:
    here, there = register.pseudonyms[HOTEL], register.pseudonyms[CLINIC]

    def edit(database: sqlite3.Connection) -> None:
        for left, right in zip(map(bytes, here), map(bytes, there), strict=True):
            query = "UPDATE vault_people SET entry = (SELECT entry FROM vault_people WHERE person = ?) WHERE person = ?"
            database.execute(query, (left, right))

    return doctor.with_shelf(register, edit)


def values_as_long_as_they_are(register: Register) -> Register:
    def edit(database: sqlite3.Connection) -> None:
        for purpose in (HOTEL, CLINIC):
            for guest, name in zip(register.guests, map(bytes, register.pseudonyms[purpose]), strict=True):
                of_one = "(SELECT id FROM vault_people WHERE person = ?)"
                document, contact, birth, photo = guest.lengths()
                query = f"UPDATE vault_records SET document = randomblob(?), contact = randomblob(?), birth = randomblob(?) WHERE id = {of_one}"  # noqa: E501, S608
                database.execute(query, (document, contact, birth, name))
                database.execute(f"UPDATE vault_photos SET photo = randomblob(?) WHERE id = {of_one}", (photo, name))  # noqa: S608

    return doctor.with_shelf(register, edit)


def an_address_in_a_column(register: Register) -> Register:
    def edit(database: sqlite3.Connection) -> None:
        database.execute("ALTER TABLE vault_people ADD COLUMN remark TEXT")
        database.execute("UPDATE vault_people SET remark = ? WHERE id = 3", (register.guests[3].address,))

    return doctor.with_shelf(register, edit)


def a_photograph_left_behind(register: Register) -> Register:
    photograph = next(guest.photograph for guest in register.guests if guest.photograph)
    return doctor.with_file_beside(register, RECORDS, "cache.bin", photograph[5_000:7_000])


def custodians_that_erase_nothing(register: Register) -> Register:
    return replace(register, after={**register.after, "a": register.before["a"], "c": register.before["c"]})


def records_that_open_when_they_are_put_back(register: Register) -> Register:
    return replace(register, revived=np.ones(len(register.erased), np.bool_))


LEAKS = {
    "pseudonyms that are hashes": (
        pseudonyms_that_are_hashes,
        {"enumerate identity numbers", "join two purposes"},
    ),
    "one key for two purposes": (one_key_for_two_purposes, {"join two purposes"}),
    "one index for two purposes": (one_index_for_two_purposes, {"join two purposes"}),
    "values as long as they are": (values_as_long_as_they_are, {"match lengths", "join two purposes"}),
    "an address in a column": (an_address_in_a_column, {"read fields"}),
    "a photograph left behind": (a_photograph_left_behind, {"read photographs"}),
    "custodians that erase nothing": (custodians_that_erase_nothing, {"rewind the erased"}),
    "records that open when they are put back": (records_that_open_when_they_are_put_back, {"rewind the erased"}),
}


def test_nothing_is_found_in_a_sound_record_store(register):
    assert findings(register) == set()


@pytest.mark.parametrize("leak", LEAKS)
def test_the_leak_is_found(leak, register):
    make, expected = LEAKS[leak]
    assert findings(make(register), *expected) == expected


def test_every_attack_on_records_has_found_a_leak():
    assert {row.name for row in RECORD_ATTACKS} == set().union(*(expected for _, expected in LEAKS.values()))


def test_a_broken_stack_is_found(monkeypatch):
    """The real stories: hashes for pseudonyms, values that are not filled up, keys that are never destroyed."""
    monkeypatch.setattr(
        naming,
        "pseudonyms",
        lambda three, entropy, purpose, inputs, *more: [hashlib.sha256(one[-18:]).digest()[:16] for one in inputs],
    )
    monkeypatch.setattr(seal, "filled", lambda plain, lengths: plain + b"\x80")
    monkeypatch.setattr(enrolment, "erase", lambda three, headers, rows: list(rows))
    monkeypatch.setattr(Together, "attest", lambda *anything: b"a receipt for what is still there")
    entropies, rng = partial(seeded, SEED), np.random.default_rng(SEED)
    broken = reception.checked_in(RECORDS, 40, entropies, rng, silent)
    # A hash of a number is also one of the forms that a number is looked for in.
    expected = {"read fields", "enumerate identity numbers", "join two purposes", "match lengths", "rewind the erased"}
    assert findings(broken) == expected


def test_the_erased_are_had_back_by_their_record_and_by_their_face(register):
    """Where the other two erase nothing, as on the twin."""
    no_face = replace(register, templates=np.zeros_like(register.templates))

    def spoil(database: sqlite3.Connection) -> None:
        database.execute("UPDATE vault_records SET document = x'', contact = x'', birth = x''")
        database.execute("UPDATE vault_photos SET photo = x''")

    no_record = doctor.with_shelf(register, spoil)
    for some in (no_face, no_record):
        assert rewind.erased(some, np.random.default_rng(1))[1].success == 1
    assert rewind.erased(replace(no_record, templates=no_face.templates), np.random.default_rng(1))[1].success == 0


def test_every_number_of_a_county_and_a_year_is_tried_and_each_is_one():
    every = guests.numbers()
    assert len(set(every)) == len(every) == 365_000
    for number in every[::5_003]:
        assert resident.validate(number) == number


def test_lengths_tell_what_is_conceded_and_nothing_finer(register):
    stored = shelves.entries(register.before[RECORDS].files, HOTEL).of(register.pseudonyms[HOTEL]).lengths
    told = np.unique(stored, axis=0, return_inverse=True)[1].reshape(-1)
    pairs = set(zip(told.tolist(), register.conceded.tolist(), strict=True))
    assert len(pairs) == len(set(told.tolist())) == len(set(register.conceded.tolist())) > 2
