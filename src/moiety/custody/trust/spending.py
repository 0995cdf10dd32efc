"""What is refused because a budget is spent: a code for each unit, and no word about whose it was."""

from __future__ import annotations

from typing import ClassVar, Final

from moiety.custody.trust.limits import Unit
from moiety.errors import Refused


class BudgetSpent(Refused):
    """At one custodian the budget of the certificate, the purpose, the caller or the row is spent."""

    code: ClassVar[str] = "budget_spent"
    advice: ClassVar[str] = "a custodian's budget is spent: it refills over the day"


class RequestsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_requests_spent"
    advice: ClassVar[str] = "a custodian's budget of requests is spent: it refills over the day"


class RowsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_rows_spent"
    advice: ClassVar[str] = "a custodian's budget of rows to search is spent: it refills over the day"


class MatchesSpent(BudgetSpent):
    code: ClassVar[str] = "budget_matches_spent"
    advice: ClassVar[str] = "a custodian's budget of matches is spent: nothing is answered until it has refilled"


class OpeningsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_openings_spent"
    advice: ClassVar[str] = "a custodian's budget of openings is spent: it refills over the day"


class EvaluationsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_evaluations_spent"
    advice: ClassVar[str] = "a custodian's budget of pseudonym evaluations is spent: it refills over the day"


class ErasuresSpent(BudgetSpent):
    code: ClassVar[str] = "budget_erasures_spent"
    advice: ClassVar[str] = (
        "a custodian's budget of erasures is spent: it refills over the day, or its operator raises it"
    )


class EnrolmentsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_enrolments_spent"
    advice: ClassVar[str] = (
        "a custodian's budget of enrolments is spent: it refills over the day, or its operator raises it"
    )


class CorrectionsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_corrections_spent"
    advice: ClassVar[str] = (
        "a custodian's budget of corrections is spent: it refills over the day, or its operator raises it"
    )


class ComparisonsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_comparisons_spent"
    advice: ClassVar[str] = (
        "a custodian's budget of comparisons is spent, perhaps of this one row: it refills over the day"
    )


class HelpsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_helps_spent"
    advice: ClassVar[str] = "a custodian's budget of help with mending is spent: it refills over the day"


class ApprovalsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_approvals_spent"
    advice: ClassVar[str] = "a custodian's budget of approvals is spent, perhaps of one signer: it refills over the day"


class ListsSpent(BudgetSpent):
    code: ClassVar[str] = "budget_lists_spent"
    advice: ClassVar[str] = (
        "a custodian's budget of lists of who looked is spent, perhaps of who asks here: it refills over the day"
    )


SPENT: Final[dict[Unit, type[BudgetSpent]]] = {
    Unit.REQUESTS: RequestsSpent,
    Unit.ROWS: RowsSpent,
    Unit.MATCHES: MatchesSpent,
    Unit.OPENINGS: OpeningsSpent,
    Unit.EVALUATIONS: EvaluationsSpent,
    Unit.ERASURES: ErasuresSpent,
    Unit.ENROLMENTS: EnrolmentsSpent,
    Unit.CORRECTIONS: CorrectionsSpent,
    Unit.COMPARISONS: ComparisonsSpent,
    Unit.HELPS: HelpsSpent,
    Unit.APPROVALS: ApprovalsSpent,
    Unit.LISTS: ListsSpent,
}
"""Which refusal says that there is nothing left of a unit."""
