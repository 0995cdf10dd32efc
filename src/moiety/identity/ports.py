"""What the stories need from outside: three custodians, and models that recognise faces.

The ports are protocols, so that neither `custody` nor `face` has to know this folder: what passes through is
described by its attributes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

    from moiety.identity.budgets import Told
    from moiety.identity.looks import Look
    from moiety.ledger.audit import Finding
    from moiety.ledger.entry import Entry
    from moiety.ledger.many import Within
    from moiety.ledger.operation import Party
    from moiety.matching.policy import OperatingPoint, Terms

Seat: TypeAlias = Literal["a", "b", "c"]
"""Which of the three custodians."""

Picture: TypeAlias = "str | PathLike[str] | bytes | NDArray[np.uint8]"
"""A path, an encoded picture (JPEG, PNG, WebP), or RGB pixels (height, width, 3)."""

Words: TypeAlias = "NDArray[np.int16]"
"""A quantised face: (d,) or, for probes, (B, d)."""

Clock: TypeAlias = Callable[[], datetime]
"""Now, as an aware instant."""

Entropy: TypeAlias = Callable[[int], bytes]
"""So many fresh random bytes."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""A stage in words, how much of it is done, and of how much."""


def silent(stage: str, done: int, total: int) -> None:
    """The progress that nobody watches."""


class Face(Protocol):
    """A template or a probe: one person's face as a unit vector (d,) float32."""

    @property
    def vector(self) -> NDArray[np.float32]: ...


class Template(Face, Protocol):
    """A face that is to be enrolled; `advice` says in words what its pictures could have better."""

    @property
    def advice(self) -> tuple[str, ...]: ...


class Recogniser(Protocol):
    """One installed model; every verb raises a typed refusal for each kind of picture that will not do."""

    def template(self, pictures: Sequence[Picture]) -> Template: ...

    def probe(self, picture: Picture) -> Face: ...

    def look(self, picture: Picture) -> Look: ...


class MeasuredRate(Protocol):
    """One measured point: at this cosine strangers match at `fmr` and the same person fails at `fnmr`."""

    @property
    def fmr(self) -> float: ...

    @property
    def fnmr(self) -> float: ...

    @property
    def cosine(self) -> float: ...


class Card(Protocol):
    """What a model card says that a purpose needs."""

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def rates(self) -> Sequence[MeasuredRate]: ...


class Models(Protocol):
    """The models of this machine. Raises a refusal for a name without a card, or whose card recognises nobody, and
    `Unavailable` for a recogniser that is not installed."""

    def card(self, name: str) -> Card: ...

    def recogniser(self, name: str) -> Recogniser: ...


@dataclass(frozen=True, slots=True)
class Newcomer:
    """One person to be enrolled: words int16 (d,), 16 bytes of pseudonym, the unix day from which the
    person is no longer valid (from 00:00 UTC on), and the position of the legal grounds in the purpose."""

    words: Words = field(repr=False)
    pseudonym: bytes = field(repr=False)
    expires_day: int
    grounds: int


class Gallery(Protocol):
    """One purpose at the custodians: `document` as it was added, `rows` active and unexpired now, `checked` the first
    unix second of the day (UTC) of the last check that found nothing, or 0, and `damaged` where one found something."""

    @property
    def name(self) -> str: ...

    @property
    def terms(self) -> Terms: ...

    @property
    def document(self) -> bytes: ...

    @property
    def rows(self) -> int: ...

    @property
    def slots(self) -> int: ...

    @property
    def epoch(self) -> int: ...

    @property
    def checked(self) -> int: ...

    @property
    def damaged(self) -> bool: ...


class Standing(Protocol):
    """All galleries, and what this custody does not protect against."""

    @property
    def galleries(self) -> Sequence[Gallery]: ...

    @property
    def warning(self) -> str: ...


class Identified(Protocol):
    """Pseudonyms found for each probe, among how many rows, and where the threshold stood."""

    @property
    def found(self) -> Sequence[Sequence[bytes]]: ...

    @property
    def rows(self) -> int: ...

    @property
    def point(self) -> OperatingPoint: ...


Search: TypeAlias = Callable[[str, Words], Identified]
"""What is found in a gallery for probes (B, dim)."""

Gather: TypeAlias = Callable[[Search, str, Words], Identified]
"""Has a search made: by itself, or as one with others that come at the same time."""


def by_itself(search: Search, name: str, words: Words) -> Identified:
    """Each search by itself."""
    return search(name, words)


class Version(Protocol):
    """The keys of one version of one record: 16 bytes that name it, 32 bytes for each class, and both halves of the
    person's own key."""

    @property
    def name(self) -> bytes: ...

    @property
    def classes(self) -> Mapping[str, bytes]: ...

    @property
    def access(self) -> bytes: ...

    @property
    def public(self) -> bytes: ...

    @property
    def expires_day(self) -> int: ...

    @property
    def grounds(self) -> int: ...


