"""As many people as a database had that was found open in 2019: made up, brought in, found, opened, corrected, erased.

    python -m tools.sensenets [--count N] [--folder DIR]

Everything is the program's own way: its commands make and import the file, its library does the rest, on one disk with
every commit durable. Whatever is not as it should be ends the run. What it took is written to
docs/measurements/sensenets.json, with the machine that it took it on.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

import moiety
from moiety.custody.gateway.deployment import RECORDS
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.opening import Row
from moiety.custody.unopened import ClassRefused
from moiety.drills import canaries
from moiety.drills.haystack import Haystack
from moiety.identity.examples import HOTEL
from moiety.identity.people import People
from moiety.identity.person import Person
from moiety.ledger import receipt
from moiety.matching.words import quantise_rows
from moiety.sharing.seat import SEATS
from moiety.vault import synth
from moiety.vault.schema import Schema
from moiety.vault.sql import RecordStore
from tools.measure import MEASUREMENTS, machine, revision

PEOPLE: Final = 2_565_724
"""As many as there were."""

SEED: Final = 2019
PURPOSE: Final = "hotel"
FOUND: Final = 100
CHANGED: Final = 20
SWEPT: Final = 200
"""People whose values every byte is looked at for: a needle more costs nothing, one person has hundreds."""

_FIELDS: Final = [name for name in Schema.default().fields if name != "photo"]
_PIECE: Final = 1 << 26
"""Bytes of a file that are searched at once."""


def main() -> None:
    """Play it, and write down what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=PEOPLE, metavar="N", help="so many people")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the office is made for a while")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as made:
        taken = brought(Path(made), asked.count)
        taken |= pictured(Path(made) / "office", asked.count)
        taken |= used(Path(made) / "office", asked.count)
        taken |= swept(Path(made) / "office", asked.count)
    said = ["python", "-m", "tools.sensenets", *(["--count", str(asked.count)] if asked.count != PEOPLE else [])]
    record = {"command": said, "machine": machine(), "result": taken, "revision": revision()}
    MEASUREMENTS.mkdir(parents=True, exist_ok=True)
    (MEASUREMENTS / "sensenets.json").write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def brought(folder: Path, count: int) -> dict[str, Any]:
    """An office in `folder`/office, and everybody in it, from a file beside it."""
    office, file, mapping = folder / "office", folder / "people.jsonl", folder / "mapping.toml"
    moiety.create(office)
    with moiety.open(office) as opened:
        opened.add_purpose(HOTEL.encode())
    mapping.write_text("".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in _FIELDS))
    _command("synth", "people", "--count", str(count), "--seed", str(SEED), "--out", str(file))
    begun = perf_counter()
    given = ("--purpose", PURPOSE, "--mapping", str(mapping), "--grounds", "register", "--office", str(office))
    answer = _command("import", "people", str(file), *given)
    taken = perf_counter() - begun
    _require((answer["added"], answer["may_be_deleted"], answer["aside_file"]) == (count, count, None), "not all came")
    file.unlink()
    return {"people": count, "import_s": round(taken, 1), "people_per_s": round(count / taken)}


def pictured(office: Path, count: int) -> dict[str, Any]:
    """A random template for everybody, enrolled under the record's pseudonym."""
    rng = np.random.default_rng(SEED)
    records = RecordStore.open(office / RECORDS)
    custodians = Embedded.open(office, clock=lambda: datetime.now(UTC), entropy=os.urandom)
    begun = perf_counter()
    try:
        dim = custodians.gallery(PURPOSE).terms.dim
        after, done = b"", 0
        while some := records.page(PURPOSE, after):
            words = quantise_rows(rng.standard_normal((len(some), dim), dtype=np.float32))
            rows = [Row(row, one.person, one.stay.expires + 1, 1) for row, one in zip(words, some, strict=True)]
            custodians.enrol(PURPOSE, rows)
            after, done = some[-1].person, done + len(some)
    finally:
        custodians.close()
        records.close()
    _require(done == count, "not everybody has a template")
    return {"templates_per_s": round(count / (perf_counter() - begun))}


