"""What a benchmark refuses."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class PeerUnknown(Refused):
    """No such peer, or it is not installed."""

    code: ClassVar[str] = "peer_unknown"
    advice: ClassVar[str] = "peers are best, numpy and faiss; FAISS comes with `pip install moiety[bench]`"


class WrongAnswer(Refused):
    """A search that is being timed did not find whom it had to: its figures would mean nothing."""

    code: ClassVar[str] = "wrong_answer"
    advice: ClassVar[str] = "a search that was to be timed gave a wrong answer; run `make test`"


class ThreadsLimited(Refused):
    """The environment keeps a peer from using every processor: it would not be at its best."""

    code: ClassVar[str] = "threads_limited"
    advice: ClassVar[str] = (
        "the environment limits the threads of the plain searches, which would not be at their best;"
        " unset OMP_NUM_THREADS, OPENBLAS_NUM_THREADS and MKL_NUM_THREADS, or set them to {cores}"
    )


class SizeWrong(Refused):
    """An odd dimension."""

    code: ClassVar[str] = "size_wrong"
    advice: ClassVar[str] = "templates have an even number of coordinates: give an even --dim"
