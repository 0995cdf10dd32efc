"""The drill can fail: every leak made on purpose is a finding, by the attack that is there for it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from moiety.custody.store.kinds import keys_of
from moiety.custody.store.slots import SLOTS
from moiety.custody.store.sql import Store
from moiety.drills import join, site, sql
from moiety.drills.loot import Loot
from moiety.drills.people import invent, quantised
from moiety.drills.run import ATTACKS, attack, seeded
from moiety.drills.scene import PLAIN, Scene, Theft
from moiety.drills.site import build
from moiety.drills.standin import pixels
from moiety.drills.verdict import level, passed
from moiety.identity.ports import Entropy, silent
from moiety.identity.pseudonym import Pseudonym
from moiety.oprf import voprf
from moiety.sharing import refresh
from moiety.vault.identifier import Identifier
from tests.drills import doctor, masks
from tests.drills.conftest import DIM, PEOPLE, SEED


def findings(scene: Scene, *names: str) -> set[str]:
    """Of these attacks, or of all, those that did not come out as designed, judged as in a whole drill."""
    rows = attack(scene, SEED, silent, tuple(row for row in ATTACKS if not names or row.name in names))
    return {row.name for row in rows if not passed(row, level(ATTACKS))}


def split_with(wrong: masks.Masks, scene: Scene) -> Scene:
    """The first deployment, its rows split with such masks."""
    parts = masks.parts(scene.people.enrolled, scene.seat, wrong, np.random.default_rng(5))
    slots = scene.enrolled.slots[scene.seat]
    return doctor.replaced(scene, enrolled=doctor.with_parts(scene.enrolled, scene.seat, slots, parts))


def in_the_clear(scene: Scene) -> Scene:
    words = quantised(scene.people.enrolled).astype(np.uint16)
    slots = scene.enrolled.slots[scene.seat]
    return doctor.replaced(scene, enrolled=doctor.with_parts(scene.enrolled, scene.seat, slots, words))


def same_randomness_twice(scene: Scene) -> Scene:
    def split(theft, vectors):
        parts = masks.parts(vectors, scene.seat, masks.uniform, np.random.default_rng(7))
        return doctor.with_parts(theft, scene.seat, theft.slots[scene.seat], parts)

    return doctor.replaced(
        scene,
        enrolled=split(scene.enrolled, scene.people.enrolled),
        elsewhere=split(scene.elsewhere, scene.people.elsewhere),
    )


def refresh_that_adds(step: Callable[[tuple[int, int]], np.ndarray], scene: Scene) -> Scene:
    old = scene.enrolled.rows(scene.seat, scene.staying)
    new = old.words + step(old.words.shape)
    return doctor.replaced(scene, refreshed=doctor.with_parts(scene.refreshed, scene.seat, old.slots, new))


def zero(shape: tuple[int, int]) -> np.ndarray:
    return np.zeros(shape, np.uint16)


def names_in_a_column(scene: Scene) -> Scene:
    def edit(database: sqlite3.Connection) -> None:
        database.execute("ALTER TABLE page ADD COLUMN remark TEXT")
        pages = (scene.enrolled.slots[scene.seat] // SLOTS).tolist()
        rows = zip(scene.people.names, pages, strict=True)
        database.executemany("UPDATE page SET remark = ? WHERE number = ?", rows)

    return doctor.replaced(scene, enrolled=doctor.with_database(scene.enrolled, scene.seat, edit))


def expiry_to_the_second(scene: Scene) -> Scene:
    slots = scene.enrolled.slots[scene.seat]

    def edit(pages: np.ndarray) -> None:
        pages["expires"][slots // SLOTS, slots % SLOTS] = 1_750_000_000 + np.arange(len(slots)) * 40

    return doctor.replaced(
        scene,
        enrolled=doctor.with_pages(scene.enrolled, scene.seat, DIM, edit),
    )


def a_map_left_behind(scene: Scene) -> Scene:
    printed = (str(Pseudonym("door", name.tobytes())) for name in scene.pseudonyms)
    lines = "\n".join(",".join(row) for row in zip(scene.people.names, printed, strict=True))
    return doctor.replaced(scene, refreshed=doctor.with_file(scene.refreshed, scene.seat, "map.csv", lines.encode()))


def a_thumbnail_left_behind(scene: Scene) -> Scene:
    thumbnail = pixels(scene.photographs[3]).tobytes()
    return doctor.replaced(scene, erased=doctor.with_file(scene.erased, scene.seat, "cache.bin", thumbnail))


def hashed_numbers_in_a_log(scene: Scene) -> Scene:
    log = "\n".join(hashlib.sha256(number.encode()).hexdigest() for number in scene.people.numbers)
    return doctor.replaced(scene, elsewhere=doctor.with_file(scene.elsewhere, scene.seat, "audit.log", log.encode()))


def old_page(scene: Scene, person: int) -> bytes:
    """The page of one person as it lay before anybody was erased."""
    number = int(scene.enrolled.slots[scene.seat][person] // SLOTS)
    rows: list[bytes] = []

    def look(database: sqlite3.Connection) -> None:
        rows.extend(database.execute("SELECT rows FROM page WHERE number = ?", (number,)).fetchone())

    doctor.with_database(scene.enrolled, scene.seat, look)
    return rows[0]


def an_erased_page_left_behind(scene: Scene) -> Scene:
    page = old_page(scene, scene.gone[0])
    return doctor.replaced(scene, erased=doctor.with_file(scene.erased, scene.seat, f"{doctor.FILE}-journal", page))


def an_erased_page_in_a_log(scene: Scene) -> Scene:
    said = b'{"event": "request", "outcome": "' + old_page(scene, scene.gone[0]).hex().encode() + b'"}'
    return doctor.replaced(scene, erased=doctor.with_file(scene.erased, scene.seat, "custodian.log", said))


def an_old_page_left_behind(scene: Scene) -> Scene:
    page = old_page(scene, scene.staying[0])
    return doctor.replaced(scene, refreshed=doctor.with_file(scene.refreshed, scene.seat, "backup", page))


def an_old_root_left_behind(scene: Scene) -> Scene:
    name = "roots/epoch-1.key"
    root = scene.erased.stores[scene.seat].files[name]
    return doctor.replaced(scene, refreshed=doctor.with_file(scene.refreshed, scene.seat, name, root))


def hashes_of_numbers_left_behind(scene: Scene) -> Scene:
    hashes = b"".join(hashlib.sha256(guest.number.encode()).digest() for guest in scene.registered.guests)
    return doctor.with_register(scene, doctor.with_file_beside(scene.registered, scene.seat, "cache", hashes))


def pseudonyms_of_one_part_left_behind(scene: Scene) -> Scene:
    """As they would be where what one custodian has were the key."""
    register = scene.registered
    part = sql.key_parts(register.before[scene.seat].files)["hotel"]
    inputs = [Identifier("national_id", "CN", guest.number).input_bytes("hotel") for guest in register.guests]
    names = b"".join(output[:16] for output in voprf.evaluate_clear(part.scalar, inputs))
    return doctor.with_register(scene, doctor.with_file_beside(register, scene.seat, "cache", names))


def a_pseudonym_split_alike_for_two_purposes(scene: Scene) -> Scene:
    register = scene.registered
    here, there = (
        join.rows_of(register, scene.seat, purpose, register.pseudonyms[purpose]) for purpose in ("hotel", "clinic")
    )

    def edit(pages: np.ndarray) -> None:
        pages["pseudonyms"][there.slots // SLOTS, there.slots % SLOTS] = here.pseudonyms

    theft = Theft("clinic", register.before, {})
    return doctor.with_register(
        scene, replace(register, before=doctor.with_pages(theft, scene.seat, here.words.shape[1], edit).stores)
    )


def keys_split_alike_for_two_purposes(scene: Scene) -> Scene:
    register = scene.registered
    here, there = (
        join.rows_of(register, scene.seat, keys_of(purpose), join.versions(register, purpose))
        for purpose in ("hotel", "clinic")
    )
    theft = Theft(keys_of("clinic"), register.before, {})
    doctored = doctor.with_parts(theft, scene.seat, there.slots, here.words)
    return doctor.with_register(scene, replace(register, before=doctored.stores))


def another_custodian_that_erases_nothing(scene: Scene) -> Scene:
    register = scene.registered
    after = {**register.after, scene.partner: register.before[scene.partner]}
    return doctor.with_register(scene, replace(register, after=after))


LEAKS = {
    "templates in the clear": (
        in_the_clear,
        {"read face vectors", "match a photograph", "match the enrolled photograph", "reuse of masks"},
    ),
    "one mask for all rows": (
        partial(split_with, masks.one_for_all_rows),
        {"match a photograph", "match the enrolled photograph", "reuse of masks"},
    ),
    "a mask for each place in a page": (partial(split_with, masks.one_for_each_page_place), {"reuse of masks"}),
    "masks of eight bits": (
        partial(split_with, masks.of_a_byte),
        {"match a photograph", "match the enrolled photograph"},
    ),
    "masks of fifteen bits": (partial(split_with, masks.of_fifteen_bits), {"match the enrolled photograph"}),
    "even masks": (partial(split_with, masks.even), {"match the enrolled photograph"}),
    "masks without the extension": (
        partial(split_with, masks.whole_numbers_only),
        {"match a photograph", "match the enrolled photograph"},
    ),
    "the same randomness for two deployments": (same_randomness_twice, {"link two deployments", "reuse of masks"}),
    "a refresh that adds zero": (
        partial(refresh_that_adds, zero),
        {"link two epochs", "mix epochs: match", "reuse of masks"},
    ),
    "a refresh that adds the same to all": (
        partial(refresh_that_adds, partial(masks.one_for_all_rows, np.random.default_rng(3))),
        {"link two epochs", "reuse of masks"},
    ),
    "names in a column": (names_in_a_column, {"read names"}),
    "expiry to the second": (expiry_to_the_second, {"order of arrival"}),
    "a map left behind": (a_map_left_behind, {"read names", "read pseudonyms"}),
    "one thumbnail left behind": (a_thumbnail_left_behind, {"read photographs"}),
    "hashed numbers in a log": (hashed_numbers_in_a_log, {"read numbers"}),
    "an erased person's page left behind": (an_erased_page_left_behind, {"dig for the erased"}),
    "an erased person's page in a log, in digits": (an_erased_page_in_a_log, {"dig for the erased"}),
    "a page of the old epoch left behind": (an_old_page_left_behind, {"dig for the old epoch"}),
    "a root of the old epoch left behind": (an_old_root_left_behind, {"open the old epoch"}),
    "hashes of numbers left behind": (hashes_of_numbers_left_behind, {"enumerate identity numbers"}),
    "pseudonyms of one part left behind": (pseudonyms_of_one_part_left_behind, {"enumerate identity numbers"}),
    "a pseudonym split alike for two purposes": (a_pseudonym_split_alike_for_two_purposes, {"join two purposes"}),
    "keys split alike for two purposes": (keys_split_alike_for_two_purposes, {"join two purposes"}),
    "another custodian that erases nothing": (another_custodian_that_erases_nothing, {"rewind the erased"}),
}


def test_nothing_is_found_in_sound_deployments(scene):
    assert findings(scene) == set()


@pytest.mark.parametrize("leak", LEAKS)
def test_the_leak_is_found(leak, scene):
    make, expected = LEAKS[leak]
    assert findings(make(scene), *expected) == expected


def test_numbers_that_a_later_column_brings_are_seen(scene):
    """What `test_guess` shows to be enough to find the order of arrival is read out of any column."""
    slots = scene.enrolled.slots[scene.seat]

    def edit(database: sqlite3.Connection) -> None:
        database.execute("ALTER TABLE states ADD COLUMN version INTEGER NOT NULL DEFAULT 0")
        changes = ((7 + arrival, slot // SLOTS) for arrival, slot in enumerate(slots.tolist()))
        database.executemany("UPDATE states SET version = ? WHERE number = ?", changes)

    rows = doctor.with_database(scene.enrolled, scene.seat, edit).rows(scene.seat, scene.everybody)
    last_of_page = {slot // SLOTS: 7 + arrival for arrival, slot in enumerate(slots.tolist())}
    assert rows.marks[:, -1].tolist() == [last_of_page[slot // SLOTS] for slot in slots.tolist()]


def test_every_attack_on_one_custodian_or_two_epochs_has_found_a_leak():
    # What takes a gateway has its twins, and its tests, in test_certificate, test_malformed and test_retry.
    alone = {row.name for row in ATTACKS if row.expected != "everything" and not row.gateway}
    found = set().union(*(expected for _, expected in LEAKS.values()))
    assert alone - found == {"mix epochs: pseudonyms", "last arrival"}, "the two tests of whole stacks find these"


def test_two_custodians_that_do_not_fit_together_are_no_proof(scene):
    """Where everything is expected and not seen, the drill itself is broken."""
    partner = Loot({**scene.enrolled.stores["a"].files})
    wrong = doctor.with_store(scene.enrolled, scene.partner, partner)
    assert findings(doctor.replaced(scene, enrolled=wrong), "together: match", "together: link") == {
        "together: match",
        "together: link",
    }


def test_an_attack_that_cannot_be_shown_to_work_does_not_pass(scene):
    names = {"match a photograph", "match the enrolled photograph", "together: match"}
    assert findings(doctor.without_twin(scene), *names) == names


def test_the_digger_finds_what_a_plain_database_leaves_behind_and_none_of_its_rows(scene):
    """Its rows are all there when it is tidy, and then there is nothing to dig for: no proof that digging works."""
    names = {"dig for the erased", "dig for the old epoch"}
    tidy = doctor.with_tidy_twin(scene)
    for before, after in ((scene.erased, tidy.erased), (scene.refreshed, tidy.refreshed)):
        assert np.array_equal(before.rows(PLAIN, scene.staying).words, after.rows(PLAIN, scene.staying).words)
    assert findings(tidy, *names) == names
    rows = attack(tidy, SEED, silent, tuple(row for row in ATTACKS if row.name in names))
    assert [row.plain.success for row in rows] == [0, 0]


def stuck(party: str) -> Entropy:
    """Randomness whose seeds are always the same; pseudonyms and numbers of attempts are not."""
    fresh = seeded(SEED, party)
    return lambda count: fresh(count) if count == 16 else hashlib.shake_256(b"stuck").digest(count)


def test_a_log_that_still_shows_who_came_last_is_found(monkeypatch, register):
    """The file shows the last arrival as it was prepared, the log as it was activated."""
    whole = Store.scrub
    monkeypatch.setattr(
        Store, "scrub", lambda store, step="scrub": None if step == "scrub states" else whole(store, step)
    )
    monkeypatch.setattr(site, "checked_in", lambda *anything: replace(register, store="a"))
    rng = np.random.default_rng(SEED)
    people, strangers = invent(PEOPLE, DIM, rng), invent(PEOPLE, DIM, rng)
    leaky = build("a", people, strangers, partial(seeded, SEED), rng, silent)
    assert findings(leaky) == {"last arrival"}


def test_a_broken_stack_is_found(monkeypatch, register):
    """The real custodians, with randomness that is stuck, a refresh that changes nothing, logs that are never cut."""
    monkeypatch.setattr(refresh, "apply", lambda part, seat, seeds, context: part)
    monkeypatch.setattr(Store, "scrub", lambda store, step="scrub": None)
    # Keys of people that are all the same would keep a custodian from starting: those hours are sound.
    hours = partial(site.stolen_hours, entropy=partial(seeded, SEED))
    monkeypatch.setattr(
        site, "stolen_hours", lambda folder, people, _, *, budgeted: hours(folder, people, budgeted=budgeted)
    )
    # Nor could people be kept under names that are all the same: test_register breaks that stack.
    monkeypatch.setattr(site, "checked_in", lambda *anything: replace(register, store="c"))
    rng = np.random.default_rng(SEED)
    people, strangers = invent(PEOPLE, DIM, rng), invent(PEOPLE, DIM, rng)
    broken = build("c", people, strangers, stuck, rng, silent)
    expected = {
        "match a photograph",
        "match the enrolled photograph",
        "link two epochs",
        "order of arrival",
        "last arrival",
        "mix epochs: match",
        "mix epochs: pseudonyms",
        "reuse of masks",
        "dig for the erased",
        "dig for the old epoch",
        "open the old epoch",
        "retry",
    }
    assert findings(broken) == expected
