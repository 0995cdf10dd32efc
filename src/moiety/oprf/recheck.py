"""Which answers of a bulk run are asked for again, and of whom: about one in a hundred, half by each other pair.

Both other pairs, because they share a custodian with the first: one who bends every answer by the same addition to
its part finds itself confirmed wherever it answers again, and is caught only by the pair without it. The choice
is made after the answers came, and the inputs go out under fresh blinds: nobody can see what is looked at.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from moiety.oprf.keys import PAIRS, Pair
from moiety.oprf.refusals import AnswersDiffer
from moiety.oprf.scalars import Entropy

ONE_IN_EACH = 200
"""One in 200 by either of the two other pairs: one in a hundred together."""

_DRAW_BYTES = 16
"""A place is drawn from 128 bits, so that no place of a batch is likelier than another by more than 2^-100."""


def chosen(count: int, pair: Pair, entropy: Entropy) -> dict[Pair, list[int]]:
    """Places among `count` answers of `pair`, ascending, for each other pair: a two-hundredth, at least one."""
    return {other: _places(count, -(-count // ONE_IN_EACH), entropy) for other in PAIRS if other != pair}


def compare(outputs: Sequence[bytes], again: Mapping[int, bytes]) -> None:
    """Raises AnswersDiffer where an output at a place is not what another pair gave there."""
    if not all(hmac.compare_digest(outputs[place], output) for place, output in again.items()):
        raise AnswersDiffer()


def _places(count: int, wanted: int, entropy: Entropy) -> list[int]:
    """That many different places, every set of them equally likely (Floyd)."""
    places: set[int] = set()
    for last in range(count - wanted, count):
        place = int.from_bytes(entropy(_DRAW_BYTES)) % (last + 1)
        places.add(last if place in places else place)
    return sorted(places)
