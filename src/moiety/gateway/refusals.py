"""What the service refuses of requests themselves, whoever makes them."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused, Unavailable


class BodyTooLarge(Refused):
    code: ClassVar[str] = "body_too_large"
    advice: ClassVar[str] = "what is sent has at most {mebibytes} MiB here"


class BodySlow(Refused):
    code: ClassVar[str] = "body_slow"
    advice: ClassVar[str] = "what is sent has to arrive within {seconds} seconds"


class BodiesFull(Unavailable):
    code: ClassVar[str] = "bodies_full"
    advice: ClassVar[str] = "more is being sent here than this machine holds at once: again in {seconds} seconds"


class BodyUnreadable(Refused):
    code: ClassVar[str] = "body_unreadable"
    advice: ClassVar[str] = (
        "this is not what is sent here: JSON, or for pictures multipart/form-data, with the fields that the "
        "interface's description names"
    )


class FieldsInvalid(Refused):
    """Which declared fields will not do, never what stood there."""

    code: ClassVar[str] = "fields_invalid"
    advice: ClassVar[str] = (
        "{fields} fields that are listed are missing or will not do; where none is, one was sent that is not declared"
    )

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(fields=len(names))


class Repeated(Refused):
    code: ClassVar[str] = "repeated"
    advice: ClassVar[str] = (
        "this Idempotency-Key was used before: the operation that it began is named here, with the status that it was "
        "answered, 0 while it goes on; what it answered is kept nowhere"
    )

    def __init__(self, operation: bytes, status: int) -> None:
        self.operation = operation
        super().__init__(status=status)


class KeyUnreadable(Refused):
    code: ClassVar[str] = "key_unreadable_once"
    advice: ClassVar[str] = "an Idempotency-Key has 1 to 128 printable characters"


class RateSpent(Refused):
    code: ClassVar[str] = "rate_spent"
    advice: ClassVar[str] = "more requests than this key may make: again in {seconds} seconds"


class Overloaded(Unavailable):
    code: ClassVar[str] = "overloaded"
    advice: ClassVar[str] = "more is under way than this machine does at once: again in {seconds} seconds"


class TimedOut(Unavailable):
    code: ClassVar[str] = "timed_out"
    advice: ClassVar[str] = (
        "not done within {seconds} seconds: it may still be, and with an Idempotency-Key asking again tells"
    )


class WentWrong(Unavailable):
    """What nobody foresaw: the log has its place, and the answer nothing but this."""

    code: ClassVar[str] = "went_wrong"
    advice: ClassVar[str] = "something went wrong here, and was written down under the number of this request"


class NotHere(Refused):
    code: ClassVar[str] = "not_here"
    advice: ClassVar[str] = "there is nothing here: /v1/openapi.json describes what there is"


class NotByThisVerb(Refused):
    code: ClassVar[str] = "not_by_this_verb"
    advice: ClassVar[str] = "not by this verb: the header Allow names those that there are"


class GatewayConfigUnreadable(Refused):
    code: ClassVar[str] = "gateway_config_unreadable"
    advice: ClassVar[str] = "there is no gateway.toml here that can be read: `moiety gateway init` writes one"


class GatewayConfigInvalid(Refused):
    code: ClassVar[str] = "gateway_config_invalid"
    advice: ClassVar[str] = (
        "gateway.toml will not do: a field is missing, unknown or out of its range, or it listens to other machines "
        "without [tls]"
    )


class GatewayExists(Refused):
    code: ClassVar[str] = "gateway_exists"
    advice: ClassVar[str] = "there is a gateway.toml: nothing was changed"


class RootKeyExposed(Refused):
    code: ClassVar[str] = "gateway_root_exposed"
    advice: ClassVar[str] = (
        "others than this user may read the gateway's root.key: `chmod 600` it, and bind every key anew that it seals"
    )


class RootKeyWrong(Refused):
    code: ClassVar[str] = "gateway_root_wrong"
    advice: ClassVar[str] = (
        "the gateway's root.key cannot be read, or is not the one that its store was sealed under: put the right one "
        "beside gateway.toml"
    )
