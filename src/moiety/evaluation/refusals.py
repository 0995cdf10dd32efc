"""What makes a file of pairs unusable; each says which row, and never what stood in it."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class PairsUnreadable(Refused):
    code: ClassVar[str] = "pairs_unreadable"
    advice: ClassVar[str] = "the pairs could not be read: give a comma-separated text file in UTF-8 with a header line"


class PairsTooMany(Refused):
    code: ClassVar[str] = "pairs_too_many"
    advice: ClassVar[str] = "the file holds more than {limit} pairs; give fewer at a time"


class ColumnMissing(Refused):
    code: ClassVar[str] = "pairs_column_missing"
    advice: ClassVar[str] = "the header must name image_a, image_b and same once each, and may name fold"


class RowIncomplete(Refused):
    code: ClassVar[str] = "pairs_row_incomplete"
    advice: ClassVar[str] = "line {line} leaves a column empty or does not have as many cells as the header"


class LabelUnclear(Refused):
    code: ClassVar[str] = "pairs_label_unclear"
    advice: ClassVar[str] = "line {line}: `same` must be 1, 0, true or false"


class ImageOutside(Refused):
    code: ClassVar[str] = "pairs_image_outside"
    advice: ClassVar[str] = (
        "line {line} names a picture outside the folder of images; paths are relative to it, without `..`"
    )


class ImageMissing(Refused):
    code: ClassVar[str] = "pairs_image_missing"
    advice: ClassVar[str] = (
        "{missing} of {named} pictures are not in the folder of images, the first of them on line {line}"
    )


class WorkersInvalid(Refused):
    code: ClassVar[str] = "evaluate_workers_invalid"
    advice: ClassVar[str] = "give between 1 and {limit} workers"
