"""Builds what is robbed of a gateway: its service, over a real office, used as callers and clients of a dialect use it,
and a plain twin."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.custodian import Custodian
from moiety.custody.gateway import book
from moiety.custody.gateway.book import BOOK
from moiety.custody.gateway.embedded import WARNING, Embedded
from moiety.custody.store.lock import OfficeLock
from moiety.drills import parties, twin_counter
from moiety.drills.climb import climb, lookalike
from moiety.drills.counter import CALLER, GATEWAY_STORE, ISSUER, PATH, ROOT, Counter
from moiety.drills.guests import Guest, invite
from moiety.drills.loot import Loot, steal
from moiety.drills.parties import Entropies
from moiety.drills.people import People, Vectors, invent
from moiety.drills.register import CLINIC, HOTEL
from moiety.drills.scene import PLAIN
from moiety.drills.standin import MODEL, Card, Models, photograph, portrait
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.newcomer import Newcomer
from moiety.gateway.callers.reception import Reception
from moiety.gateway.callers.roles import Role, Scope
from moiety.gateway.callers.sql import Credentials
from moiety.gateway.jobs.inputs import Inputs
from moiety.gateway.jobs.running import Jobs
from moiety.gateway.jobs.sql import LIVE, JobTable
from moiety.gateway.jobs.standing import Standings
from moiety.gateway.jobs.tickets import Bulk, Tickets
from moiety.gateway.journal import Journal
from moiety.gateway.offices import Offices
from moiety.gateway.rates import Rates
from moiety.gateway.readiness import Readiness
from moiety.gateway.rekognition import faces, galleries, users
from moiety.gateway.rekognition.binding import FINDS_DAILY, MAY, Binding, Key, require_template
from moiety.gateway.rekognition.dialect import Asked, Dialect, face_of
from moiety.gateway.rekognition.finds import Finds
from moiety.gateway.rekognition.seen import Seen
from moiety.gateway.rekognition.store import Store
from moiety.gateway.room import Room
from moiety.gateway.rootkey import root_key
from moiety.gateway.service import Service
from moiety.gateway.work import Work
from moiety.identity.office import Office
from moiety.identity.people import People as Desk
from moiety.identity.ports import Entropy, Progress, silent
from moiety.identity.pseudonym import Pseudonym
from moiety.vault.shelf import Shelf

MOST: Final = 60
"""Guests at most: each is enrolled twice, one after the other."""
KEYS: Final = 16
"""Callers, and clients of the dialect: each hash takes 20 ms."""
DIM: Final = 64
CLIMBED: Final = 2
"""Faces that are climbed to: some hundreds of questions each."""

_DAY: Final = datetime(2025, 1, 6, 9, tzinfo=UTC)
_ENDED_S: Final = 60.0
_PAUSE_S: Final = 0.01
_HOUR_S: Final = 3_600
_QUESTION_S: Final = 4
"""Seconds between two questions of a client who climbs."""
_UNBOUND: Final = 100_000
_LOG: Final = "gateway.log"
_TEMPLATE: Final = f"""
controller = "A drill"
description = "A register of people who do not exist"
retention_days = 365
model = "{MODEL}"

[targets]
fmr = 1e-3
fpir = 1e-2

[grounds.consent]
article_6 = "6(1)(a)"
article_9 = "9(2)(a)"
notice = "These people do not exist"

[records]
country = "CN"
index = ["name", "birth_date"]
"""
_FIELDS: Final = ("national_id", "name", "sex", "birth_date", "address", "employer")


def counted(people: int, entropies: Entropies, rng: np.random.Generator, progress: Progress) -> Counter:
    """Set up a gateway's service in a temporary folder, use it for so many guests, `MOST` at most, and rob it twice."""
    with tempfile.TemporaryDirectory(prefix="moiety-drill-") as folder:
        return _robbed(min(people, MOST), Path(folder), entropies, rng, progress)


def _robbed(people: int, folder: Path, entropies: Entropies, rng: np.random.Generator, progress: Progress) -> Counter:
    guests, strangers = invite(people, rng), invite(people, rng)
    who, others = invent(people, DIM, rng), invent(people, DIM, rng)
    files, never = (_files(some, rng) for some in (who, others))
    with closing(_Counter(folder, entropies)) as counter:
        names = {}
        for purpose, pictures in ((HOTEL, files), (CLINIC, _files(who, rng, again=True))):
            names[purpose] = counter.index(purpose, guests, pictures, rng.permutation(people), progress)
        keys = counter.callers(guests)
        sent = counter.job(guests)
        during = counter.rob()
        counter.finish()
        after = counter.rob()
        rows = {purpose: counter.rows(purpose, names[purpose]) for purpose in names}
        climbed = counter.climbed(rng, progress)
    twin_counter.write(folder / PLAIN, guests, keys, sent, names, files, who.enrolled)
    twin = steal(folder / PLAIN)
    return Counter(
        guests=guests,
        strangers=strangers,
        photographs=files,
        others=never,
        vectors=who.enrolled,
        other_vectors=others.enrolled,
        keys=keys,
        other_keys=[str(ApiKey.fresh(rng.bytes)) for _ in keys],
        faces=names,
        rows=rows,
        root=root_key(folder / "http", rng.bytes),
        climbed=climbed,
        stores={GATEWAY_STORE: (during, after), PLAIN: (twin,)},
    )


