"""A purpose that keeps records, versions of records, and copies of an office at every commit point."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.opening import Opened, Row
from moiety.custody.gateway.together import Together
from moiety.custody.store.kinds import CLASSES, KEY_BYTES, keys_of
from tests.custody.doomed import Observer
from tests.custody.scene import DOCUMENT, DOOR, TERMS, TODAY, opened

KEPT = keys_of(DOOR)
"""The gallery of the door's keys."""

REVEAL = replace(TERMS, reveal=(("officer", ("birth", "document")), ("operator", ("contact", "document"))))
"""The door's terms, where records are kept too."""

OPERATOR = "operator"

NO_WORDS = ("", " ", "Parcel", "asked for", "parcel\n", "7_parcels", "_parcel", "päckchen", "a-parcel", "p" * 33)
"""What no reason is."""

NO_FACE = bytes(16)
"""The pseudonym of somebody who has a record and no face."""


@dataclass(frozen=True)
class Keys:
    """The keys of one version of a record, as stories hand them over."""

    name: bytes
    classes: dict[str, bytes]
    access: bytes
    public: bytes
    expires_day: int
    grounds: int

    @property
    def pseudonym(self) -> bytes:
        """What its handles are made of."""
        return self.name

    @property
    def words(self) -> NDArray[np.int16]:
        """The row that custodians share."""
        return Row.of(self).words


def versions(count: int, seed: int = 1, *, expires_day: int = TODAY + 30) -> list[Keys]:
    """The same versions of records for the same seed; no two of them alike."""
    rng = np.random.default_rng(seed)
    return [
        Keys(
            rng.bytes(16),
            {name: rng.bytes(KEY_BYTES) for name in CLASSES},
            rng.bytes(KEY_BYTES),
            rng.bytes(KEY_BYTES),
            expires_day,
            1,
        )
        for _ in range(count)
    ]


def secret_of(version: Keys, name: str) -> bytes:
    """One secret of a version."""
    return version.access if name == "access" else version.classes[name]


def unlocked(
    office: Together,
    version: Keys,
    secrets: Sequence[str] = ("document",),
    *,
    role: str = OPERATOR,
    purpose: str = DOOR,
) -> Opened:
    """A version's secrets, by its name."""
    return office.unlock(purpose, version.name, secrets, role=role, reason="a_test")


def assert_opens(office: Together, version: Keys, *, role: str = OPERATOR) -> None:
    """What this role may have opened is what was kept, and the public key with it."""
    allowed = [*dict(REVEAL.reveal or ())[role], "access"]
    found = unlocked(office, version, allowed, role=role)
    assert found.secrets == {name: secret_of(version, name) for name in allowed}
    assert found.public == version.public


def create_keeping(folder: Path) -> None:
    """An office with one empty purpose that keeps records."""
    Embedded.create(folder, os.urandom)
    with closing(opened(folder)) as office:
        office.add_gallery(DOOR, REVEAL, DOCUMENT)


def copies(folder: Path, to: Path, story: Callable[[Embedded], object], order: str = "abc") -> list[tuple[str, Path]]:
    """Live a story while custodians commit in this order: every commit point, with the office as a kill at it would
    leave it."""
    observer, writing = Observer(order), Lock()
    begun = False
    found: list[tuple[str, Path]] = []

    def heard(point: str) -> None:
        if not begun:
            return
        if " before " in point:
            observer(point)  # its turn first
            writing.acquire()  # nobody else commits while it is copied
        found.append((point, Path(shutil.copytree(folder, to / f"{len(found):02}"))))
        if " after " in point:
            writing.release()
            observer(point)

    office = opened(folder, observer=heard)
    begun = True
    story(office)
    begun = False
    office.close()
    return found
