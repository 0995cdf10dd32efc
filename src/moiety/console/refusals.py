"""What the pages refuse of requests themselves."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class FormStale(Refused):
    code: ClassVar[str] = "form_stale"
    advice: ClassVar[str] = "this form is not one of this session's, or came from elsewhere: open the page again"


class NotSure(Refused):
    code: ClassVar[str] = "not_sure"
    advice: ClassVar[str] = "nothing was done: tick the box that says that you are sure"


class PictureMissing(Refused):
    code: ClassVar[str] = "picture_missing"
    advice: ClassVar[str] = "there is no picture: take one with the camera, or choose a file"
