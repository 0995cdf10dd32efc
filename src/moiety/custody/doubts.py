"""What a custodian refuses because it believes its own store and the other two, and no gateway's word of either."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class HandlesRefused(Refused):
    code: ClassVar[str] = "handles_refused"
    advice: ClassVar[str] = (
        "page {page} opens at the custodian that is to be mended: it keeps the handles of the people in it, and those "
        "that it was sent are others. Either what sent them is not to be trusted, or somebody with this custodian's "
        "keys altered them: its operator finds out, and has the page mended by deleting it from the database"
    )


class GalleryUnchecked(Refused):
    code: ClassVar[str] = "gallery_unchecked"
    advice: ClassVar[str] = (
        "a custodian answers only for a gallery that all three found good since it started, and in the last two days. "
        "Whoever may ask for a check runs `moiety check`"
    )


class HelpRefused(Refused):
    code: ClassVar[str] = "help_refused"
    advice: ClassVar[str] = "a custodian helps to mend once for every nonce that it drew itself: begin again"
