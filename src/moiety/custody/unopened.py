"""Refusals about what is not opened: one for each side of the question, alike whatever the reason."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class NobodyThere(Refused):
    code: ClassVar[str] = "nobody_there"
    advice: ClassVar[str] = "nobody is kept under this, or nobody may be answered about: erased, expired or restricted"


class ClassRefused(Refused):
    code: ClassVar[str] = "class_refused"
    advice: ClassVar[str] = "the purpose does not let this role have these fields opened: see [records.reveal] in it"
