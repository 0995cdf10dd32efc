"""Which threshold a purpose's targets ask for, and whether the model's measured rates carry them.

A model's card says, for some measured false match rates, which threshold gave them. The threshold of a decision
is that of the loosest measured point that is at least as strict as the target; nothing is extrapolated. For 1:N
the target is a false positive identification rate, FPIR = 1 - (1 - FMR)^N (ISO/IEC 19795-1, independent
comparisons), so the gallery's size enters, and beyond some size no measured point is strict enough: then the
decision is *not carried*, and its answer is candidates for a human.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from moiety.matching.words import THRESHOLD_HIGH, is_dim

STRICTER = 2
"""Thresholds beyond a purpose's own by which one comparison may be asked: each answer narrows down how near two faces
are, so they are few."""


@dataclass(frozen=True)
class Rate:
    """One measured operating point of a model: at `threshold` words, FMR and FNMR as shares of comparisons."""

    fmr: float
    fnmr: float
    threshold: int


@dataclass(frozen=True)
class Terms:
    """A gallery's terms: the model, its dimension and measured rates, and the purpose's two targets.

    `four_eyes` are the operations that two people have to sign, ascending, and `bulk_above` how many people may be
    enrolled in one day before it is bulk; nothing and 0 where the purpose asks for none. `reveal` says of each role, in
    their order, which classes of a person's record it may have opened, ascending; None where the purpose keeps none.
    """

    model: str
    dim: int
    rates: tuple[Rate, ...]
    fmr: float
    fpir: float
    four_eyes: tuple[str, ...] = ()
    bulk_above: int = 0
    reveal: tuple[tuple[str, tuple[str, ...]], ...] | None = None

    def __post_init__(self) -> None:
        if not is_dim(self.dim):
            raise ValueError("a gallery's dimension is even, 2 to 2,048")
        if not self.rates:
            raise ValueError("a model without measured rates cannot decide anything")
        for rate in self.rates:
            if not (0 < rate.fmr < 1 and 0 <= rate.fnmr <= 1 and abs(rate.threshold) <= THRESHOLD_HIGH):
                raise ValueError("a measured rate is out of its bounds")
        if not (0 < self.fmr < 1 and 0 < self.fpir < 1):
            raise ValueError("a target rate lies between 0 and 1")
        if list(self.four_eyes) != sorted(set(self.four_eyes)) or (self.bulk_above < 1) == bool(self.four_eyes):
            raise ValueError("operations that need two people stand once, ascending, beside a limit")
        roles = [role for role, _ in self.reveal or ()]
        if roles != sorted(set(roles)) or any(list(some) != sorted(set(some)) for _, some in self.reveal or ()):
            raise ValueError("roles stand once, ascending, and so do the classes that each may have opened")

    def to_json(self) -> bytes:
        """Canonical bytes: what each custodian keeps and compares. Those of terms without four eyes never changed."""
        fields: dict[str, object] = {
            "dim": self.dim,
            "fmr": self.fmr,
            "fpir": self.fpir,
            "model": self.model,
            "rates": [[rate.fmr, rate.fnmr, rate.threshold] for rate in self.rates],
        }
        if self.four_eyes:
            fields |= {"bulk_above": self.bulk_above, "four_eyes": list(self.four_eyes)}
        if self.reveal is not None:
            fields |= {"reveal": {role: list(classes) for role, classes in self.reveal}}
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Terms:
        """The inverse of `to_json`; raises ValueError, KeyError or TypeError for anything else."""
        fields = json.loads(data)
        rates = tuple(Rate(float(fmr), float(fnmr), int(threshold)) for fmr, fnmr, threshold in fields["rates"])
        return cls(
            model=str(fields["model"]),
            dim=int(fields["dim"]),
            rates=rates,
            fmr=float(fields["fmr"]),
            fpir=float(fields["fpir"]),
            four_eyes=tuple(str(name) for name in fields.get("four_eyes", ())),
            bulk_above=int(fields.get("bulk_above", 0)),
            reveal=_reveal(fields["reveal"]) if "reveal" in fields else None,
        )


@dataclass(frozen=True)
class OperatingPoint:
    """A decision's threshold in words, the model's measured FMR there, and whether that carries the target.

    `expected_false` is how many of the gallery's rows would match a stranger, on average.
    """

    threshold: int
    fmr: float
    carried: bool
    expected_false: float


def verify_point(terms: Terms) -> OperatingPoint:
    """The operating point of a 1:1 decision."""
    return _point(terms, terms.fmr, 1)


def claim_points(terms: Terms) -> tuple[OperatingPoint, ...]:
    """By which points somebody may be compared 1:1, the loosest first: the purpose's own, and at most `STRICTER` of
    those that were measured beyond it. A stricter one is one more question about the same row, and charged as one."""
    own = verify_point(terms)
    beyond = sorted({rate for rate in terms.rates if rate.threshold > own.threshold}, key=lambda rate: rate.threshold)
    return own, *(OperatingPoint(rate.threshold, rate.fmr, own.carried, rate.fmr) for rate in beyond[:STRICTER])


def identify_point(terms: Terms, rows: int) -> OperatingPoint:
    """The operating point of a 1:N decision over that many live rows."""
    if rows < 1:
        return _point(terms, terms.fpir, 0)
    # expm1 and log1p keep the precision that 1 - (1 - fpir)^(1/N) loses for large N.
    return _point(terms, -math.expm1(math.log1p(-terms.fpir) / rows), rows)


def false_positive_identification_rate(fmr: float, rows: int) -> float:
    """The chance that a stranger matches somebody among that many rows."""
    return -math.expm1(rows * math.log1p(-fmr))


def _reveal(fields: dict[str, list[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((str(role), tuple(str(name) for name in classes)) for role, classes in fields.items())


def _point(terms: Terms, target: float, rows: int) -> OperatingPoint:
    strict_enough = [rate for rate in terms.rates if rate.fmr <= target * (1 + 1e-9)]
    if strict_enough:
        chosen = max(strict_enough, key=lambda rate: rate.fmr)
    else:
        chosen = min(terms.rates, key=lambda rate: rate.fmr)
    return OperatingPoint(
        threshold=chosen.threshold,
        fmr=chosen.fmr,
        carried=bool(strict_enough),
        expected_false=rows * chosen.fmr,
    )
