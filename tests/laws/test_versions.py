"""The keys of many records, drawn at once: each person's own, and each as if it were drawn alone."""

from __future__ import annotations

import hashlib
import os

from moiety.identity.keyring import KEY_BYTES, NAME_BYTES, Version, bears
from moiety.vault.schema import Group

COUNT = 70
"""Enough for compiled loops."""


def drawn(count: int) -> bytes:
    """Always the same bytes, none of which come again."""
    return hashlib.shake_256(b"keys").digest(count)


def test_many_are_what_the_same_bytes_make_one_by_one() -> None:
    together = Version.fresh_many(drawn, COUNT, 20_000, 1)
    whole = drawn(COUNT * (NAME_BYTES + 5 * KEY_BYTES))
    own = len(whole) // COUNT
    for at, version in enumerate(together):
        assert version == Version.fresh(lambda count, at=at: whole[at * own : at * own + count], 20_000, 1)


def test_no_key_or_name_is_another_ones() -> None:
    versions = Version.fresh_many(os.urandom, COUNT, 20_000, 1)
    secrets = [part for one in versions for part in (one.name, *one.classes.values(), one.access, one.public)]
    assert len(set(secrets)) == len(secrets) == COUNT * (len(Group) + 3)
    assert {len(part) for part in secrets} == {NAME_BYTES, KEY_BYTES}


def test_a_mark_changes_the_name_alone() -> None:
    [plain] = Version.fresh_many(os.urandom, 1, 20_000, 1)
    marked = plain.marked(bytes(32), b"p" * 16)
    assert bears(marked.name, bytes(32), b"p" * 16)
    assert not bears(plain.name, bytes(32), b"p" * 16)
    assert (marked.classes, marked.access, marked.public) == (plain.classes, plain.access, plain.public)
    assert (marked.expires_day, marked.grounds) == (20_000, 1)
