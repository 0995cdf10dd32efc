"""Three custodians around one table: a key dealt, its parts refreshed, and everybody's messages at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from moiety.oprf import dealing, threshold
from moiety.oprf.dealing import Agreed, Dealt, Promised
from moiety.oprf.keys import NUMBERS, Number, Pair, Part, PublicKey, weight
from moiety.oprf.renewing import renewed
from moiety.sodium import ORDER


@dataclass(frozen=True)
class Key:
    """All there is of one key."""

    public: PublicKey
    parts: Mapping[Number, Part]

    @property
    def whole(self) -> int:
        """The key that nobody holds: for the clear twin alone."""
        return sum(weight(n, (1, 2)) * self.parts[n].scalar for n in (1, 2)) % ORDER

    def answer(self, pair: Pair, elements: bytes) -> bytes:
        """What a pair answers together, unproven."""
        one, other = (threshold.evaluate(self.parts[n], pair, elements) for n in pair)
        return threshold.combine(one, other)


def others(own: Number, sent: Mapping[Number, bytes]) -> dict[Number, bytes]:
    """What the two others sent."""
    return {n: message for n, message in sent.items() if n != own}


def promises(dealt: Mapping[Number, Dealt]) -> dict[Number, Promised]:
    """Everybody takes everybody's promises."""
    sent = {n: dealt[n].promise for n in NUMBERS}
    return {n: dealt[n].promised(others(n, sent)) for n in NUMBERS}


def openings(promised: Mapping[Number, Promised]) -> dict[Number, Agreed]:
    """Everybody takes everybody's openings."""
    sent = {n: promised[n].opening for n in NUMBERS}
    return {n: promised[n].agreed(others(n, sent)) for n in NUMBERS}


def shares(agreed: Mapping[Number, Agreed], to: Number) -> dict[Number, bytes]:
    """The shares of the two others for one."""
    return {n: agreed[n].share(to) for n in NUMBERS if n != to}


def agreement(deal: Callable[[Number], Dealt]) -> dict[Number, Agreed]:
    """From dealing to three good openings."""
    return openings(promises({n: deal(n) for n in NUMBERS}))


def fresh_key() -> Key:
    """A key made by three."""
    agreed = agreement(lambda n: dealing.deal(b"a key", n, os.urandom))
    done = {n: agreed[n].finish(shares(agreed, n)) for n in NUMBERS}
    assert len({public for _, public in done.values()}) == 1
    return Key(done[1][1], {n: done[n][0] for n in NUMBERS})


def refreshed(key: Key) -> Key:
    """The same key in the parts of the next epoch, under fresh seeds of all three."""
    seeds = [os.urandom(32) for _ in NUMBERS]
    done = {n: renewed(key.parts[n], key.public, seeds) for n in NUMBERS}
    assert len({public for _, public in done.values()}) == 1
    return replace(key, public=done[1][1], parts={n: done[n][0] for n in NUMBERS})


def drawing(*wanted: int) -> Callable[[int], bytes]:
    """A source of randomness out of which exactly these scalars are drawn, in one draw or several."""
    left = b"".join((scalar - 1).to_bytes(64, "little") for scalar in wanted)

    def entropy(count: int) -> bytes:
        nonlocal left
        given, left = left[:count], left[count:]
        assert len(given) == count
        return given

    return entropy


def bent(data: bytes, at: int) -> bytes:
    """The same bytes with one bit the other way."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
