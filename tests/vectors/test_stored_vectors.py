"""What lies in a custodian's database, written by hand from the published layouts: these bytes never change."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from moiety.custody.pseudonyms import _Key
from moiety.custody.store import kept, page, seal, token
from moiety.custody.store.kinds import OPEN_WORDS, SHARED_WORDS
from moiety.custody.store.page import Place
from moiety.custody.store.seal import DataKey
from moiety.custody.store.slots import State
from tests.custody.records import Keys

OFFICE = bytes(range(16))
HERE = Place(OFFICE, "b", "door", 7)
KEY = bytes(range(100, 132))
NONCE = bytes(range(200, 212))
WHERE = OFFICE + b"b" + (7).to_bytes(8, "little") + (4).to_bytes(2, "little") + b"door" + (3).to_bytes(8, "little")


def fixed(count: int) -> bytes:
    """The nonce of the vectors."""
    assert count == len(NONCE)
    return NONCE


def test_a_stored_page_never_changes_its_form() -> None:
    grounds, expires = bytes(range(64)), b"".join((20_000 + slot).to_bytes(4, "little") for slot in range(64))
    handles = b"".join(bytes([slot]) * 16 for slot in range(64))
    pseudonyms = b"".join(bytes([255 - slot]) * 16 for slot in range(64))
    parts = b"".join(
        (1000 * pair + 10 * slot + word).to_bytes(2, "little")
        for pair in range(2)
        for slot in range(64)
        for word in range(2)
    )
    plain = grounds + expires + handles + pseudonyms + parts
    row = b"\x02" + NONCE + AESGCM(KEY).encrypt(NONCE, plain, b"moiety page 2" + WHERE)
    assert hashlib.sha256(row).hexdigest() == "cfc6ebd48706391ae50fb0526cde3c620acf7240d5404d99eb1991c40120e333"

    pages, good = seal.unseal([row], page.layout(4), HERE, [3], DataKey.of(KEY))
    assert good.all()
    assert page.rows(pages)[5].tolist() == [50, 51, 1050, 1051]
    assert pages["expires"][0, 9] == 20_009
    assert pages["handles"][0, 63].tobytes() == bytes([63]) * 16
    assert bytes(seal.seal(pages, HERE, [3], DataKey.of(KEY), fixed)[0]) == row


def test_the_states_of_a_slot_never_change_their_numbers() -> None:
    assert [(state.name, state.value) for state in State] == [
        ("FREE", 0),
        ("PENDING", 1),
        ("ACTIVE", 2),
        ("ERASED", 3),
        ("RESTRICTED", 4),
    ]


def test_stored_states_never_change_their_form() -> None:
    plain = bytes(slot % 4 for slot in range(64)) + bytes(range(28))
    row = b"\x02" + NONCE + AESGCM(KEY).encrypt(NONCE, plain, b"moiety states 2" + WHERE)
    assert hashlib.sha256(row).hexdigest() == "10d4b7e177d964050a9dcb17bed47f5e1515d94f2501ba296f12e73e3371a326"

    states, good = seal.unseal([row], page.STATES, HERE, [3], DataKey.of(KEY))
    assert good.all()
    assert [State(value) for value in states["states"][0, :4]] == [
        State.FREE,
        State.PENDING,
        State.ACTIVE,
        State.ERASED,
    ]
    assert states["page"][0].tobytes() == bytes(range(28))
    assert bytes(seal.seal(states, HERE, [3], DataKey.of(KEY), fixed)[0]) == row


def test_a_wrapped_data_key_never_changes_its_form() -> None:
    root = bytes(range(50, 82))
    said = b"moiety data key 1" + OFFICE + b"b" + (7).to_bytes(8, "little")
    wrapped = b"\x01" + NONCE + AESGCM(root).encrypt(NONCE, KEY, said)
    assert hashlib.sha256(wrapped).hexdigest() == "f5b4b516e7c141495f88768d4e4c2e3552b41131a6a32c8a8bb970f22cadde81"
    assert seal.bound(OFFICE, "b", 7) == said
    assert token.unwrapped_under(root, wrapped, said) == KEY
    assert token.wrapped_under(root, KEY, said, NONCE) == wrapped


def test_what_is_kept_never_changes_its_form() -> None:
    def named(*parts: bytes) -> bytes:
        whole = b"".join(len(part).to_bytes(4, "little") + part for part in parts)
        return hmac.digest(DataKey.of(KEY).names, whole, "sha256")[:16]

    kind, name = named(b"budget"), named(b"budget", b"a key")
    plain = (6).to_bytes(2, "little") + b"budget" + (5).to_bytes(2, "little") + b"a key" + b"a value"
    said = b"moiety kept 1" + OFFICE + b"b" + (7).to_bytes(8, "little") + kind + name
    row = b"\x01" + NONCE + AESGCM(KEY).encrypt(NONCE, plain, said)
    assert (
        hashlib.sha256(kind + name + row).hexdigest()
        == "60f63508b338740aae01373c7bae4f6745bc14f3d50bb8dd24e21a68159cd73a"
    )
    opened = kept.opened(OFFICE, "b", 7, DataKey.of(KEY), (kind, name, row))
    assert opened == (b"budget", b"a key", b"a value")


def test_a_kept_pseudonym_key_never_changes_its_form() -> None:
    """Version 1, then MessagePack: an array of state, part, public key, transcript, and three witnesses."""

    def binary(value: bytes) -> bytes:
        return bytes([0xC4, len(value)]) + value

    part, public, transcript = bytes(range(34)), bytes(range(65)), bytes(range(32))
    witnesses = [bytes([seat]) * 96 for seat in range(3)]
    whole = b"\x01\x95\x02" + binary(part) + binary(public) + binary(transcript)
    whole += b"\x93" + b"".join(map(binary, witnesses))
    key = _Key(2, part, public, transcript, witnesses)
    assert key.to_bytes() == whole
    assert _Key.from_bytes(whole) == key


def test_a_row_of_keys_never_changes_its_order() -> None:
    """Birth, contact, document, photo, access, 16 words each; then the public key, which is not shared."""
    named = {name: bytes([at]) * 32 for at, name in enumerate(("birth", "contact", "document", "photo"))}
    row = Keys(bytes(16), named, b"\x04" * 32, b"\x05" * 32, 1, 1).words
    assert row.astype("<u2").tobytes() == b"".join(bytes([at]) * 32 for at in range(6))
    assert (SHARED_WORDS, OPEN_WORDS) == (80, 16)
