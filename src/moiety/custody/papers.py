"""The papers of a purpose's galleries: one document, and terms that all of them go by."""

from __future__ import annotations

from sqlalchemy import Connection

from moiety.custody.refusals import GalleryExists, GalleryFixed, GalleryNameWrong, GalleryUnknown
from moiety.custody.store import tables
from moiety.custody.store.kinds import is_keys, keys_of
from moiety.custody.store.stored import Current, read_terms

NAME_BYTES = 64
"""Of a gallery's name, that of a purpose's keys too: what a message names."""


def require_name(name: str, terms: bytes) -> None:
    """Raises `GalleryNameWrong` for a name of no or more than 64 bytes, that of the keys' gallery beside it included,
    and `MessageRefused` for terms that are none."""
    kept = read_terms(name, terms).reveal is not None and not is_keys(name)
    if not name or len((keys_of(name) if kept else name).encode()) > NAME_BYTES:
        raise GalleryNameWrong(limit=NAME_BYTES)


def require_fitting(current: Current, terms: bytes) -> None:
    """Raises `GalleryFixed` for papers of another model or dimension than a gallery has, `GalleryUnknown` for the keys'
    gallery of a purpose, which goes by its purpose's, and `MessageRefused` for terms that are none."""
    name, held = current.row.name, current.terms
    new = read_terms(name, terms)
    if is_keys(name):
        raise GalleryUnknown
    require_name(name, terms)
    if (held.model, held.dim) != (new.model, new.dim):
        raise GalleryFixed(dim=held.dim)


def add(connection: Connection, name: str, terms: bytes, document: bytes) -> bool:
    """Add the galleries of a purpose; again with the same papers does nothing: whether anything was added. Raises
    `GalleryExists`."""
    held = tables.gallery(connection, name)
    if held is None:
        tables.add_gallery(connection, name, terms, document)
        follow(connection, name, terms)
    elif (held.terms, held.document) != (terms, document):
        raise GalleryExists
    return held is None


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