class Unlocked(Protocol):
    """Secrets that two custodians gave parts of, 32 bytes each, and the person's public key."""

    @property
    def secrets(self) -> Mapping[str, bytes]: ...

    @property
    def public(self) -> bytes: ...


class Noted(Protocol):
    """One operation as ledgers have it, and whose."""

    @property
    def operation(self) -> bytes: ...

    @property
    def entry(self) -> Entry: ...

    @property
    def parties(self) -> Party: ...

    @property
    def shown(self) -> Mapping[Party, bytes]: ...

    @property
    def within(self) -> Within | None: ...


class Custodians(Protocol):
    """The three custodians together. Whatever returns has been made durable at all three.

    `approved` is a request file with people's signatures, as the `request_` of the same name wrote it; whatever is
    wrong with it is refused, and so is any where no custodian could verify it.
    """

    def galleries(self) -> Sequence[str]: ...

    def gallery(self, name: str) -> Gallery: ...

    def document(self, name: str) -> bytes | None: ...

    def terms(self, name: str) -> Terms: ...

    def add_gallery(self, name: str, terms: Terms, document: bytes, *, approved: bytes | None = None) -> None: ...

    def replace_document(self, name: str, terms: Terms, document: bytes, *, approved: bytes | None = None) -> None: ...

    def request_papers(self, name: str, terms: Terms, document: bytes) -> bytes: ...

    def enrol(self, name: str, newcomers: Sequence[Newcomer], *, approved: bytes | None = None) -> None: ...

    def request_bulk(self, name: str, people: int) -> bytes: ...

    def require_bulk(self, name: str, people: int, *, approved: bytes | None = None) -> None: ...

    def verify(self, name: str, words: Words, pseudonym: bytes, *, stricter: int = 0) -> bool: ...

    def identify(self, name: str, words: Words) -> Identified: ...

    def identify_enrolled(self, name: str, pseudonym: bytes) -> Identified: ...

    def verify_enrolled(self, name: str, pseudonym: bytes, claimed: bytes, *, stricter: int = 0) -> bool: ...

    def erase(self, name: str, pseudonym: bytes, *, approved: bytes | None = None) -> bool: ...

    def request_erasure(self, name: str, pseudonym: bytes) -> bytes: ...

    def keep(self, purpose: str, versions: Sequence[Version], *, approved: bytes | None = None) -> None: ...

    def rewrite(self, purpose: str, version: Version, before: bytes, carried: Sequence[str]) -> None: ...

    def kept(self, purpose: str, day: int) -> int: ...

    def drop(self, purpose: str, version: bytes, *, waiting: bool = False) -> bool: ...

    def pseudonyms(self, purpose: str, inputs: Sequence[bytes], *, approved: bytes | None = None) -> list[bytes]: ...

    def unlock(self, purpose: str, version: bytes, secrets: Sequence[str], *, role: str, reason: str) -> Unlocked: ...

    def hold(self, purpose: str, version: bytes | None, pseudonym: bytes | None, on: bool) -> bool: ...

    def note_ground(self, purpose: str, version: bytes, place: int, text: str = "", how: str = "") -> None: ...

    def drop_face(self, purpose: str, pseudonym: bytes) -> bool: ...

    def destroy(
        self, purpose: str, versions: Sequence[bytes], pseudonym: bytes, *, approved: bytes | None = None
    ) -> list[tuple[str, bytes]]: ...

    def traces(self, purpose: str, versions: Sequence[bytes], pseudonym: bytes) -> list[tuple[str, bytes]]: ...

    def attest(self, traces: Sequence[tuple[str, bytes]], subject: str) -> bytes: ...

    def audit(self, in_flight: int = 0) -> Finding: ...

    def acknowledge(self) -> Mapping[Party, int]: ...

    def refused(self, purpose: str, code: str) -> None: ...

    def ledger_keys(self) -> dict[str, bytes]: ...

    def gateway_key(self) -> bytes: ...

    def listed(self, last: int) -> Sequence[Noted]: ...

    def prove(
        self, operation: bytes, shown: Mapping[Party, bytes], since: bytes | None, within: Within | None = None
    ) -> bytes: ...

    def noted(self, private: bytes, public: bytes, first_day: int, last_day: int) -> Sequence[Noted]: ...

    def request_destruction(self, purpose: str, versions: Sequence[bytes], pseudonym: bytes) -> bytes: ...

    def request_records(self, purpose: str, people: int) -> bytes: ...

    def refresh(self, progress: Progress) -> int: ...

    def check(self, progress: Progress) -> Sequence[str]: ...

    def mend(self, seat: Seat | None, progress: Progress) -> int: ...

    def status(self) -> Standing: ...

    def budgets(self) -> Told | None: ...

    def close(self) -> None: ...
