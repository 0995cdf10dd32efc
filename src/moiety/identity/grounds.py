"""Legal grounds: each row carries the position of its grounds in the purpose document, in one byte."""

from __future__ import annotations

from moiety.identity.purpose import Purpose
from moiety.identity.refusals import GroundsUnknown, PurposeGroundsFixed, PurposeModelFixed


def position(purpose: Purpose, key: str) -> int:
    """Where the document names these grounds; raises `GroundsUnknown`."""
    keys = list(purpose.grounds)
    if key not in keys:
        raise GroundsUnknown(known=len(keys))
    return keys.index(key)


def require_successor(old: Purpose, new: Purpose) -> None:
    """Refuse a new document under which an enrolled row would mean something else.

    The name is the caller's to compare; the model stays, and so do the grounds in their order, because rows
    hold positions. Everything else may change: retention only for those who are enrolled from now on.
    """
    if new.model != old.model:
        raise PurposeModelFixed
    if list(new.grounds.items())[: len(old.grounds)] != list(old.grounds.items()):
        raise PurposeGroundsFixed
