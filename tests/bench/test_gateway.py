"""The benchmark of a gateway asks a real one, and takes its stages from its own journal."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from moiety.bench import gateway
from moiety.bench.refusals import WrongAnswer
from moiety.bench.scene import Edge
from moiety.face.installed import Installed
from tests.stories.scene import installed_data, photographs_of

EDGE = Edge(entropy=os.urandom, clock=lambda: datetime.now(UTC), progress=lambda stage, done, total: None)


def test_every_request_has_its_stages_and_all_time_is_somebodys(monkeypatch: pytest.MonkeyPatch) -> None:
    data = installed_data()
    monkeypatch.setenv("MOIETY_DATA", str(data))
    shown = photographs_of(data)
    monkeypatch.setattr(gateway, "REQUESTS", 6)
    monkeypatch.setattr(gateway, "CALLERS", (1, 3))
    monkeypatch.setattr(gateway, "TOGETHER", (3,))
    card = Installed(data).card("mobilefacenet-192")
    known, probe = (some.read_bytes() for some in shown.anna[:2])
    figures = gateway.run(200, seed=1, card=card, known=known, probe=probe, edge=EDGE)
    assert (figures.people, figures.dim) == (200, 192)
    for load in (*figures.verify.values(), *figures.identify.values()):
        assert len(load.asked) == 6
        shares = load.shares()
        assert sum(shares.values()) == pytest.approx(1)
        for name in ("admission", "receiving", "decoding", "detector", "embedder", "splitting", "custodians"):
            assert 0 < shares[name] < 1
        assert all(0 < sum(one.stages.values()) <= one.ms for one in load.asked)
        assert load.overhead_p50_ms < load.p50_ms <= load.p99_ms
    assert figures.together[3].single_per_s > 0
    assert figures.together[3].batched_per_s > 0
    with pytest.raises(WrongAnswer):
        gateway.run(200, seed=1, card=card, known=known, probe=shown.bert.read_bytes(), edge=EDGE)
