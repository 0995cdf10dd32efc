"""A tap on a custodian's line: everything that its side of a protocol sends and receives, as bytes, array by array."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from moiety.matching.rounds import Exchange, Message, Rounds

Result = TypeVar("Result")


def tapped(side: Rounds[Result], sent: list[bytes], received: list[bytes]) -> Rounds[Result]:
    """The same side, with its traffic noted."""

    def run() -> Generator[Exchange, Exchange, Result]:
        try:
            out = next(side)
            while True:
                _note(out.next, sent)
                _note(out.previous, sent)
                answer = yield out
                _note(answer.next, received)
                _note(answer.previous, received)
                out = side.send(answer)
        except StopIteration as stop:
            result: Result = stop.value
            return result

    return run()


def _note(message: Message, log: list[bytes]) -> None:
    log += [array.tobytes() for array in message]
