"""What a benchmark has of the world: it plays a whole office, at the present time."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moiety.bench.scene import Edge, Progress


def edge(progress: Progress) -> Edge:
    """Randomness and the clock of this machine, and somebody who watches."""
    from moiety.bench.scene import Edge

    return Edge(entropy=os.urandom, clock=lambda: datetime.now(UTC), progress=progress)
