"""Sealing: what opens, what does not, and what a sealed length says."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.vault import seal
from moiety.vault.record import Record
from moiety.vault.refusals import PersonUnnamed, SealBroken, ValueTooLong
from moiety.vault.schema import FIELD_NAME_LIMIT, FIELDS_LIMIT, Group
from moiety.vault.seal import ClassKeys, Whose, emptied, filled, open_class, seal_class
from moiety.vault.values import PHOTO_LIMIT, TEXT_LIMIT
from tests.vault.people import HERE, KEYS, PERSON, RESIDENT, keys, picture, record, repeating


def sealed(known: Record, group: Group, number: int = 0) -> bytes:
    """One class of a record."""
    return seal_class(group, known.of(group), HERE, number, keys(), repeating())


@pytest.mark.parametrize("group", list(Group))
def test_what_was_sealed_opens_and_its_bytes_say_nothing(group: Group) -> None:
    known = record()
    blob = sealed(known, group, 7)
    assert seal.number_of(blob) == 7
    assert open_class(group, blob, HERE, keys(group)) == known.of(group)
    for name, plain in known.plain.items():
        assert len(plain) < 9 or name == "national_id" or plain[:9] not in blob
    assert RESIDENT.encode() not in blob


def test_some_fields_of_a_class_open_alone() -> None:
    blob = sealed(record(), Group.DOCUMENT)
    found = open_class(Group.DOCUMENT, blob, HERE, keys(), ["name", "unheard_of"])
    assert found == {"name": b"Canary Quillfeather"}


def test_nothing_opens_without_the_class_s_own_key() -> None:
    blob = sealed(record(), Group.BIRTH)
    for other in (ClassKeys({Group.DOCUMENT: KEYS[Group.BIRTH]}), ClassKeys({Group.BIRTH: KEYS[Group.CONTACT]})):
        with pytest.raises(SealBroken):
            open_class(Group.BIRTH, blob, HERE, other)


@pytest.mark.parametrize("other", [Whose("gate", PERSON), Whose("door", PERSON[::-1]), Whose("door", PERSON + b"\0")])
def test_nothing_opens_for_another_person_or_purpose(other: Whose) -> None:
    with pytest.raises(SealBroken):
        open_class(Group.BIRTH, sealed(record(), Group.BIRTH), other, keys())


def test_nothing_opens_as_another_class_even_under_the_same_key() -> None:
    one = ClassKeys(dict.fromkeys(Group, bytes(32)))
    values = record().of(Group.BIRTH)
    blob = seal_class(Group.BIRTH, values, HERE, 0, one, repeating())
    assert open_class(Group.BIRTH, blob, HERE, one) == values
    with pytest.raises(SealBroken):
        open_class(Group.CONTACT, blob, HERE, one)


def parts(blob: bytes) -> dict[str, bytes]:
    """The sealed fields in a blob."""
    found: dict[str, bytes] = msgspec.msgpack.decode(blob[9:])
    return found


def whole(head: bytes, fields: object) -> bytes:
    """A blob of a head and whatever."""
    return head + msgspec.msgpack.encode(fields)


def test_fields_of_one_class_do_not_pass_for_each_other() -> None:
    blob = sealed(record(), Group.BIRTH)
    found = parts(blob)
    for wrong in (
        {"sex": found["birth_date"], "birth_date": found["sex"]},
        {"birth_date": found["birth_date"]},
        {**found, "more": found["sex"]},
        {"birth_date": found["birth_date"], "sex": found["sex"]},
    ):
        with pytest.raises(SealBroken):
            open_class(Group.BIRTH, whole(blob[:9], wrong), HERE, keys(), ["birth_date"])


def test_a_field_of_an_earlier_write_does_not_pass_for_one_of_this() -> None:
    old, new = (sealed(record(sex=sex), Group.BIRTH, number) for number, sex in enumerate("MF"))
    with pytest.raises(SealBroken):
        open_class(Group.BIRTH, whole(new[:9], parts(new) | {"sex": parts(old)["sex"]}), HERE, keys())
    with pytest.raises(SealBroken):
        open_class(Group.BIRTH, new[:1] + old[1:9] + new[9:], HERE, keys())


def test_every_bit_of_a_blob_counts() -> None:
    blob = sealed(record(), Group.BIRTH)
    for place in range(len(blob)):
        for bit in (1, 128):
            changed = bytes([*blob[:place], blob[place] ^ bit, *blob[place + 1 :]])
            with pytest.raises(SealBroken):
                open_class(Group.BIRTH, changed, HERE, keys())


def test_what_is_no_blob_is_refused() -> None:
    blob = sealed(record(), Group.BIRTH)
    head = blob[:9]
    for wrong in (
        b"",
        head[:8],
        head,
        blob[:-1],
        blob + b"\0",
        whole(head, []),
        whole(head, {"sex": "text"}),
        whole(head, {1: b"x"}),
        whole(head, {"sex": b"", "birth_date": b""}),
        whole(head, {"sex": b"\x01" + bytes(27)}),
        whole(head, {"sex": b"\x02" + parts(blob)["sex"][1:], "birth_date": parts(blob)["birth_date"]}),
        whole(head, {"x" * 70_000: bytes(60)}),
        whole(head, {"x" * (FIELD_NAME_LIMIT + 1): bytes(60)}),
        whole(head, {f"f{number}": bytes(60) for number in range(FIELDS_LIMIT + 1)}),
        whole(head, {"sex": bytes(seal.BLOB_LIMIT)}),
    ):
        with pytest.raises(SealBroken):
            open_class(Group.BIRTH, wrong, HERE, keys())


@pytest.mark.parametrize("group", [Group.BIRTH, Group.PHOTO])
def test_a_blob_longer_than_any_is_not_read(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = sealed(record(), group)
    for name in ("BLOB_LIMIT", "PHOTO_BLOB_LIMIT"):
        monkeypatch.setattr(seal, name, len(blob) * 2)
    limit = "PHOTO_BLOB_LIMIT" if group is Group.PHOTO else "BLOB_LIMIT"
    monkeypatch.setattr(seal, limit, len(blob))
    assert open_class(group, blob, HERE, keys())
    monkeypatch.setattr(seal, limit, len(blob) - 1)
    with pytest.raises(SealBroken):
        open_class(group, blob, HERE, keys())


def test_a_class_of_more_fields_than_any_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    blob = sealed(record(), Group.BIRTH)
    monkeypatch.setattr(seal, "FIELDS_LIMIT", 2)
    assert open_class(Group.BIRTH, blob, HERE, keys())
    monkeypatch.setattr(seal, "FIELDS_LIMIT", 1)
    with pytest.raises(SealBroken):
        open_class(Group.BIRTH, blob, HERE, keys())


def test_there_are_four_lengths_of_texts_and_four_of_photographs() -> None:
    assert seal.TEXT_LENGTHS == (64, 256, 1024, 4096)
    assert seal.PHOTO_LENGTHS == (2**16, 2**18, 2**20, 2**22)
    assert (seal.BLOB_LIMIT, seal.PHOTO_BLOB_LIMIT) == (134_112, 4_194_461)


def test_the_largest_class_fits_the_limit() -> None:
    names = [f"{number:02}".rjust(FIELD_NAME_LIMIT, "f") for number in range(FIELDS_LIMIT)]
    blob = seal_class(Group.CONTACT, dict.fromkeys(names, b"a" * TEXT_LIMIT), HERE, 0, keys(), repeating())
    assert len(blob) <= seal.BLOB_LIMIT
    assert len(open_class(Group.CONTACT, blob, HERE, keys())) == FIELDS_LIMIT
    photo = {names[0]: b"a" * PHOTO_LIMIT}
    blob = seal_class(Group.PHOTO, photo, HERE, 0, keys(), repeating())
    assert len(blob) <= seal.PHOTO_BLOB_LIMIT
    assert open_class(Group.PHOTO, blob, HERE, keys()) == photo


def test_a_sealed_length_says_only_its_class() -> None:
    lengths = {
        len(sealed(record(sex=sex, birth_date=day), Group.BIRTH)) for sex in ("F", None) for day in ("1949-12-31", "")
    }
    assert len(lengths) == 1
    contacts = {
        len(sealed(record(address=address, employer="x" * count), Group.CONTACT))
        for address in ("", "a", "a" * 63)
        for count in (0, 1, 63)
    }
    assert len(contacts) == 1
    for short, long in ((63, 64), (255, 256), (1023, 1024)):
        pair = [len(sealed(record(address="a" * count), Group.CONTACT)) for count in (short, long)]
        assert pair[0] < pair[1]


def test_photographs_are_filled_up_to_powers_of_four() -> None:
    for count, length in ((20, 2**16), (2**16 - 1, 2**16), (2**16, 2**18), (2**20, 2**22)):
        blob = sealed(record(photo=picture().ljust(count, b"p")), Group.PHOTO)
        assert 0 < len(blob) - length < 64


@given(st.binary(max_size=300), st.sampled_from([(64, 256, 1024)]))
def test_filling_is_undone(plain: bytes, lengths: tuple[int, ...]) -> None:
    whole = filled(plain, lengths)
    assert len(whole) in lengths
    assert emptied(whole) == plain


def test_what_fits_no_length_is_refused() -> None:
    with pytest.raises(ValueTooLong) as refused:
        filled(b"a" * 64, (64,))
    assert refused.value.numbers == {"limit": 63}


@pytest.mark.parametrize("padded", [b"", b"\0" * 64, b"a" * 64, b"a\x81" + bytes(62)])
def test_what_was_not_filled_is_not_emptied(padded: bytes) -> None:
    with pytest.raises(SealBroken):
        emptied(padded)


def test_two_writes_of_one_value_share_nothing() -> None:
    entropy = repeating()
    values = record().of(Group.BIRTH)
    one, other = (parts(seal_class(Group.BIRTH, values, HERE, 0, keys(), entropy)) for _ in range(2))
    drawn = [part[1:13] for blob in (one, other) for part in blob.values()]
    assert len(set(drawn)) == 4
    assert not {part[13:] for part in one.values()} & {part[13:] for part in other.values()}


def test_a_key_has_thirty_two_bytes() -> None:
    for count in (16, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            ClassKeys({Group.BIRTH: bytes(count)})


def test_a_value_belongs_to_a_person_in_a_purpose() -> None:
    for purpose, person in (("Door", PERSON), ("", PERSON), ("door", PERSON[:15]), ("door", bytes(33))):
        with pytest.raises(PersonUnnamed):
            Whose(purpose, person)


def test_keys_and_people_are_not_shown() -> None:
    assert repr(HERE) == "Whose(purpose='door')"
    for key in KEYS.values():
        assert key.hex() not in repr(keys())
        assert repr(key) not in repr(keys())
