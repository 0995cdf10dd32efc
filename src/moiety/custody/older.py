"""What a gateway says where a custodian is of an older version than itself."""

from __future__ import annotations

from typing import ClassVar

from moiety.custody.refusals import CustodianDown


class CustodianOlder(CustodianDown):
    code: ClassVar[str] = "custodian_older"
    advice: ClassVar[str] = (
        "custodian {seat} is of an older version, which does not search with somebody who is enrolled: its operator "
        "brings it up to date. Search by a picture until then"
    )


class LedgerOlder(CustodianDown):
    code: ClassVar[str] = "ledger_older"
    advice: ClassVar[str] = (
        "custodian {seat} is of an older version, which acknowledges nothing that a custodian lacks: its operator "
        "brings it up to date. What the gateway lacked is written there"
    )
