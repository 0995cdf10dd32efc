"""Twenty thousand people through all of it; `make sensenets` does the same with as many as were found open."""

from __future__ import annotations

from pathlib import Path

import pytest

import moiety
from tools import sensenets

COUNT = 20_000


def faces(office: Path) -> int:
    """How many people have a template."""
    with moiety.open(office) as opened:
        return next(one.people for one in opened.status().purposes if one.name == sensenets.PURPOSE)


def test_twenty_thousand_people_come_in_are_used_and_leave_nothing(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOIETY_DATA", str(data))
    office = tmp_path / "office"
    assert sensenets.brought(tmp_path, COUNT)["people"] == COUNT
    assert sensenets.pictured(office, COUNT)["templates_per_s"] > 0
    assert faces(office) == COUNT
    taken = sensenets.used(office, COUNT)
    assert taken["erased"] == sensenets.CHANGED
    assert faces(office) == COUNT - sensenets.CHANGED
    swept = sensenets.swept(office, COUNT)
    assert swept["needles"] > 100 * sensenets.SWEPT
    assert swept["bytes_swept"] > 1_000 * COUNT
    # And whoever sweeps finds what there is to find.
    [one] = sensenets._some(COUNT, 1)
    (office / "more").write_bytes(bytes(2**20) + one["address"].encode("utf-16-le") + bytes(99))
    with pytest.raises(SystemExit, match="more holds something of a person"):
        sensenets.swept(office, COUNT)
