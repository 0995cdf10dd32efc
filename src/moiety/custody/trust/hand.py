"""The hand that signs at a gateway: every request of its people, and in a trial what two officers would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from moiety.behalf import behalf
from moiety.custody import wire
from moiety.custody.store.noise import Entropy
from moiety.custody.trust.asked import OFFICE, Said, said
from moiety.custody.trust.policy import POLICY
from moiety.custody.trust.roster import ACKNOWLEDGE
from moiety.custody.trust.signing import NONCE_BYTES, Kind, Signer, Statement, sign


@dataclass(frozen=True)
class Hand:
    """Who signs for this gateway, and for which office (16 bytes). `officers` are none but in a trial."""

    office: bytes
    caller: Signer
    officers: Sequence[Signer]
    clock: Callable[[], datetime]
    entropy: Entropy

    def call(self, ask: wire.Asked) -> bytes:
        """What goes with a request: the caller's signature where the request begins something. What is for officers is
        asked for by one where there is one. For whom it is asked is signed too."""
        begun = said(ask)
        if begun is None:
            return b""
        whose = behalf()
        return self._signed(Kind.CALL, begun, self.signer(begun.operation), b"" if whose is None else whose.told)

    def signer(self, operation: str) -> Signer:
        """Who asks for an operation."""
        return self.officers[0] if operation in (POLICY, ACKNOWLEDGE) and self.officers else self.caller

    def approvals(self, ask: wire.Asked) -> list[bytes]:
        """What a trial's officers sign of a purpose."""
        begun = said(ask)
        if begun is None or begun.operation != POLICY:
            return []
        return [self._signed(Kind.APPROVAL, begun, officer) for officer in self.officers]

    def _signed(self, kind: Kind, begun: Said, signer: Signer, whose: bytes = b"") -> bytes:
        statement = Statement(
            kind,
            begun.operation,
            begun.purpose or OFFICE,
            begun.digest,
            int(self.clock().timestamp()),
            self.entropy(NONCE_BYTES),
            self.office,
            whose,
        )
        return sign(statement, signer).to_bytes()