def _files(people: People, rng: np.random.Generator, *, again: bool = False) -> list[bytes]:
    vectors: Vectors = people.elsewhere if again else people.enrolled
    return [photograph(portrait(vector, rng), name) for vector, name in zip(vectors, people.names, strict=True)]


class _Counter:
    """A service over an office, in use while it is robbed."""

    def __init__(self, folder: Path, entropies: Entropies) -> None:
        self._place, self._office, entropy = folder / "http", folder / "office", entropies("service gateway")
        self._place.mkdir(mode=0o700)
        self._entropy = entropy
        self._lines: list[str] = []
        self._hour = _Hour()
        with ExitStack() as undo:
            Embedded.create(self._office, entropy)
            three = parties.three(self._office, Custodian, _now, partial(_named, entropies))
            number = three.custodians["a"].standing().office
            written = book.opened(self._office / BOOK, number, clock=_now, entropy=entropy)
            custodians = Embedded(three, OfficeLock(self._office), written, _now, entropy, silent, WARNING)
            shelf = Shelf(folder / "records")
            office = Office(custodians, Models(DIM), shelf, clock=_now, entropy=entropy)
            undo.callback(office.close)
            self._go = Event()
            self.service = _service(self._place, office, entropy, self._lines.append, self._hour, self._go)
            undo.pop_all()
        document = require_template(_TEMPLATE.encode(), "consent")
        self._binding = Binding("gate", ("*",), "consent", document, frozenset(MAY))
        self._clients: list[Key] = [self.service.rekognition.store.bind(self._binding)]
        for purpose in (HOTEL, CLINIC):
            galleries.create(self._asked(CollectionId=purpose))

    def index(
        self, purpose: str, guests: list[Guest], files: list[bytes], order: NDArray[np.intp], progress: Progress
    ) -> NDArray[np.uint8]:
        """Everybody's face, under words of the client's, and their user; what they are called (n, 16)."""
        named = np.empty((len(guests), 16), np.uint8)
        for done, at in enumerate(order.tolist()):
            given = {"CollectionId": purpose, "Image": {"Bytes": files[at]}, "ExternalImageId": guests[at].number}
            face = faces.index(self._asked(**given))["FaceRecords"][0]["Face"]["FaceId"]
            users.create(self._asked(CollectionId=purpose, UserId=guests[at].name))
            users.associate(self._asked(CollectionId=purpose, UserId=guests[at].name, FaceIds=[face]))
            named[at] = np.frombuffer(face_of(face), np.uint8)
            progress("indexing faces", done + 1, len(order))
        faces.search_by_image(self._asked(CollectionId=purpose, Image={"Bytes": files[0]}))
        return named

    def callers(self, guests: list[Guest]) -> list[str]:
        """Keys of callers and of clients, the set-up token, requests by guests' numbers, and people of a provider:
        every secret that was handed out."""
        credentials, store = self.service.credentials, self.service.rekognition.store
        token = credentials.set_up_token()
        given = [] if token is None else [str(token)]
        scopes = frozenset({Scope.parse(f"{HOTEL}:show")})
        for at in range(KEYS):
            person = str(Pseudonym(HOTEL, at.to_bytes(16, "big")))
            who = Newcomer(f"guest-{at}", frozenset({Role.SUBJECT}), scopes, 30, person)
            given.append(str(credentials.add(who)))
            bound = Binding(f"gate-{at}", (HOTEL,), "consent", None, frozenset(MAY))
            self._clients.append(store.bind(bound))
        scopes = frozenset({Scope.parse(f"{HOTEL}:jobs")})
        self._desk = credentials.add(Newcomer(CALLER, frozenset({Role.OPERATOR}), scopes, 30, None))
        given.append(str(self._desk))
        for guest in guests:
            begun = credentials.begin(CALLER, "POST", PATH, guest.number)
            credentials.end(begun.operation, 200)
            self.service.journal.say("request", caller=f"oidc.{credentials.called(ISSUER, guest.number)}")
        return given + [key.secret for key in self._clients]

    def job(self, guests: list[Guest]) -> bytes:
        """What was sent for a job that runs until `finish`."""
        rows = [guest.values(pictured=False) for guest in guests]
        lines = [json.dumps({name: row[name] for name in _FIELDS} | {"seen": "once"}) for row in rows]
        sent = "\n".join(lines).encode() + b"\n"
        mapping = "".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in _FIELDS).encode()
        caller = self.service.credentials.holder(self._desk.prefix)
        if caller is None:
            raise RuntimeError("the key that was given a moment ago does not count")
        self._job = self.service.jobs.begin(caller, Bulk(HOTEL, "jsonl", mapping, "consent", "1", None), sent)
        return sent

    def finish(self) -> None:
        """Let the job end. Raises `RuntimeError` where it brings not everybody in."""
        self._go.set()
        until = monotonic() + _ENDED_S
        while (found := self.service.jobs.table.get(self._job)).state in LIVE and monotonic() < until:
            sleep(_PAUSE_S)
        if found.state != "done" or found.added != found.total:
            raise RuntimeError(f"a job ended as {found.state} {found.code} with {found.aside} aside")

    def rob(self) -> Loot:
        """What the gateway keeps now, its log and its ledger, but for its root key."""
        kept = {name: content for name, content in steal(self._place).files.items() if name != ROOT}
        ledger = {f"{BOOK}/{name}": content for name, content in steal(self._office / BOOK).files.items()}
        return Loot({**kept, **ledger, _LOG: "\n".join(self._lines).encode()})

    def rows(self, purpose: str, named: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What the store calls the rows of these faces, uint8 (n, 16)."""
        of = {kept.face: name for name, kept in self.service.rekognition.store.faces(purpose)}
        return np.frombuffer(b"".join(of[one.tobytes()] for one in named), np.uint8).reshape(-1, 16)

    def climbed(self, rng: np.random.Generator, progress: Progress) -> tuple[list[float], list[float]]:
        """How near two clients come to faces in an hour, each with a key that finds them as often as by default, or as
        often as he likes."""
        near: tuple[list[float], list[float]] = ([], [])
        for at in range(CLIMBED):
            face = rng.standard_normal(DIM)
            face /= np.linalg.norm(face)
            lobby = f"lobby-{at}"
            galleries.create(self._asked(CollectionId=lobby))
            faces.index(self._asked(CollectionId=lobby, Image={"Bytes": _picture(face, rng)}))
            start = lookalike(face, rng)
            for cosines, finds in zip(near, (FINDS_DAILY, _UNBOUND), strict=True):
                binding = replace(self._binding, name=f"{lobby}-{finds}", collections=(lobby,), finds=finds)
                client = _Client(self.service, binding, lobby, rng)
                self._hour.asked = client.hour
                cosines.append(float(climb(client, start, Card(DIM).rates[0].cosine, DIM, rng) @ face))
                progress("climbing", len(near[0]) + len(near[1]), 2 * CLIMBED)
        return near

    def close(self) -> None:
        """Close the service and its office."""
        self.service.close()

    def _asked(self, **given: object) -> Asked:
        return Asked(self.service, self._binding, "drill", given)


class _Hour:
    """The clock that finds are counted by, which whoever climbs moves."""

    def __init__(self) -> None:
        self.asked: Callable[[], float] = lambda: 0.0

    def __call__(self) -> float:
        return _second() + self.asked()


class _Client:
    """Who holds a key of the dialect and makes a picture for any face that he likes: whether it is found, for an
    hour."""

    def __init__(self, service: Service, binding: Binding, collection: str, rng: np.random.Generator) -> None:
        self._service = service
        self._binding = binding
        self._collection = collection
        self._rng = rng
        self._asked = 0

    def hour(self) -> float:
        """Seconds since he began."""
        return self._asked * _QUESTION_S

    def __call__(self, face: NDArray[np.float64]) -> bool:
        if self.hour() >= _HOUR_S:
            return False
        self._asked += 1
        given = {"CollectionId": self._collection, "Image": {"Bytes": _picture(face, self._rng)}}
        return bool(faces.search_by_image(Asked(self._service, self._binding, "drill", given))["FaceMatches"])


def _picture(face: NDArray[np.float64], rng: np.random.Generator) -> bytes:
    return photograph(portrait(face.astype(np.float32), rng), "somebody")


def _service(
    place: Path, office: Office, entropy: Entropy, write: Callable[[str], None], hour: Callable[[], float], go: Event
) -> Service:
    def people(purpose: str, _: Role) -> Desk:
        go.wait()
        return office.purpose(purpose).people()

    credentials = Credentials.open(place, lambda: root_key(place, entropy), _second, entropy)
    journal = Journal(write, _now)
    inputs, work = Inputs(place / "jobs", entropy), Work()
    dialect = Dialect(
        Store.open(place, root_key(place, entropy), _second, entropy), Seen(_second), Finds(hour), _second
    )
    return Service(
        offices=Offices({"operator": office, "officer": office}),
        credentials=credentials,
        reception=Reception(credentials, _second, entropy, None),
        rates=Rates(_second),
        strangers=Rates(_second),
        work=work,
        hall=Work(),
        door=Work(),
        ready=Readiness(work, office.purposes, _second),
        room=Room(1),
        jobs=Jobs(
            inputs,
            JobTable(credentials.database, inputs.name, _second),
            Tickets(root_key(place, entropy), entropy),
            Standings(credentials, (), _second),
            people,
            entropy,
            journal.failed,
        ),
        journal=journal,
        entropy=entropy,
        rekognition=dialect,
        office=place,
    )


def _now() -> datetime:
    return _DAY


def _second() -> int:
    return int(_DAY.timestamp())


def _named(entropies: Entropies, seat: str) -> Entropy:
    return entropies(f"service {seat}")
