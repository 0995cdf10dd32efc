"""Several callers' searches as one: each is told what was found for them, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.errors import Refused, Unavailable
from moiety.gateway.batching import PROBES, Batches, Part
from moiety.identity.ports import Identified
from moiety.matching.policy import OperatingPoint

Words = NDArray[np.int16]
POINT = OperatingPoint(threshold=1, fmr=1e-4, expected_false=0.1, carried=True)


def probe(number: int) -> Words:
    return np.full((1, 4), number, dtype=np.int16)


def whom(row: Words) -> list[bytes]:
    """Each probe finds as many as it has numbers that fit, named after itself."""
    return [f"{row[0]}-{place}".encode() for place in range(int(row[0]) % 3)]


@dataclass
class Gallery:
    """A search that takes until it may go on; what it was asked for, and which sizes it refuses."""

    refuses: Callable[[Words], Exception | None] = lambda words: None
    go: Event = field(default_factory=Event)
    asked: list[int] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    lock: Lock = field(default_factory=Lock)

    def search(self, name: str, words: Words) -> Identified:
        with self.lock:
            self.asked.append(len(words))
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            assert self.go.wait(20)
            error = self.refuses(words)
            if error is not None:
                raise error
            return Part([whom(row) for row in words], 7, POINT)
        finally:
            with self.lock:
                self.at_once -= 1


def told(gallery: Gallery, batches: Batches, numbers: Sequence[int]) -> list[list[bytes] | str]:
    """What each of these callers is told, who come while the first one's search goes on."""

    def ask(number: int) -> list[bytes] | str:
        try:
            [found] = batches(gallery.search, "door", probe(number)).found
        except (Refused, Unavailable) as error:
            return error.code
        return list(found)

    with ThreadPoolExecutor(len(numbers)) as threads:
        answers = [threads.submit(ask, number) for number in numbers]
        while sum(len(some) for some in batches._waiting.values()) + len(gallery.asked) < len(numbers):
            pass
        gallery.go.set()
        return [answer.result(20) for answer in answers]


@pytest.mark.parametrize("callers", [1, 2, 9, 32, 70])
def test_each_is_told_what_a_search_of_their_own_finds(callers: int) -> None:
    gallery, heard = Gallery(), list[int]()
    numbers = list(range(1, callers + 1))
    answers = told(gallery, Batches(heard.append), numbers)
    assert answers == [whom(probe(number)[0]) for number in numbers]
    # The first alone, and all others as few as there are batches that hold them.
    assert sorted(gallery.asked) == sorted(heard)
    assert sum(gallery.asked) == callers
    assert max(gallery.asked) <= PROBES
    assert len(gallery.asked) <= 2 + callers // PROBES
    assert gallery.most == 1


def test_one_who_is_refused_is_refused_alone() -> None:
    """As where the probe of one of them is no face."""
    bad = 5
    gallery = Gallery(refuses=lambda words: Refused() if bad in words[:, 0] else None)
    answers = told(gallery, Batches(lambda probes: None), range(1, 10))
    expected: list[list[bytes] | str] = [whom(probe(number)[0]) for number in range(1, 10)]
    expected[bad - 1] = "refused"
    assert answers == expected


def test_a_batch_that_is_too_much_is_asked_one_by_one() -> None:
    """As where a budget bears four probes more: whoever comes first has them."""
    left = 4
    lock = Lock()

    def spend(words: Words) -> Exception | None:
        nonlocal left
        with lock:
            if len(words) > left:
                return Refused()
            left -= len(words)
            return None

    answers = told(Gallery(refuses=spend), Batches(lambda probes: None), range(1, 10))
    assert answers.count("refused") == 5
    assert left == 0


def test_what_is_down_is_down_for_all_and_is_not_asked_for_each() -> None:
    gallery = Gallery(refuses=lambda words: Unavailable())
    assert told(gallery, Batches(lambda probes: None), range(1, 10)) == ["unavailable"] * 9
    assert len(gallery.asked) == 2


def test_what_nobody_foresaw_ends_one_search_and_holds_up_nobody() -> None:
    gallery = Gallery(refuses=lambda words: ZeroDivisionError() if len(words) > 1 else None)
    batches = Batches(lambda probes: None)
    with pytest.raises(ZeroDivisionError):
        told(gallery, batches, range(1, 4))
    assert batches._waiting == {}
    assert told(gallery, batches, [2]) == [whom(probe(2)[0])]


def test_two_purposes_do_not_wait_for_each_other() -> None:
    slow, fast = Gallery(), Gallery()
    fast.go.set()
    batches = Batches(lambda probes: None)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(batches, slow.search, "door", probe(1))
        while not slow.asked:
            pass
        assert batches(fast.search, "hotel", probe(2)).found == [whom(probe(2)[0])]
        slow.go.set()
        assert waiting.result(20).found == [whom(probe(1)[0])]
