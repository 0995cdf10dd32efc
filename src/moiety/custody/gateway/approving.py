"""At a gateway: whether the signatures that are brought are for what is asked, before custodians are asked.

This decides nothing: custodians verify every signature by their own rosters. It says what is wrong while that can
still be said in so many words, and before anything is charged to a budget.
"""

from __future__ import annotations

from moiety.custody.trust.denials import ApprovalRefused, RequestExceeded, RequestOther
from moiety.custody.trust.matter import Matter
from moiety.custody.trust.policy import EARLY, NEEDED
from moiety.custody.trust.requests import read_request
from moiety.custody.verbs import Approved


def approved(data: bytes, matter: Matter, office: bytes, now: int) -> Approved:
    """What goes with `matter`, of a request file that people have signed.

    Raises `RequestUnreadable`, `RequestOther`, `RequestExceeded`, `RequestExpired`, and `ApprovalRefused` for too few
    signatures. Whose they are, custodians say.
    """
    request = read_request(data)
    if request.matter().content != matter.content or request.office != office.hex():
        raise RequestOther
    if matter.people > request.people:
        raise RequestExceeded(people=matter.people, signed=request.people)
    request.require_current(now)
    if (signers := request.signers()) < NEEDED:
        raise ApprovalRefused(needed=NEEDED, valid=signers)
    return Approved(request.approvals(), request.people, matter.parts if matter.operation == EARLY else ())
