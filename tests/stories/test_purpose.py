"""A purpose document is complete, bounded and known in every field, or it is refused without being quoted."""

from __future__ import annotations

import re

import pytest

from moiety.errors import Refused
from moiety.identity.examples import DOOR
from moiety.identity.grounds import position, position_of_face, require_successor
from moiety.identity.purpose import DOCUMENT_LIMIT, GROUNDS_LIMIT, Purpose, read
from moiety.identity.refusals import (
    GroundsUnknown,
    PurposeGroundsFixed,
    PurposeInvalid,
    PurposeModelFixed,
    PurposeTooLong,
    PurposeUnreadable,
)
from moiety.vault.refusals import FaceGroundsMissing

CANARY = "Quaresma"


def door(**changes: str) -> bytes:
    """The example with some lines replaced: `retention_days="retention_days = 7"`."""
    text = DOOR
    for field, line in changes.items():
        text, count = re.subn(rf"(?m)^{field} = .*$", lambda _, line=line: line, text)
        assert count == 1
    return text.encode()


def faults(document: bytes) -> tuple[str, ...]:
    with pytest.raises(PurposeInvalid) as refusal:
        read(document)
    assert CANARY not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
    return refusal.value.faults


def test_the_example_is_valid_as_it_stands() -> None:
    purpose = read(DOOR.encode())
    assert (purpose.name, purpose.model, purpose.retention_days) == ("door", "mobilefacenet-192", 365)
    assert (purpose.targets.fmr, purpose.targets.fpir) == (1e-4, 0.01)
    assert list(purpose.grounds) == ["consent"]


def test_the_example_explains_every_field() -> None:
    lines = DOOR.splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith("#") and not line.startswith("article"):
            assert lines[number - 1].startswith("#"), line


def test_every_field_is_needed() -> None:
    fields = [
        "name",
        "controller",
        "description",
        "retention_days",
        "model",
        "fmr",
        "fpir",
        "article_6",
    ]
    for field in [*fields, "notice"]:
        [fault] = faults(door(**{field: ""}))
        assert field in fault
        assert "missing" in fault


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("name", f'name = "{CANARY}"'),
        ("name", 'name = "door-"'),
        ("name", f'name = "{"d" * 32}"'),
        ("name", 'name = "door\\n"'),
        ("controller", 'controller = " "'),
        ("description", f'description = "{"x" * 2001}"'),
        ("retention_days", "retention_days = 0"),
        ("retention_days", "retention_days = 3651"),
        ("retention_days", 'retention_days = "365"'),
        ("retention_days", "retention_days = true"),
        ("model", 'model = "../model"'),
        ("fmr", "fmr = 0.0"),
        ("fmr", "fmr = 0.11"),
        ("fmr", "fmr = nan"),
        ("fpir", "fpir = -1.0"),
        ("fpir", "fpir = inf"),
        ("fpir", f'fpir = "{CANARY}"'),
        ("article_6", 'article_6 = "6(1)(g)"'),
        ("article_9", 'article_9 = "9(2)(k)"'),
        ("article_9", 'article_9 = ""'),
        ("notice", 'notice = ""'),
    ],
)
def test_each_field_has_its_bounds(field: str, line: str) -> None:
    [fault] = faults(door(**{field: line}))
    assert field in fault


@pytest.mark.parametrize(("field", "line"), [("fmr", "fmr = 0.1"), ("name", f'name = "{"d" * 31}"')])
def test_the_bounds_themselves_are_allowed(field: str, line: str) -> None:
    assert isinstance(read(door(**{field: line})), Purpose)


@pytest.mark.parametrize(("after", "where"), [("model", "top"), ("fpir", "targets"), ("notice", "grounds")])
def test_an_unknown_field_is_refused_by_its_line(after: str, where: str) -> None:
    text = re.sub(rf"(?m)^({after} = .*)$", rf"\1\n{CANARY} = 1", DOOR)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(CANARY))
    assert faults(text.encode()) == (f"line {line}: no such field is known",), where


def test_an_unknown_table_is_refused_by_its_line() -> None:
    text = DOOR + f"\n[{CANARY}.inner]\nvalue = 1\n"
    assert faults(text.encode()) == (f"line {len(text.splitlines()) - 1}: no such field is known",)


def test_grounds_need_a_key_that_can_be_typed() -> None:
    [fault] = faults(DOOR.replace("[grounds.consent]", f"[grounds.{CANARY}]").encode())
    assert fault.startswith("grounds.KEY:")


def test_grounds_without_article_9_are_for_records_and_for_no_face() -> None:
    purpose = read(TWO.replace('article_6 = "6(1)(b)"\narticle_9 = "9(2)(a)"', 'article_6 = "6(1)(b)"').encode())
    assert (position(purpose, "contract"), position_of_face(purpose, "consent")) == (1, 0)
    with pytest.raises(FaceGroundsMissing):
        position_of_face(purpose, "contract")
    with pytest.raises(GroundsUnknown):
        position_of_face(purpose, CANARY)


def test_a_purpose_without_grounds_is_refused() -> None:
    [fault] = faults(DOOR[: DOOR.index("# On which legal grounds")].encode() + b"[grounds]\n")
    assert fault.startswith("grounds:")


def with_grounds(count: int) -> bytes:
    """The example with so many grounds."""
    one = DOOR[DOOR.index("[grounds.consent]") : DOOR.index("# What only you")]
    more = (one.replace("consent]", f"consent-{number}]") for number in range(1, count))
    return "\n".join([DOOR, *more]).encode()


