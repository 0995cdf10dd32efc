"""What the vault evaluates and stores, written by hand from the published layouts: these bytes never change."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from moiety.vault import consent, seal
from moiety.vault.identifier import Identifier
from moiety.vault.index import index_bytes
from moiety.vault.owed import Owed
from moiety.vault.record import Record
from moiety.vault.refusals import RecordMisfit
from moiety.vault.schema import Group, Schema
from moiety.vault.seal import ClassKeys, Whose

PERSON = bytes(range(16))
KEY = bytes(range(100, 132))
HERE = Whose("door", PERSON)


def part(text: bytes) -> bytes:
    """With its length in front."""
    return len(text).to_bytes(2, "little") + text


def fixed(count: int) -> bytes:
    """The nonces of the vectors."""
    return bytes(range(count))


def test_a_sealed_class_never_changes_its_form() -> None:
    values = {"sex": b"F", "birth_date": b"1949-12-31"}
    place = part(b"moiety field 1") + part(b"door") + part(PERSON) + part(b"birth") + part(b"sex,birth_date")
    place += part((7).to_bytes(8, "little"))
    blob = b"\x01" + (7).to_bytes(8, "little") + b"\x82"
    for nonce, (name, value) in zip((fixed(24)[:12], fixed(24)[12:]), values.items(), strict=True):
        padded = value + b"\x80" + bytes(63 - len(value))
        whole = b"\x01" + nonce + AESGCMSIV(KEY).encrypt(nonce, padded, place + part(name.encode()))
        blob += bytes([0xA0 + len(name)]) + name.encode() + b"\xc4" + bytes([len(whole)]) + whole
    assert hashlib.sha256(blob).hexdigest() == "75f3e8446f9b30ee4ec2e52aa3b1dc09a81b3fc04475f7f7c9492b7d31222ea1"
    keys = ClassKeys({Group.BIRTH: KEY})
    assert seal.seal_class(Group.BIRTH, values, HERE, 7, keys, fixed) == blob
    assert seal.open_class(Group.BIRTH, blob, HERE, keys) == values


def test_an_entry_of_legal_basis_never_changes_its_form() -> None:
    body = b"\xa9withdrawn\xcd\x4e\x84\xa6spoken"
    assert consent.decode(b"\x01\x93" + body) == consent.Withdrawn(20_100, "spoken")
    assert consent.encode(consent.Withdrawn(20_100, "spoken", 1)) == b"\x02\x94" + body + b"\x01"


def test_a_receipt_that_is_owed_never_changes_its_form() -> None:
    salt, subject = bytes(range(32)), bytes(range(50, 82))
    trace = b"\x92\xa9door keys\xc4\x30" + bytes(range(48))
    stored = b"\x01\x95\xa4door\xce\x01\xc3\xa0\x80\xc4\x20" + salt + b"\xc4\x20" + subject + b"\x91" + trace
    owed = Owed("door", 29_597_824, salt, subject, (("door keys", bytes(range(48))),))
    assert owed.to_bytes() == stored
    assert Owed.from_bytes(stored) == owed
    assert owed.name == "owed323334353637"
    for wrong in (b"", b"\x02" + stored[1:], stored[:-1], stored.replace(b"\xc4\x20", b"\xc4\x1f", 1)):
        with pytest.raises(RecordMisfit):
            Owed.from_bytes(wrong)


def test_what_is_evaluated_to_a_pseudonym_never_changes_its_form() -> None:
    resident = Identifier.parse("national_id", "CN", "11010519491231002X")
    whole = part(b"moiety identifier 1") + part(b"door") + part(b"national_id") + part(b"CN")
    assert resident.input_bytes("door") == whole + part(b"11010519491231002X")


def test_what_is_evaluated_to_an_entry_of_an_index_never_changes_its_form() -> None:
    record = Record(Schema.default(), {"name": "Zoé  STRASSE", "birth_date": "1949-12-31"})
    whole = part(b"moiety index 1") + part(b"door") + part(b"name") + part("zoé strasse".encode())
    assert index_bytes("door", ["birth_date", "name"], record) == whole + part(b"birth_date") + part(b"1949-12-31")
