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
    eyes = purpose.four_eyes
    terms = Terms(
        model=card.name,
        dim=card.dim,
        rates=tuple(Rate(rate.fmr, rate.fnmr, threshold_words(rate.cosine)) for rate in card.rates),
        fmr=purpose.targets.fmr,
        fpir=purpose.targets.fpir,
        four_eyes=tuple(sorted(eyes.operations)) if eyes else (),
        bulk_above=eyes.bulk_above if eyes else 0,
    )
    if not verify_point(terms).carried:
        raise RateUnmeasured(one_in=round(1 / min(rate.fmr for rate in card.rates)))
    return terms
