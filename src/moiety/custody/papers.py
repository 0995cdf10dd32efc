"""The papers of a purpose's galleries: one document, and terms that all of them go by."""

from __future__ import annotations

from sqlalchemy import Connection

from moiety.custody.refusals import GalleryExists
from moiety.custody.store import tables
from moiety.custody.store.kinds import is_keys, keys_of
from moiety.custody.store.stored import read_terms


def add(connection: Connection, name: str, terms: bytes, document: bytes) -> None:
    """Add the galleries of a purpose; again with the same papers does nothing. Raises `GalleryExists`."""
    held = tables.gallery(connection, name)
    if held is None:
        tables.add_gallery(connection, name, terms, document)
        follow(connection, name, terms)
    elif (held.terms, held.document) != (terms, document):
        raise GalleryExists


def follow(connection: Connection, name: str, terms: bytes) -> None:
    """Have the keys' gallery of a purpose go by these terms; it is made where they ask for one, and stays where they do
    no more: what was sealed can still be erased."""
    if is_keys(name):
        return
    keys = tables.gallery(connection, keys_of(name))
    if keys is not None:
        tables.change_gallery(connection, keys.id, terms=terms)
    elif read_terms(name, terms).reveal is not None:
        tables.add_gallery(connection, keys_of(name), terms, b"")
