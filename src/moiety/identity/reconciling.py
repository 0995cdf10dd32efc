"""Whether the record store and the custodians are of one time: what either has that the other lacks was put back from a
copy, or lost."""

from __future__ import annotations

from moiety.identity.desk import Desk

_DAY_S = 86_400


def findings(desk: Desk) -> list[str]:
    """What does not fit together, in words; numbers alone, since custodians know nobody by a record's name.

    The store is counted before the keys and after them: who comes or goes meanwhile is no finding.
    """
    day = int(desk.clock().timestamp()) // _DAY_S
    before = desk.records().answered(desk.name, day)
    keys = desk.custody().kept(desk.name, day)
    after = desk.records().answered(desk.name, day)
    least, most = min(before[0], after[0]), max(sum(before), sum(after))
    if keys > most:
        return [
            f"{desk.name}: custodians have keys of {keys - most} records that the record store does not have. It was "
            "put back to an older state, or lost: put its newest copy back, and until then tell nobody that they are "
            "erased, since an old copy opens with these keys"
        ]
    if keys < least:
        return [
            f"{desk.name}: the record store has {least - keys} records that custodians have no keys of, and that do "
            "not open. An older copy of it was put back, with people who were erased or corrected since: put its "
            "newest copy back"
        ]
    return []
