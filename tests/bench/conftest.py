"""Nobody looks at the times here."""

from __future__ import annotations

import pytest

from moiety.bench import timing


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps one contender's threads out of the next one's time takes most of a small benchmark."""
    monkeypatch.setattr(timing, "_PAUSE_S", 0.0)
