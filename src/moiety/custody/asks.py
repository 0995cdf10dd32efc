"""What every request of a gateway to a custodian has in common; see `wire`."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct


class Ask(Struct, frozen=True, forbid_unknown_fields=True, tag_field="verb", tag=str.lower):
    """One request. `ANSWER` is the type of its answer."""

    ANSWER: ClassVar[Any] = None
