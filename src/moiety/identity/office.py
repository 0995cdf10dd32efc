"""An office: three custodians and the models of this machine, and the purposes that they serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, get_args

from moiety.errors import Refused
from moiety.identity import enrol, erase, grounds, identify, reconciling, sight, terms, verify
from moiety.identity import notice as notices
from moiety.identity import purpose as documents
from moiety.identity.budgets import Budgets
from moiety.identity.desk import Desk, heard
from moiety.identity.enrol import Before, unheard
from moiety.identity.notice import Activity, Notice
from moiety.identity.people import FOUND, People
from moiety.identity.person import Person
from moiety.identity.ports import (
    Clock,
    Custodians,
    Entropy,
    Gallery,
    Gather,
    Models,
    Noted,
    Picture,
    Progress,
    Seat,
    by_itself,
    silent,
)
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import Purpose
from moiety.identity.record_port import Records, RecordStore
from moiety.identity.refusals import OfficeClosed, PurposeUnknown, SeatUnknown
from moiety.identity.results import Candidates, Enrolled, Erased, PurposeStatus, Status, Verdict
from moiety.stages import stage
from moiety.vault.retention import State

if TYPE_CHECKING:
    from moiety.ledger.audit import Finding
    from moiety.ledger.operation import Party
    from moiety.matching.policy import Terms


_DOCUMENTS: Final = 64
"""Purposes whose documents are not read again at every question: 4 MiB of text at most."""


class Custody:
    """The custodians of one office for as long as it is open: asking for them afterwards raises `OfficeClosed`."""

    def __init__(self, custodians: Custodians) -> None:
        self._custodians = custodians
        self._closed = False

    def __call__(self) -> Custodians:
        if self._closed:
            raise OfficeClosed
        return self._custodians

    def close(self) -> None:
        """Release them; doing it again is harmless."""
        self._closed = True
        self._custodians.close()


class PurposeOffice:
    """One purpose of an office: what can be done with the people enrolled for it, and with nobody else."""

    def __init__(
        self,
        purpose: Purpose,
        custody: Custody,
        models: Models,
        records: Callable[[], RecordStore],
        clock: Clock,
        entropy: Entropy,
        gather: Gather = by_itself,
    ) -> None:
        self.document = purpose
        self._gather = gather
        self._custody = custody
        self._models = models
        self._records = records
        self._clock = clock
        self._entropy = entropy

    @property
    def name(self) -> str:
        return self.document.name

    @property
    def _desk(self) -> Desk:
        return Desk(self.document, self._custody, self._records, self._clock, self._entropy)

    def notice(self, language: str = "en") -> Notice:
        """The text to post: what people are told (GDPR, Articles 13 and 14). Raises `LanguageUnknown`."""
        return notices.notice(self.document, language)

    def people(self, *, role: str = "operator") -> People:
        """The records of this purpose's people. `role` is who has something opened, where nobody signs for it. Raises
        `NoRecords` where the purpose keeps none."""
        return People(replace(self._desk, role=role))

    def person(self, pseudonym: Pseudonym | str, *, role: str = "operator") -> Person:
        """Whoever's record is kept under this pseudonym; see `people`."""
        return self.people(role=role).person(pseudonym)

    def sight(self) -> sight.Sight:
        """What is done with each face of a picture that shows several, or was looked at before."""
        return sight.Sight(self._desk, self._models)

    def keeps(self, pseudonym: Pseudonym) -> bool:
        """Whether a record is kept under this pseudonym."""
        if self.document.records is None:
            return False
        stored = self._records().get(self.name, pseudonym.value)
        return stored is not None and stored.stay.state is not State.PENDING

    def owes(self, pseudonym: Pseudonym) -> bool:
        """Whether a record that was kept under this pseudonym is destroyed, and nobody was given the receipt."""
        return self.document.records is not None and self.people().owes(pseudonym)

    @heard
    def enrol(self, pictures: Sequence[Picture], *, grounds: str, person: Pseudonym | str | None = None) -> Enrolled:
        """Enrol one person from one picture or several; see `identity.enrol`. `person` is whose record is kept: the
        face has the same pseudonym, on grounds that this person gave; raises what `Person.beside` does."""
        beside = None if person is None else self.person(person).beside(grounds)
        return enrol.enrol(
            self.document,
            pictures,
            grounds,
            custodians=self._custody(),
            models=self._models,
            clock=self._clock,
            entropy=self._entropy,
            beside=beside,
        )

    @heard
    def enrol_many(
        self,
        people: Iterable[Sequence[Picture]],
        *,
        grounds: str,
        approved: bytes | None = None,
        before: Before = unheard,
    ) -> Iterator[Enrolled | Refused]:
        """Enrol many, each from the pictures of one person; yields what became of each, in order.

        Where the purpose has people sign for bulk enrolments, all are enrolled or nobody; see `identity.enrol_many`.
        """
        outcomes = enrol.enrol_many(
            self.document,
            self._while_open(people),
            grounds,
            custodians=self._custody(),
            models=self._models,
            clock=self._clock,
            entropy=self._entropy,
            approved=approved,
            before=before,
        )
        return self._desk.heard(outcomes)

    def request_enrolment(self, people: int) -> bytes:
        """A request file for two people to sign (`moiety operator sign`) before `enrol_many` of so many at most is
        given it as `approved`. Raises a `Refused` where the purpose, or the custody, has nobody sign for it."""
        return enrol.request(self.document, people, custodians=self._custody())

    def require_approved(self, people: int, *, approved: bytes | None = None) -> None:
        """Raises at once what `enrol_many` of so many would raise for want of signatures once it has looked at all
        pictures. Whose signatures they are, custodians say only then."""
        self._custody().require_bulk(self.document.name, people, approved=approved)

    @heard
    def verify(self, picture: Picture, *, claimed: Pseudonym | str) -> Verdict:
        """Whether the picture shows the claimed person; see `identity.verify`."""
        return verify.verify(
            self.document,
            picture,
            claimed,
            custodians=self._custody(),
            models=self._models,
        )

    @heard
    def identify(self, picture: Picture) -> Candidates:
        """Everybody whom the picture may show; see `identity.identify`."""
        return identify.identify(
            self.document,
            picture,
            search=partial(self._gather, self._custody().identify),
            models=self._models,
        )

    @heard
    def identify_enrolled(self, person: Pseudonym | str) -> Candidates:
        """Everybody else whom this person may be; see `identity.identify_enrolled`."""
        return identify.identify_enrolled(self.document, person, custodians=self._custody())

    @heard
    def erase(self, person: Pseudonym | str, *, approved: bytes | None = None) -> Erased:
        """Overwrite one person at all three custodians, see `identity.erase`; and what an interrupted `People.add` left
        of a record under this pseudonym."""
        left = self.document.records is not None and self.people().give_up(person)
        erased = erase.erase(self.document, person, custodians=self._custody(), approved=approved)
        return replace(erased, found=True) if left else erased

    def request_erasure(self, person: Pseudonym | str) -> bytes:
        """A request file for two people to sign before `erase` is given it as `approved`; nothing in it names the
        person. Raises as `request_enrolment`."""
        return erase.request(self.document, person, custodians=self._custody())

    def _while_open(self, people: Iterable[Sequence[Picture]]) -> Iterator[Sequence[Picture]]:
        """The same people; asking for another one after the office was closed is refused."""
        for pictures in people:
            self._custody()
            yield pictures


