"""A stolen gateway with an operator's key, over the wire: what it may ask for in some order of its own harms nobody.

Each attack here took everything, and no budget bounds it: see the same steps against custodians in one process in
`tests/custody/test_staging.py`, and the algebra in `tests/laws/test_admission.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import numpy as np
import pytest

from moiety.custody import wire
from moiety.custody.checking import PSEUDONYM_WORDS
from moiety.custody.gallery import silent
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.enrolment import _split, erase
from moiety.custody.messages import BatchMessage, HeaderMessage
from moiety.custody.refusals import HeaderRefused
from moiety.custody.store.handles import handles
from moiety.errors import MoietyError
from moiety.sharing.seat import SEATS, Seat
from tests.apart.asking import DONE, NONE, Asking, pledged
from tests.apart.scene import Site
from tests.custody.scene import DOOR, TERMS, matched, people

CROWD = people(3)


@pytest.fixture
def inhabited(office: Apart) -> Apart:
    office.enrol(DOOR, CROWD)
    return office


@pytest.fixture
def asking(inhabited: Apart, site: Site) -> Iterator[Asking]:
    asking = Asking(site)
    yield asking
    asking.close()


@pytest.mark.parametrize("seat", SEATS)
def test_a_bent_pseudonym_closes_no_gallery(inhabited: Apart, asking: Asking, seat: Seat) -> None:
    """One newcomer whose parts of a pseudonym lie on no line would fail every check from then on, which cannot say
    whose they are."""
    header = asking.header("enrol", 1)
    batches = _split(TERMS.dim, DOOR, people(1, seed=50), os.urandom)
    batches[seat].pseudonyms[0, 3] ^= np.uint8(1)
    asks = {each: wire.Offer(DOOR, BatchMessage.of(batches[each]), header, pledge=NONE) for each in SEATS}
    sent = pledged(asks)
    codes = asking.all(sent, call=asking.hand.call(sent["a"]))
    assert "malformed_template" in codes.values()
    assert DONE not in codes.values()
    assert inhabited.check() == []
    assert matched(inhabited, CROWD) == [True] * 3


def test_nobody_who_was_erased_comes_back_with_the_next_epoch(inhabited: Apart) -> None:
    with inhabited._alone() as headers:
        three = inhabited.three
        renewing = headers.office("renew")
        three.play(lambda custodian: custodian.renew(renewing))
        three.each(lambda custodian: custodian.stage(silent))
        with pytest.raises(HeaderRefused):
            erase(three, headers, [(DOOR, CROWD[0].pseudonym)])
        switching = headers.office("switch")
        three.play(lambda custodian: custodian.switch(switching))
    assert inhabited.erase(DOOR, CROWD[0].pseudonym)
    assert matched(inhabited, CROWD) == [False, True, True]


def test_three_refreshes_are_not_entered_as_one(inhabited: Apart) -> None:
    """Each custodian has staged another one: entered, no two of them would have parts of one template any more."""
    custodians = inhabited.three.custodians
    with inhabited._alone() as headers:
        for seat in SEATS:
            renewing = headers.office("renew")
            inhabited.three.play(lambda custodian, header=renewing: custodian.renew(header))  # type: ignore[misc]
            custodians[seat].stage(silent)
        switching = headers.office("switch")
        with pytest.raises(MoietyError) as raised:
            inhabited.three.play(lambda custodian: custodian.switch(switching))
        assert raised.value.code in {"custodians_disagree", "attempt_stopped"}
    assert matched(inhabited, CROWD) == [True] * 3
    assert inhabited.refresh() == 2
    assert matched(inhabited, CROWD) == [True] * 3


def test_a_check_that_began_before_a_change_closes_no_gallery(inhabited: Apart, asking: Asking) -> None:
    """One custodian is asked to check before somebody is erased, and the other two after that was asked for: nobody
    changes before all three have written it down, so the change waits until they have compared."""
    header = HeaderMessage.of(asking.headers().make("integrity", DOOR, rows=len(CROWD), extra=PSEUDONYM_WORDS))
    ask = wire.Integrity(DOOR, header)
    call = asking.hand.call(ask)
    known, erasing = handles(DOOR, [CROWD[0].pseudonym]), asking.header("erase", 1)
    asks = {seat: wire.Erase(DOOR, erasing, known[seat].tobytes()) for seat in SEATS}
    with ThreadPoolExecutor(4) as threads:
        early = threads.submit(asking.ask, "a", ask, call=call)
        sleep(0.5)
        erased = threads.submit(asking.all, asks, leased=True)
        sleep(1)
        others = [threads.submit(asking.ask, seat, ask, call=call) for seat in ("b", "c")]
        late = [other.result(timeout=30).code for other in others]
        assert set(late) == {early.result(timeout=30).code} == {DONE}
        assert set(erased.result(timeout=30).values()) == {DONE}
    assert not any(standing.galleries[DOOR].damaged for standing in inhabited.three.standings().values())
    assert matched(inhabited, CROWD) == [False, True, True]
