"""What the pseudonym protocol refuses. Where one custodian is to blame, its letter is said, and never a value."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class NotAScalar(Refused):
    code: ClassVar[str] = "not_a_scalar"
    advice: ClassVar[str] = "what was sent is not a scalar of the group; send it again as it was made"


class BatchMalformed(Refused):
    code: ClassVar[str] = "batch_malformed"
    advice: ClassVar[str] = "a batch holds from 1 to {most} elements, and an answer as many as were asked"


class InputTooLong(Refused):
    code: ClassVar[str] = "input_too_long"
    advice: ClassVar[str] = "what a pseudonym is made from has at most {most} bytes"


class FormUnknown(Refused):
    code: ClassVar[str] = "oprf_form_unknown"
    advice: ClassVar[str] = (
        "a part, a key or a message of its making is not in a form that this version reads: let all three custodians "
        "and the gateway run the same version; where they do, a part was damaged, and `moiety check --mend` recovers "
        "it"
    )


class NotOfThePair(Refused):
    code: ClassVar[str] = "not_of_the_pair"
    advice: ClassVar[str] = (
        "two different custodians answer, and a custodian outside the pair does not; name another pair"
    )


class AnswersDiffer(Refused):
    """Two pairs of custodians found different pseudonyms for one input: one of the answers was bent."""

    code: ClassVar[str] = "answers_differ"
    advice: ClassVar[str] = (
        "two pairs of custodians do not give the same pseudonyms, and nothing of this batch was kept: `moiety check "
        "--mend` recovers a part of the key that is wrong at one of them. Where it stays so, look people up one by "
        "one: `proof_wrong` names the custodian that answers wrongly, for its operator to see to"
    )


class PartWrong(Refused):
    """A part does not belong to the public key: it was damaged, or a helper sent something else."""

    code: ClassVar[str] = "part_wrong"
    advice: ClassVar[str] = (
        "a custodian's part of a key does not fit the key: `moiety check --mend` recovers it from the other two. Where "
        "that is refused so too, a second one's is wrong: put the newest copy of a store back"
    )


class MessagesMissing(Refused):
    code: ClassVar[str] = "dealing_incomplete"
    advice: ClassVar[str] = "a key is made by all three custodians; start again with all of them"


class CustodianAtFault(Refused):
    """One custodian sent what an honest one cannot have sent; `seat` is 0, 1 or 2."""

    code: ClassVar[str] = "custodian_at_fault"
    advice: ClassVar[str] = "custodian {seat} sent something wrong"

    @property
    def text(self) -> str:
        """Names the custodian by its letter."""
        return type(self).advice.format(seat="abc"[self.numbers["seat"]])


class ProofWrong(CustodianAtFault):
    code: ClassVar[str] = "proof_wrong"
    advice: ClassVar[str] = (
        "the answer of custodian {seat} does not fit its part of the key: `moiety check --mend` recovers that part "
        "from the other two. Where it stays so, that custodian answers wrongly: have its operator see to it"
    )


class PromiseWrong(CustodianAtFault):
    code: ClassVar[str] = "promise_wrong"
    advice: ClassVar[str] = (
        "custodian {seat} did not open what it had promised; start again, and look at that custodian"
    )


class OpeningWrong(CustodianAtFault):
    code: ClassVar[str] = "opening_wrong"
    advice: ClassVar[str] = (
        "what custodian {seat} opened is malformed or unproven; start again, and look at that custodian"
    )


class ShareWrong(CustodianAtFault):
    code: ClassVar[str] = "share_wrong"
    advice: ClassVar[str] = "the share of custodian {seat} does not fit what it opened; start again, and look at it"