class Office:
    """Opened with `moiety.open(folder)`, closed by `with` or `close()`; after that it answers `OfficeClosed`."""

    def __init__(
        self,
        custodians: Custodians,
        models: Models,
        records: Records,
        *,
        clock: Clock,
        entropy: Entropy,
        gather: Gather = by_itself,
    ) -> None:
        self._gather = gather
        self._custody = Custody(custodians)
        self._models = models
        self._records = records
        self._clock = clock
        self._entropy = entropy
        self._read = lru_cache(_DOCUMENTS)(documents.read)

    def purposes(self) -> list[str]:
        """The names of the purposes, in alphabetical order."""
        return sorted(self._custody().galleries())

    def purpose(self, name: str) -> PurposeOffice:
        """The office of one purpose; raises `PurposeUnknown`."""
        with stage("purpose"):
            document = self._read(self.document(name))
        return PurposeOffice(
            document, self._custody, self._models, self._records.store, self._clock, self._entropy, self._gather
        )

    def document(self, name: str) -> bytes:
        """The purpose document as it was added, comments and all; raises `PurposeUnknown`."""
        document = self._custody().document(name)
        if document is None:
            raise PurposeUnknown
        return document

    def add_purpose(self, document: bytes, *, approved: bytes | None = None) -> Purpose:
        """Add a purpose, or replace the document of one; raises what `purpose.read`, `terms.derive` and
        `grounds.require_successor` raise, and `Unavailable` where its model is not installed.

        Custodians that run apart want two officers' signatures: `approved` is what `request_purpose` of the same
        document wrote, once they have signed it.
        """
        purpose, derived, known = self._derived(document)
        if known:
            self._custody().replace_document(purpose.name, derived, document, approved=approved)
        else:
            self._custody().add_gallery(purpose.name, derived, document, approved=approved)
        return purpose

    def request_purpose(self, document: bytes) -> bytes:
        """A request file for two officers to sign (`moiety operator sign`); raises as `add_purpose`, and a `Refused`
        where the custody has nobody sign."""
        purpose, derived, _ = self._derived(document)
        return self._custody().request_papers(purpose.name, derived, document)

    def _derived(self, document: bytes) -> tuple[Purpose, Terms, bool]:
        """The purpose of a document, its terms, and whether it is known already."""
        purpose = documents.read(document)
        known = purpose.name in self._custody().galleries()
        if known:  # before its model is looked for: another model is refused whether it is installed or not
            old = documents.read(self.document(purpose.name))
            grounds.require_successor(old, purpose, kept=lambda: self._keeps_anybody(purpose.name))
        return purpose, terms.derive(purpose, self._models.card(purpose.model)), known

    def _keeps_anybody(self, name: str) -> bool:
        """Whether there is a record of anybody, in whatever state, or what was written anew has keys that are left to
        destroy."""
        store = self._records.store()
        return any(store.count(name).values()) or bool(store.leaving(name))

    def refresh(self, progress: Progress = silent) -> int:
        """Re-randomise every row at all three custodians; returns the new epoch."""
        return self._custody().refresh(progress)

    def check(self, progress: Progress = silent) -> list[str]:
        """What is wrong with the stored rows, and between records and their keys, in words; empty where nothing is."""
        found = list(self._custody().check(progress))
        for name in self._custody().galleries():
            one = self.purpose(name)
            found += reconciling.findings(one._desk) if one.document.records else []
        return found

    def mend(self, seat: Seat | None = None, progress: Progress = silent) -> int:
        """Recover damaged rows from the two other custodians; returns how many pages of rows were recovered.

        Where no page shows which custodian was altered, `seat` has to name it. Raises `SeatUnknown` for another name.
        """
        if seat is not None and seat not in get_args(Seat):
            raise SeatUnknown
        return self._custody().mend(seat, progress)

    def audit(self, *, in_flight: int = 0) -> Finding:
        """Hold the four ledgers against each other; `in_flight` operations may be on their way to them. Raises a
        `Refused` where one is not what it was when it was looked at before."""
        return self._custody().audit(in_flight)

    def acknowledge_missing(self) -> Mapping[Party, int]:
        """Write into the gateway's ledger what custodians wrote and it lacks, since the gateway was killed before, or
        its disk was full; and have each custodian write down, as its own entry of today, what it lacks of what others
        wrote, since it was killed before: how many operations each ledger lacked. Look first whether somebody knows of
        them: a stolen gateway leaves the same. Nothing where the ledgers differ in anything else first.
        Custodians apart do theirs for officers alone: raises `CallerRefused` for anybody else, `LedgerOlder` where one
        does not know how, `LedgerTampered` where one's ledger was put back, and as `audit`."""
        return self._custody().acknowledge()

    def ledger_keys(self) -> dict[str, bytes]:
        """The public keys that custodians sign heads and receipts with, by seat: for whoever checks one offline."""
        return self._custody().ledger_keys()

    def gateway_key(self) -> bytes:
        """The public key that the gateway's own ledger signs its heads with: with `ledger_keys`, all that it takes to
        check what `prove` wrote."""
        return self._custody().gateway_key()

    def listed(self, last: int) -> list[Noted]:
        """What the four ledgers have in the clear among the `last` rows of each: all that is about nobody."""
        return list(self._custody().listed(last))

    def prove(self, operation: bytes = b"", *, since: bytes | None = None) -> bytes:
        """A file that proves to anybody (`moiety.ledger.proof`) that this operation, as `listed` and `Person.history`
        name it, is in ledgers, and which; without one, what the four are now. `since` is an earlier such file, whose
        ledgers are proven to have only grown. What is about a person it does not say: see `Person.prove`.

        Raises `OperationUnwritten`, `ProofWrong` for another `since`, and as `audit`."""
        return self._custody().prove(operation, {}, since)

    def models(self) -> Models:
        """The models of this machine."""
        return self._models

    def register(self) -> list[Activity]:
        """The register of what is done (GDPR, Article 30): a row for each purpose."""
        return [notices.activity(self._read(self.document(name))) for name in self.purposes()]

    def status(self) -> Status:
        """The office in numbers, and what its custody does not protect against."""
        standing = self._custody().status()
        galleries = sorted(standing.galleries, key=lambda gallery: gallery.name)
        rows = (PurposeStatus.of(gallery, self._records_of(gallery)) for gallery in galleries)
        return Status(tuple(rows), standing.warning)

    def budgets(self) -> Budgets | None:
        """What is left of what may be asked for here; None where nobody counts: custodians in this process."""
        told = self._custody().budgets()
        return None if told is None else Budgets.of(told)

    def _records_of(self, gallery: Gallery) -> int | None:
        """Of how many people a number finds the record; None where the purpose keeps none."""
        if documents.read(gallery.document).records is None:
            return None
        counted = self._records.store().count(gallery.name)
        return sum(counted[state] for state in FOUND)

    def close(self) -> None:
        """Release the custodians and the record store; nothing is written, since everything already was."""
        self._custody.close()
        self._records.close()

    def __enter__(self) -> Office:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
