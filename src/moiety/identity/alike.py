"""Two faces that nobody enrolled, compared: by the points that a purpose's own people would be compared by."""

from __future__ import annotations

from moiety.identity import terms
from moiety.identity.ports import Models, Template
from moiety.identity.purpose import Purpose


class Alike:
    """The points of one purpose. Raises as `terms.derive`, and what `Models.card` raises."""

    def __init__(self, purpose: Purpose, models: Models) -> None:
        from moiety.matching.policy import claim_points

        self._points = claim_points(terms.derive(purpose, models.card(purpose.model)))

    @property
    def stricter(self) -> int:
        """How many points beyond the purpose's own there are: two at most."""
        return len(self._points) - 1

    def same(self, one: Template, other: Template, stricter: int) -> bool:
        """Whether two faces match by the purpose's own point, or by one so many beyond it: decided as custodians
        decide, on quantised words."""
        import numpy as np

        from moiety.matching.reference import decide
        from moiety.matching.words import quantise

        point = self._points[stricter]
        return bool(decide(quantise(one.vector), quantise(other.vector)[None], point.threshold, np.ones(1, bool))[0])