def used(office: Path, count: int) -> dict[str, Any]:
    """Some are found, opened as far as the purpose lets a role, corrected and erased; then all is held against each
    other."""
    some = _some(count, FOUND)
    with moiety.open(office) as opened:
        people = opened.purpose(PURPOSE).people()
        officers = opened.purpose(PURPOSE).people(role="officer")
        found: list[Person] = []

        def find(one: dict[str, str]) -> None:
            person = people.find(one["national_id"])
            _require(person is not None, "somebody is not found")
            found.extend([person] if person is not None else [])

        def reveal(one: dict[str, str], person: Person) -> None:
            wanted = ["national_id", "name", "address"]
            revealed = person.reveal(wanted, reason="inspection").values
            _require(revealed == {name: one[name] for name in wanted}, "somebody is not who they were")

        times = {"find": [_timed(find, one) for one in some]}
        times["reveal"] = [_timed(reveal, one, person) for one, person in zip(some, found, strict=True)]
        _within_policy(some[0], found[0], officers)
        times["correct"] = [_timed(_correct, person, at) for at, person in enumerate(found[:CHANGED])]
        keys = opened.ledger_keys()

        def erase(person: Person) -> None:
            left = person.erase(now=True).receipt
            _require(left is not None, "no receipt")
            if left is not None:
                receipt.verify(left.file, keys, str(person.pseudonym), left.salt)  # type: ignore[arg-type]

        gone = slice(FOUND - CHANGED, FOUND)
        times["erase"] = [_timed(erase, person) for person in found[gone]]
        _require(not any(people.find(one["national_id"]) for one in some[gone]), "somebody is there who was erased")
        _require(opened.check() == [], "a gallery is not sound")
        finding = opened.audit()
        _require(finding.first is None, "the ledgers differ")
    medians = {f"{name}_p50_ms": round(statistics.median(some_) * 1e3, 2) for name, some_ in times.items()}
    return {"operations": finding.operations, "erased": CHANGED, **medians}


def swept(office: Path, count: int) -> dict[str, Any]:
    """Every byte of every store, looked at for what is known of some people, in every form that it may have there."""
    texts = {one[name] for one in _some(count, SWEPT) for name in ("national_id", "name", "address", "birth_date")}
    texts |= {_moved(at) for at in range(CHANGED)}
    needles = sorted({needle for text in texts for needle in canaries.text(text)})
    longest, size = max(map(len, needles)), 0
    for file in sorted(path for path in office.rglob("*") if path.is_file()):
        size += file.stat().st_size
        for piece in _pieces(file, longest):
            _require(not Haystack([piece]).holds(needles).any(), f"{file.name} holds something of a person")
    stores = [*(f"custodian-{seat}" for seat in SEATS), RECORDS]
    each = {name: round(sum(path.stat().st_size for path in (office / name).rglob("*")) / count) for name in stores}
    return {"bytes_per_person": each, "bytes_swept": size, "needles": len(needles)}


def _within_policy(one: dict[str, str], person: Person, officers: People) -> None:
    """An operator is shown no birth date, and an officer is."""
    try:
        person.reveal(["birth_date"], reason="inspection")
    except ClassRefused:
        pass
    else:
        _require(False, "an operator is shown a birth date")
    shown = officers.person(person.pseudonym).reveal(["birth_date", "sex"], reason="inspection").values
    _require(shown == {name: one[name] for name in ("birth_date", "sex")}, "an officer is shown something else")


def _correct(person: Person, at: int) -> None:
    person.correct({"address": _moved(at)})
    _require(person.reveal(["address"], reason="inspection").values == {"address": _moved(at)}, "not corrected")


def _moved(at: int) -> str:
    return f"{at} New Marmalade Lane"


def _some(count: int, wanted: int) -> list[dict[str, str]]:
    """So many of those who were made up, evenly over all; the same for the same numbers."""
    places = {at * count // wanted for at in range(wanted)}
    return [one for at, one in enumerate(synth.people(SEED, count)) if at in places]


def _pieces(file: Path, overlap: int) -> Iterator[bytes]:
    with file.open("rb") as opened:
        before = b""
        while piece := opened.read(_PIECE):
            yield before + piece
            before = piece[-overlap:]


def _command(*words: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "moiety", *words, "--json"], stdout=subprocess.PIPE, check=False)
    _require(done.returncode == 0, f"'moiety {words[0]}' ended with status {done.returncode}: {done.stdout.decode()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _timed(do: Callable[..., None], *given: Any) -> float:
    begun = perf_counter()
    do(*given)
    return perf_counter() - begun


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(otherwise)


if __name__ == "__main__":
    main()