def test_the_last_of_the_most_grounds_still_fits_one_byte_of_a_row() -> None:
    purpose = read(with_grounds(GROUNDS_LIMIT))
    assert position(purpose, f"consent-{GROUNDS_LIMIT - 1}") == GROUNDS_LIMIT - 1 <= 255
    [fault] = faults(with_grounds(GROUNDS_LIMIT + 1))
    assert fault.startswith("grounds:")


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (b'name = "x"\nname = \n', 2),
        (b"\n\n\xff", 3),
        (f"a = '{CANARY}".encode(), 1),
        (b"a = " + b"[" * 5_000 + b"]" * 5_000, 1),
        (b'name = "door"\na = [\n' + b"[" * 5_000 + b"]" * 5_000 + b"\n]\nmodel = 1", 3),
        (b'name = "door"\nretention_days = ' + b"9" * 5_000 + b"\nmodel = 1", 2),
    ],
    ids=["cut", "bytes", "quote", "deep", "deep in lines", "digits"],
)
def test_what_is_no_toml_is_refused_by_its_line(document: bytes, line: int) -> None:
    with pytest.raises(PurposeUnreadable) as refusal:
        read(document)
    assert refusal.value.numbers == {"line": line}
    assert CANARY not in str(refusal.value)


def test_a_document_is_bounded_before_it_is_read() -> None:
    padding = b"#" * (DOCUMENT_LIMIT - len(DOOR.encode()))
    assert read(DOOR.encode() + padding).name == "door"
    with pytest.raises(PurposeTooLong):
        read(DOOR.encode() + padding + b"#")


TWO = DOOR + '\n[grounds.contract]\narticle_6 = "6(1)(b)"\narticle_9 = "9(2)(a)"\nnotice = "Your contract."\n'


def test_grounds_are_known_by_their_place() -> None:
    purpose = read(TWO.encode())
    assert (position(purpose, "consent"), position(purpose, "contract")) == (0, 1)
    with pytest.raises(GroundsUnknown) as refusal:
        position(purpose, CANARY)
    assert refusal.value.numbers == {"known": 2}


def test_a_new_document_may_add_grounds_and_change_targets() -> None:
    require_successor(read(DOOR.encode()), read(TWO.encode()), kept=lambda: False)
    require_successor(
        read(DOOR.encode()), read(door(fmr="fmr = 0.001", retention_days="retention_days = 7")), kept=lambda: False
    )


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        (TWO.encode(), DOOR.encode(), PurposeGroundsFixed),
        (DOOR.encode(), door(article_9='article_9 = "9(2)(b)"'), PurposeGroundsFixed),
        (DOOR.encode(), TWO.replace("[grounds.consent]", "[grounds.other]").encode(), PurposeGroundsFixed),
        (DOOR.encode(), door(model='model = "other-512"'), PurposeModelFixed),
    ],
)
def test_a_new_document_may_not_change_what_rows_mean(old: bytes, new: bytes, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        require_successor(read(old), read(new), kept=lambda: False)


def test_grounds_do_not_change_places() -> None:
    first, second = DOOR[DOOR.index("[grounds") :], TWO[len(DOOR) :]
    swapped = DOOR[: DOOR.index("[grounds")] + second + first
    with pytest.raises(PurposeGroundsFixed):
        require_successor(read(TWO.encode()), read(swapped.encode()), kept=lambda: False)


EYES = DOOR + '\n[four_eyes]\noperations = ["replace", "bulk"]\nbulk_above = 50\n'


def test_a_purpose_may_name_what_two_people_have_to_sign() -> None:
    assert read(DOOR.encode()).four_eyes is None
    eyes = read(EYES.encode()).four_eyes
    assert eyes is not None
    assert (eyes.operations, eyes.bulk_above) == (("replace", "bulk"), 50)
    short = read(EYES.replace("bulk_above = 50", "").encode()).four_eyes
    assert short is not None
    assert short.bulk_above == 100


@pytest.mark.parametrize(
    ("line", "other", "fault"),
    [
        ("operations", "operations = []", "four_eyes.operations:"),
        ("operations", f'operations = ["bulk", "{CANARY}"]', "four_eyes.operations:"),
        ("operations", 'operations = ["bulk", "bulk"]', "four_eyes.operations:"),
        ("operations", 'operations = "bulk"', "four_eyes.operations:"),
        ("operations", "operations = [1]", "four_eyes.operations:"),
        ("operations", f'operations = ["{CANARY}", "{CANARY}2"]', "four_eyes.operations:"),
        ("operations", "", "four_eyes.operations is missing"),
        ("bulk_above", "bulk_above = 0", "four_eyes.bulk_above:"),
        ("bulk_above", "bulk_above = 1000001", "four_eyes.bulk_above:"),
        ("bulk_above", "bulk_above = 1.5", "four_eyes.bulk_above:"),
        ("bulk_above", "bulk_above = true", "four_eyes.bulk_above:"),
    ],
)
def test_what_two_people_sign_has_its_bounds(line: str, other: str, fault: str) -> None:
    document = re.sub(rf"(?m)^{line} = .*$", other, EYES)
    [found] = faults(document.encode())
    assert found.startswith(fault)


def test_four_eyes_are_a_table() -> None:
    [found] = faults(DOOR.replace("retention_days", "four_eyes = 7\nretention_days", 1).encode())
    assert found.startswith("four_eyes:")
    [unknown] = faults((EYES + f"{CANARY} = 1\n").encode())
    assert unknown == f"line {len(EYES.splitlines()) + 1}: no such field is known"
