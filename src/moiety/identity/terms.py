"""From a purpose and a model card to the terms that each custodian derives thresholds and needed signatures from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moiety.identity.ports import Card
from moiety.identity.purpose import Purpose
from moiety.identity.refusals import ModelUnrated, RateUnmeasured

if TYPE_CHECKING:
    from moiety.matching.policy import Terms


def derive(purpose: Purpose, card: Card) -> Terms:
    """The terms of a purpose under the measured rates of its model.

    Raises `ModelUnrated` for a card without rates, and `RateUnmeasured` where the card does
    not reach the purpose's false match rate: to extrapolate it would be a guess about strangers.
    """
    from moiety.matching.policy import Rate, Terms, verify_point
    from moiety.matching.words import threshold_words

    if not card.rates:
        raise ModelUnrated
    operations, bulk_above = _eyes(purpose)
    terms = Terms(
        model=card.name,
        dim=card.dim,
        rates=tuple(Rate(rate.fmr, rate.fnmr, threshold_words(rate.cosine)) for rate in card.rates),
        fmr=purpose.targets.fmr,
        fpir=purpose.targets.fpir,
        four_eyes=operations,
        bulk_above=bulk_above,
        reveal=_reveal(purpose),
    )
    if not verify_point(terms).carried:
        raise RateUnmeasured(one_in=round(1 / min(rate.fmr for rate in card.rates)))
    return terms


def fit(terms: Terms, purpose: Purpose) -> bool:
    """Whether terms say what the purpose's document says; dimension and rates are the model's and in no document."""
    said = (terms.model, terms.fmr, terms.fpir, (terms.four_eyes, terms.bulk_above), terms.reveal)
    return said == (purpose.model, purpose.targets.fmr, purpose.targets.fpir, _eyes(purpose), _reveal(purpose))


def _reveal(purpose: Purpose) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """Of each role which classes of fields it may have opened, ascending; None where no records are kept."""
    if purpose.records is None:
        return None
    return tuple((role, tuple(sorted(classes))) for role, classes in sorted(purpose.records.reveal.items()))


def _eyes(purpose: Purpose) -> tuple[tuple[str, ...], int]:
    """Operations that two people sign, ascending, and from how many people on an enrolment is bulk."""
    eyes = purpose.four_eyes
    return (tuple(sorted(eyes.operations)), eyes.bulk_above) if eyes else ((), 0)
