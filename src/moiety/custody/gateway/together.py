"""The three custodians together, as a gateway asks them: in this process or apart.

It asks all three, hands on what they say to each other where they do not say it themselves, and puts together only
what it may learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from moiety.custody import noting
from moiety.custody.chronicle import called
from moiety.custody.gateway import checks, enrolment, naming, opening, searching
from moiety.custody.gateway.conduct import Conduct
from moiety.custody.gateway.entries import Finding, GalleryState, Identified, Newcomer, Status
from moiety.custody.gateway.ledgers import Noted
from moiety.custody.gateway.opening import Opened, Row, Version
from moiety.custody.refusals import GalleryFixed
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import is_keys, keys_of
from moiety.custody.store.page import HANDLE_BYTES
from moiety.custody.trust import matter
from moiety.custody.trust.asked import hashed
from moiety.custody.trust.matter import Matter
from moiety.custody.trust.roster import ACKNOWLEDGE
from moiety.custody.unopened import KeyNotMade
from moiety.custody.verbs import ROWS_ATTESTED, UNAPPROVED, Ground, Progress, Verbs, silent
from moiety.ledger import audit as auditing
from moiety.ledger import receipt
from moiety.ledger.many import Within
from moiety.ledger.operation import ID_BYTES, Party
from moiety.matching.header import Header
from moiety.matching.policy import Terms
from moiety.matching.refusals import UnequalParts
from moiety.sharing.seat import SEATS, Seat

if TYPE_CHECKING:
    from moiety.custody.gateway.allowances import Allowances


class Together(Conduct):
    """Three custodians and what excludes a change from everything else; `warning` says what their custody does not
    protect against. Safe for threads."""

    def budgets(self) -> Allowances | None:
        """What is left of what may be asked for here; None: whoever is in one process with custodians asks for as much
        as they like, and nobody counts."""
        return None

    # Galleries.

    def galleries(self) -> list[str]:
        """The names of the purposes' galleries, in alphabetical order."""
        with self._shared():
            return self._purposes()

    def gallery(self, name: str) -> GalleryState:
        """Raises `GalleryUnknown`."""
        with self._shared() as headers:
            return self._state(headers, name)

    def document(self, name: str) -> bytes | None:
        """A purpose's document; None where there is no such purpose."""
        headers = self._known(name)
        return headers.gallery(name).document if name in headers and not is_keys(name) else None

    def terms(self, name: str) -> Terms:
        """A gallery's terms. Raises `GalleryUnknown`."""
        return self._known(name).terms(name)

    def add_gallery(self, name: str, terms: Terms, document: bytes, *, approved: bytes | None = None) -> None:
        """Add an empty gallery; again with the same terms and document does nothing. Raises `GalleryExists`.

        `approved` here and below is a request file (see `requests`) that people have signed, as the `request_` of the
        same name wrote it; raises `NobodySigns` where no custodian could verify it, and what `approving.approved` does.
        """
        papers = terms.to_json()
        with self._changing() as headers, self._carried(matter.papers(name, papers, document), approved, headers):
            self._three.each(lambda custodian: custodian.add_gallery(name, papers, document))
            self._adopted(name, papers, document)

    def replace_document(self, name: str, terms: Terms, document: bytes, *, approved: bytes | None = None) -> None:
        """Replace a gallery's terms and document. Raises `GalleryFixed` for another model or dimension."""
        papers = terms.to_json()
        with self._changing() as headers, self._carried(matter.papers(name, papers, document), approved, headers):
            held = headers.terms(name)
            if (held.model, held.dim) != (terms.model, terms.dim):
                raise GalleryFixed(dim=held.dim)
            replacing = headers.make("replace", name, rows=0)
            self._three.work(lambda custodian: custodian.replace_document(name, replacing, papers, document))
            self._adopted(name, papers, document)

    # People.

    def enrol(self, name: str, newcomers: Sequence[Newcomer], *, approved: bytes | None = None) -> None:
        """Enrol all of these or nobody; once it returns they match, whatever happens to this machine.

        Raises `GalleryUnknown`, `GalleryDamaged`, `WordsWrong`, `TooMany`, `AlreadyEnrolled`, `MalformedTemplate`,
        and `Unavailable` where a store cannot be written: then nobody was enrolled.
        """
        people = matter.bulk(name, len(newcomers))
        with self._changing(len(newcomers)) as headers, self._carried(people, approved, headers):
            self._load(headers, name)
            noted = self._enrolling(newcomers, None)
            enrolment.enrol(self._three, headers, self._entropy, name, newcomers, noted=noted)

    def verify(self, name: str, words: NDArray[np.int16], pseudonym: bytes, *, stricter: int = 0) -> bool:
        """Whether a probe, words (dim,), matches one person, by the purpose's own point or so many stricter; an
        unknown, erased or expired one does not."""
        with self._searching(name) as headers:
            noted = self._recognising
            return searching.verify(self._three, headers, self._entropy, name, words, pseudonym, stricter, noted)

    def identify(self, name: str, words: NDArray[np.int16]) -> Identified:
        """Whom each of B probes, words (B, dim), matches in the gallery."""
        with self._searching(name) as headers:
            return searching.identify(self._three, headers, self._entropy, name, words, self._recognising)

    def identify_enrolled(self, name: str, pseudonym: bytes) -> Identified:
        """Who else in the gallery whoever has this pseudonym matches. Raises `NobodyThere`."""
        with self._searching(name) as headers:
            return searching.identify_enrolled(self._three, headers, name, pseudonym, self._recognising)

    def verify_enrolled(self, name: str, pseudonym: bytes, claimed: bytes, *, stricter: int = 0) -> bool:
        """Whether two who are enrolled match, as `verify` does. Raises `NobodyThere` of the first."""
        with self._searching(name) as headers:
            noted = self._recognising
            return searching.verify_enrolled(self._three, headers, name, pseudonym, claimed, stricter, noted)

    def erase(self, name: str, pseudonym: bytes, *, approved: bytes | None = None) -> bool:
        """Erase one person at all three and overwrite what was there; whether there was anybody."""
        with self._changing() as headers, self._carried(_erasure(name, pseudonym), approved, headers):
            self._load(headers, name)
            found = enrolment.erase(self._three, headers, [(name, pseudonym)])
            self._erased(name, len(found))
            return bool(found)

    def restrict(self, name: str, pseudonym: bytes, on: bool) -> bool:
        """Keep one person's face and answer nobody about it, or answer again; whether there was any."""
        with self._changing() as headers:
            self._load(headers, name)
            return enrolment.restrict(self._three, headers, name, pseudonym, on)

    # Records.

    def keep(self, purpose: str, versions: Sequence[Version], *, approved: bytes | None = None) -> None:
        """Have the keys of these versions of people's records kept, all or none. Raises as `enrol`."""
        self.enrol(keys_of(purpose), [Row.of(version) for version in versions], approved=approved)

    def pseudonyms(self, purpose: str, inputs: Sequence[bytes], *, approved: bytes | None = None) -> list[bytes]:
        """The pseudonyms, 16 bytes each, of what people are known by elsewhere: see `naming.pseudonyms`. The first time
        of all, the three make the purpose's key. `approved` is what `keep` of these people will be given."""
        signed = UNAPPROVED
        if approved is not None:
            with self._shared() as headers:  # for how many, `keep` will know: some of them are there already
                signed = self._signed(matter.bulk(keys_of(purpose), 1), approved, headers)
        try:
            if approved is not None:  # what was drawn is not given back: one question tells whether there is a key
                naming.pseudonyms(self._three, self._entropy, purpose, inputs[:1], self._answering, signed)
            return naming.pseudonyms(self._three, self._entropy, purpose, inputs, self._answering, signed)
        except KeyNotMade:
            with self._changing() as headers:
                naming.agree_key(self._three, headers, purpose)
        return naming.pseudonyms(self._three, self._entropy, purpose, inputs, self._answering, signed)

    def rewrite(self, purpose: str, version: Version, before: bytes, carried: Sequence[str]) -> None:
        """Have the keys of a record kept that was written anew from the version `before`, whose keys of the classes in
        `carried` it keeps: they are put there by the custodians themselves. The version before is still there, and may
        be destroyed. Raises as `enrol`, and `NobodyThere`."""
        name = keys_of(purpose)
        with self._changing() as headers:
            self._load(headers, name)
            instead, rows = enrolment.Instead(before, carried), [Row.of(version)]
            noted = self._enrolling(rows, carried)
            enrolment.enrol(self._three, headers, self._entropy, name, rows, instead, noted=noted)

    def kept(self, purpose: str, day: int) -> int:
        """How many versions of records have keys that would be opened on this day (since 1970-01-01)."""
        with self._shared():
            return self._three.custodians["a"].alive(keys_of(purpose), day)

    def unlock(self, purpose: str, version: bytes, secrets: Sequence[str], *, role: str, reason: str) -> Opened:
        """Have secrets of one version opened: see `opening.unlock`. Where signatures are asked for, the role is the
        signer's."""
        with self._answering():
            asked = self._entropy(ID_BYTES)
            return opening.unlock(self._three, self._book, asked, purpose, version, secrets, role, reason)

    def hold(self, purpose: str, version: bytes | None, pseudonym: bytes | None, on: bool) -> bool:
        """Keep a person's record and face, whichever of the two are named, and answer nobody about them, or answer
        again; whether there was any."""
        found = version is not None and self.restrict(keys_of(purpose), version, on)
        return (pseudonym is not None and self.restrict(purpose, pseudonym, on)) or found

    def note_ground(self, purpose: str, version: bytes, place: int, text: str = "", how: str = "") -> None:
        """Have written down at all three, and write down here, that a person gave the ground of this place in the
        purpose's document, to this version of the text and in this way; or, where there is no text, that they took it
        back. Raises `NobodyThere`, `UnequalParts`, and as `enrol` where it cannot be written."""
        name, ground, publics = keys_of(purpose), Ground(place, text, how), set[bytes]()

        def write(header: Header) -> None:
            for public in publics:  # of nobody who answered, none is known
                with called(self._caller("correct")):
                    noting.grounded(self._book, header, ground, public)

        known = handles(name, [version])
        with self._changing() as headers:
            self._load(headers, name)
            header = headers.make("ground", name, rows=1)
            with self._noted(header, write):
                told = self._three.work(
                    lambda some: some.records.ground(name, header, known[some.seat].tobytes(), ground)
                )
                if len(set(told.values())) > 1:
                    raise UnequalParts
                publics |= set(told.values())

    def drop_face(self, purpose: str, pseudonym: bytes) -> bool:
        """Destroy the face of somebody who took back what allowed it and was held for that; whether nothing is left of
        it. Custodians apart may want it signed for, and keep it, held, for three days."""
        self.erase(purpose, pseudonym)
        return True

    def drop(self, purpose: str, version: bytes, *, waiting: bool = False) -> bool:
        """Destroy the keys of a version that was written anew, or that no record came to use; whether nothing is left
        of them. The second, custodians apart keep for three days more, and open for nobody; `waiting` says that these
        have begun."""
        self.erase(keys_of(purpose), version)
        return True

    def destroy(
        self, purpose: str, versions: Sequence[bytes], pseudonym: bytes, *, approved: bytes | None = None
    ) -> list[tuple[str, bytes]]:
        """Destroy the keys of all versions of a person's record, and the face, at all three: those that there were,
        each by its gallery and its 16 bytes. Before three days have passed since `hold`, custodians apart want two
        officers' signatures: `approved` is what `request_destruction` wrote."""
        what = _destruction(purpose, versions, pseudonym)
        with self._changing() as headers, self._carried(what, approved, headers):
            rows = [(keys_of(purpose), version) for version in versions] + [(purpose, pseudonym)]
            for name in dict.fromkeys(name for name, _ in rows):
                self._load(headers, name)
            gone = enrolment.erase(self._three, headers, rows)
            self._erased(purpose, len(gone))
            return gone

    def traces(self, purpose: str, versions: Sequence[bytes], pseudonym: bytes) -> list[tuple[str, bytes]]:
        """What a receipt for these is asked for by: of each its gallery, and the handles that custodians a, b and c
        knew it by, 48 bytes. Of more than `ROWS_ATTESTED` the last."""
        rows = [(keys_of(purpose), version) for version in versions] + [(purpose, pseudonym)]
        known = [(name, handles(name, [row])) for name, row in rows[-ROWS_ATTESTED:]]
        return [(name, b"".join(each[seat].tobytes() for seat in SEATS)) for name, each in known]

    def attest(self, traces: Sequence[tuple[str, bytes]], subject: str) -> bytes:
        """A receipt (see `ledger.receipt`) for what of these was destroyed, now or before an interruption: signed by
        all three, about a salted commitment to whom it was, 64 hexadecimal digits. Raises `NothingDestroyed`."""

        def ask(custodian: Verbs) -> receipt.Signed:
            at = SEATS.index(custodian.seat) * HANDLE_BYTES
            return custodian.audit.attest(subject, [(name, known[at : at + HANDLE_BYTES]) for name, known in traces])

        return receipt.written(list(self._three.some(SEATS, ask, small=True).values()))

    # Ledgers.

    def audit(self, in_flight: int = 0) -> auditing.Finding:
        """Hold the four ledgers against each other; see `Ledgers.audit`."""
        return self._ledgers().audit(in_flight)

    def acknowledge(self) -> dict[Party, int]:
        """Have written down what ledgers lack, and how many operations each did; see `Ledgers.acknowledge`."""
        with self._alone() as headers, called(self._caller(ACKNOWLEDGE)):
            return self._ledgers().acknowledge(lambda: headers.office("acknowledge"))

    def ledger_keys(self) -> dict[str, bytes]:
        """The public keys that custodians sign heads and receipts with, by seat."""
        return self._ledgers().keys()

    def gateway_key(self) -> bytes:
        """The public key that the gateway's ledger signs its heads with."""
        return self._book.public

    def listed(self, last: int) -> list[Noted]:
        """What the four ledgers have in the clear; see `Ledgers.listed`."""
        return self._ledgers().listed(last)

    def prove(
        self, operation: bytes, shown: Mapping[Party, bytes], since: bytes | None, within: Within | None = None
    ) -> bytes:
        """A file that proves what is in the ledgers; see `Ledgers.prove`."""
        return self._ledgers().prove(operation, shown, since, within)

    def noted(self, private: bytes, public: bytes, first_day: int, last_day: int) -> list[Noted]:
        """What the four ledgers say of whoever has this key; see `Ledgers.about`."""
        return self._ledgers().about(private, public, first_day, last_day)

    def request_records(self, purpose: str, people: int) -> bytes:
        """A request file for `keep` of so many at most; raises as `request_bulk`."""
        return self.request_bulk(keys_of(purpose), people)

    def request_destruction(self, purpose: str, versions: Sequence[bytes], pseudonym: bytes) -> bytes:
        """A request file for destroying one person's record, all its versions, and face at once, whom nothing in it
        names; raises as `request_bulk`."""
        return self._request(_destruction(purpose, versions, pseudonym))

    # What people sign first.

    def request_papers(self, name: str, terms: Terms, document: bytes) -> bytes:
        """A request file for two officers to sign, before `add_gallery` or `replace_document` of exactly these.

        Raises `NobodySigns` where no custodian could verify signatures.
        """
        return self._request(matter.papers(name, terms.to_json(), document))

    def request_bulk(self, name: str, people: int) -> bytes:
        """A request file for an enrolment of so many at most. Raises `NobodySigns`, and `ApprovalNeedless` where the
        gallery's terms have nobody sign for it."""
        return self._request(matter.bulk(name, people))

    def request_erasure(self, name: str, pseudonym: bytes) -> bytes:
        """A request file for erasing one person, whom nothing in it names; raises as `request_bulk`."""
        return self._request(_erasure(name, pseudonym))

    def require_bulk(self, name: str, people: int, *, approved: bytes | None = None) -> None:
        """Raises at once what `enrol` of so many would raise for want of signatures, as far as that can be told
        before custodians verify them."""
        with self._shared() as headers:
            self._signed(matter.bulk(name, people), approved, headers)

    # The office.

    def refresh(self, progress: Progress = silent) -> int:
        """Give every row other parts, at all three, in a new epoch; its number. Who has expired is not taken along."""
        with self._changing() as headers:
            for name in self._names():
                self._load(headers, name)
            epoch = self._renew(headers, progress)
        with self._alone() as headers:
            for name in self._names():
                checks.check(self._three, headers, name, progress)
        return epoch

    def check(self, progress: Progress = silent) -> list[str]:
        """Check every gallery; what was found, in words. A gallery with findings is closed until it is mended."""
        return [finding.text for finding in self.findings(progress)]

    def findings(self, progress: Progress = silent) -> list[Finding]:
        """As `check`."""
        with self._alone() as headers:
            return [finding for name in self._names() for finding in checks.check(self._three, headers, name, progress)]

    def mend(self, seat: Seat | None = None, progress: Progress = silent) -> int:
        """Recover damaged pages, and lost parts of keys, from the two other custodians, then refresh; how many.

        `seat` names a custodian whose rows were altered in a way that no page shows: all its pages are recovered.
        Raises `TwoDamaged`, `MendingNeedsSeat`, `GalleryDamaged`.
        """
        with self._alone() as headers:
            mended = sum(
                checks.mend(self._three, headers, self._entropy, name, seat, progress) for name in self._names()
            )
        if mended:
            self.refresh(progress)
        return mended

    def status(self) -> Status:
        """The office in numbers, and what it does not protect against. Every gallery is loaded, as for a search:
        one whose pages are not intact shows as damaged, whatever its last check said."""
        with self._shared() as headers:
            states = tuple(self._looked_at(headers, name) for name in self._purposes())
            return Status(states, headers.epoch, self._warning)

    def warning(self) -> str:
        """What this custody does not protect against."""
        return self._warning


def _erasure(name: str, pseudonym: bytes) -> Matter:
    return matter.erasure(name, _hashed(name, pseudonym))


def _destruction(purpose: str, versions: Sequence[bytes], pseudonym: bytes) -> Matter:
    keys = [one for version in versions for one in _hashed(keys_of(purpose), version)]
    return matter.erasure(purpose, [*keys, *_hashed(purpose, pseudonym)])


def _hashed(name: str, pseudonym: bytes) -> list[bytes]:
    known = handles(name, [pseudonym])
    return [hashed(known[seat].tobytes()) for seat in SEATS]
