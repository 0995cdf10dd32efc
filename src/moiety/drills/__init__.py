"""The attacker: takes a store's bytes, or a gateway's place, attacks and measures what comes out.

Nothing that attacks looks at anything but copied bytes, what custodians answer and send, public formats and the people
whom an attacker may be taken to know. Every attack also runs, by the same code, on a plain twin, where it has to
succeed: an ordinary database, or custodians that lack the one defence.
"""

from __future__ import annotations

from typing import Final

FEWEST_PEOPLE: Final = 40
"""Half of them teach the attacker's rule; with fewer, an attack that works could not be told from luck."""
MOST_PEOPLE: Final = 5_000
"""Each is enrolled as people are, durably at three custodians: some minutes for so many."""
