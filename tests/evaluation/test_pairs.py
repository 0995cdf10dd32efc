"""Reading pairs: columns by name, and a refusal that quotes nothing for each kind of mistake."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from moiety.errors import Refused
from moiety.evaluation import pairs, refusals

CANARY = "Quetzalcoatl_Xylophone"


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "pairs.csv"
    path.write_bytes(text.encode(encoding))
    return pairs.read(path)


def test_columns_are_found_by_name_in_any_order_and_others_ignored(tmp_path):
    found = read(tmp_path, 'same,note,image_b,fold,image_a\n1,"x, y",b.jpg,5,a/a.jpg\nFALSE,,c.jpg,one,b.jpg\n')
    assert [(p.image_a, p.image_b, p.same, p.fold, p.line) for p in found] == [
        ("a/a.jpg", "b.jpg", True, "5", 2),
        ("b.jpg", "c.jpg", False, "one", 3),
    ]


def test_without_a_fold_column_no_pair_has_a_fold(tmp_path):
    assert [p.fold for p in read(tmp_path, "image_a,image_b,same\na,b,true\n")] == [None]


def test_a_spreadsheets_byte_order_mark_line_ends_and_blank_lines_are_read_over(tmp_path):
    found = read(tmp_path, "image_a, image_b ,same\r\n\r\na,b,0\r\n", encoding="utf-8-sig")
    assert [(p.image_a, p.same, p.line) for p in found] == [("a", False, 3)]


@pytest.mark.parametrize("text", ["image_a,image_b,same\n", "image_a,image_b,same"])
def test_a_header_alone_is_no_pairs(tmp_path, text):
    assert read(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", refusals.ColumnMissing),
        ("image_a,same\nx,1\n", refusals.ColumnMissing),
        ("image_a,image_b\nx,y\n", refusals.ColumnMissing),
        ("image_a,image_b,same,same\nx,y,1,0\n", refusals.ColumnMissing),
        ("image_a,image_b,same,fold,fold\nx,y,1,1,2\n", refusals.ColumnMissing),
        (f"image_a,image_b,same\n{CANARY},y\n", refusals.RowIncomplete),
        (f"image_a,image_b,same\n{CANARY},y,1,1\n", refusals.RowIncomplete),
        (f"image_a,image_b,same\n{CANARY},,1\n", refusals.RowIncomplete),
        (f"image_a,image_b,same,fold\n{CANARY},y,1, \n", refusals.RowIncomplete),
        (f"image_a,image_b,same\nx,y,{CANARY}\n", refusals.LabelUnclear),
        ("image_a,image_b,same\nx,y,\n", refusals.LabelUnclear),
        (f'image_a,image_b,same\n"{CANARY}"z,y,1\n', refusals.PairsUnreadable),
        (f'image_a,image_b,same\n"{CANARY}', refusals.PairsUnreadable),
        (f"image_a,image_b,same\n{CANARY * 20_000},y,1\n", refusals.PairsUnreadable),
    ],
)
def test_each_mistake_has_its_own_refusal_that_quotes_nothing(tmp_path, text, refusal):
    with pytest.raises(Refused) as refused:
        read(tmp_path, text)
    assert type(refused.value) is refusal
    assert CANARY not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


@pytest.mark.parametrize(
    "image",
    [
        "../x.jpg",
        "a/../../x.jpg",
        "a/..",
        "/etc/x.jpg",
        "C:\\x.jpg",
        "C:x.jpg",
        "\\\\host\\x.jpg",
        "a\\..\\x.jpg",
        "a\0",
    ],
)
@pytest.mark.parametrize("column", ["a", "b"])
def test_a_picture_outside_the_folder_is_refused_before_anything_is_opened(tmp_path, image, column):
    row = f"{image},y.jpg" if column == "a" else f"y.jpg,{image}"
    with pytest.raises(refusals.ImageOutside) as refused:
        read(tmp_path, f"image_a,image_b,same\ny.jpg,y.jpg,1\n{row},1\n")
    assert refused.value.numbers == {"line": 3}


def test_a_file_that_is_not_text_or_not_there_is_refused(tmp_path):
    (tmp_path / "pairs.csv").write_bytes(b"\xff\xd8\xff\xe0 image_a,image_b,same")
    with pytest.raises(refusals.PairsUnreadable):
        pairs.read(tmp_path / "pairs.csv")
    with pytest.raises(refusals.PairsUnreadable):
        pairs.read(tmp_path / CANARY)
    with pytest.raises(refusals.PairsUnreadable):
        pairs.read(tmp_path)


def test_a_pipe_or_a_device_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(refusals.PairsUnreadable):
            pairs.read(path)


def test_a_line_without_end_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "pairs.csv"
    path.touch()
    os.truncate(path, 1 << 40)  # zeros without a line end, more than memory
    with pytest.raises(refusals.PairsUnreadable):
        pairs.read(path)


def test_blank_lines_without_end_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(pairs, "PAIRS_LIMIT", 3)
    with pytest.raises(refusals.PairsTooMany):
        read(tmp_path, "image_a,image_b,same\n" + "\n" * 6)


def test_the_number_of_pairs_is_bounded(monkeypatch):
    monkeypatch.setattr(pairs, "PAIRS_LIMIT", 3)
    lines = ["image_a,image_b,same", "a,b,1", "a,b,1", "a,b,1"]
    assert len(list(pairs.parse(lines))) == 3
    with pytest.raises(refusals.PairsTooMany):
        list(pairs.parse([*lines, "a,b,1"]))


def test_each_photograph_is_named_once_with_its_first_line():
    found = list(pairs.parse(["image_a,image_b,same", "a,b,1", "b,c,0", "a,c,0"]))
    assert pairs.distinct(found) == {"a": 2, "b": 2, "c": 3}


def test_absent_photographs_are_counted_before_any_work(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    assert pairs.locate({"a": 2}, tmp_path) == [tmp_path / "a"]
    with pytest.raises(refusals.ImageMissing) as refused:
        pairs.locate({"a": 2, CANARY: 7, "x": 9}, tmp_path)
    assert refused.value.numbers == {"missing": 2, "named": 3, "line": 7}
    assert CANARY not in str(refused.value)


def test_a_folder_and_a_name_that_no_file_can_have_are_absent_photographs(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("folder", "x" * 5_000, "x/" * 5_000 + "x"):
        with pytest.raises(refusals.ImageMissing) as refused:
            pairs.locate({name: 4}, tmp_path)
        assert refused.value.numbers == {"missing": 1, "named": 1, "line": 4}


def test_a_pair_does_not_show_its_photographs():
    assert CANARY not in repr(pairs.Pair(CANARY, CANARY, True, None, 2))
