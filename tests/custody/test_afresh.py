"""What an open office keeps in memory, and when it looks into the file again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from moiety.custody import refusals
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.slots import SLOTS, State
from tests.custody.damage import delete, flip
from tests.custody.scene import DOOR, FOLDERS, matched, opened, people

CROWD = people(4)


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("table", ["page", "states"])
def test_a_check_reads_again_what_was_read_before(office: Embedded, folder: Path, name: str, table: str) -> None:
    """A search believes its memory as long as no custodian has changed the gallery; a check believes the file."""
    office.enrol(DOOR, CROWD)
    assert office.findings() == []
    # Whose handle or pseudonym is asked for is read from the file; pages where nobody is are not.
    held = office._three.custodians["a"].states(DOOR).reshape(-1, SLOTS)
    first, *_, last = np.flatnonzero((held == State.FREE).all(axis=1)).tolist()
    flip(folder / name, table, "parts" if table == "page" else "states", first)
    delete(folder / name, table, last)
    assert matched(office, CROWD) == [True] * 4
    assert [(found.seat, found.page) for found in office.findings()] == [(name[-1], first), (name[-1], last)]
    with pytest.raises(refusals.GalleryDamaged):
        office.identify(DOOR, CROWD[0].words[None])


@pytest.mark.parametrize("table", ["page", "states"])
def test_what_another_process_mended_is_read_anew(folder: Path, table: str) -> None:
    """After a refresh nothing of the old epoch counts: neither parts nor which pages were damaged."""
    with closing(opened(folder)) as office:
        office.enrol(DOOR, CROWD)
    flip(folder / "custodian-b", table, "parts" if table == "page" else "states", 17)
    with closing(opened(folder)) as office, closing(opened(folder)) as other:
        with pytest.raises(refusals.GalleryDamaged):
            office.identify(DOOR, CROWD[0].words[None])
        assert other.mend() == 1
        assert matched(office, CROWD) == [True] * 4
        assert not office.status().galleries[0].damaged


def test_what_another_process_refreshed_is_read_anew(office: Embedded, folder: Path) -> None:
    office.enrol(DOOR, CROWD)
    assert matched(office, CROWD) == [True] * 4
    with closing(opened(folder)) as other:
        other.refresh()
        assert matched(office, CROWD) == [True] * 4
        newcomer = people(1, seed=9)
        office.enrol(DOOR, newcomer)
        assert matched(other, [*CROWD, *newcomer]) == [True] * 5
    assert office.findings() == []
