"""What an attempt refuses. None of them says which row, which coordinate or which custodian's numbers."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class Disagreement(Refused):
    """The custodians do not hold the same header, mask, version or epoch: matching would toss coins."""

    code: ClassVar[str] = "custodians_disagree"
    advice: ClassVar[str] = "the custodians do not agree on what to search; run `moiety check` and try again"


class MalformedProbe(Refused):
    """What was sent is not the sharing of a quantised face: a probe like that could read templates."""

    code: ClassVar[str] = "malformed_probe"
    advice: ClassVar[str] = "the probe is not a quantised face; make it with this package's own functions"


class MalformedTemplate(Refused):
    """What was to be enrolled is not the sharing of quantised faces."""

    code: ClassVar[str] = "malformed_template"
    advice: ClassVar[str] = "a template is not a quantised face; make it with this package's own functions"


class UnequalParts(Refused):
    """Two custodians hold different copies of one part of the answer."""

    code: ClassVar[str] = "unequal_parts"
    advice: ClassVar[str] = "the custodians' answers do not fit together; run `moiety check`"


class NotAVector(Refused):
    """A vector without direction: zero, infinite or not a number."""

    code: ClassVar[str] = "not_a_vector"
    advice: ClassVar[str] = "the model gave no usable vector for this picture; try another picture"
