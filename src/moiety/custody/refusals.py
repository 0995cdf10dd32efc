"""What custodians refuse, and what makes them unavailable. None of it quotes data, a path or a name."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused, Unavailable


class NoOffice(Unavailable):
    code: ClassVar[str] = "office_missing"
    advice: ClassVar[str] = "there are no three custodians in this folder: `moiety init DIR` makes an office"


class OfficeExists(Refused):
    code: ClassVar[str] = "office_exists"
    advice: ClassVar[str] = "there are custodians in this folder already: choose another folder"


class OfficeMoved(Refused):
    code: ClassVar[str] = "office_moved"
    advice: ClassVar[str] = (
        "the people of this folder have moved to custodians apart, and nothing is left here: use the deployment. If "
        "the move was interrupted, the same `moiety custodian adopt` finishes it"
    )


class OfficeInUse(Unavailable):
    code: ClassVar[str] = "office_in_use"
    advice: ClassVar[str] = "another process has this office open: end it, then ask again"


class DeploymentExists(Refused):
    code: ClassVar[str] = "deployment_exists"
    advice: ClassVar[str] = "there is something where the deployment should be made: choose a folder that is not there"


class AdoptionUnfinished(Refused):
    code: ClassVar[str] = "adoption_unfinished"
    advice: ClassVar[str] = (
        "another office was being moved to this place, and its people may be nowhere else: finish that with the same "
        "command as then, or choose another folder"
    )


class OfficeUnwritable(Refused):
    code: ClassVar[str] = "office_unwritable"
    advice: ClassVar[str] = "no office can be made in this folder: check its path, its disk and who may write there"


class FormatUnknown(Refused):
    code: ClassVar[str] = "format_unknown"
    advice: ClassVar[str] = "this store was written in format {found} and this version reads format {known}"


class NotOneOffice(Refused):
    code: ClassVar[str] = "not_one_office"
    advice: ClassVar[str] = (
        "the three stores do not belong together: a folder was copied from another office or to another seat"
    )


class RootExposed(Refused):
    code: ClassVar[str] = "root_exposed"
    advice: ClassVar[str] = (
        "others may read the root keys of a custodian: give its folder of roots to this user alone (chmod 0700), "
        "the files in it too (0600), and refresh"
    )


class RootMissing(Refused):
    code: ClassVar[str] = "root_missing"
    advice: ClassVar[str] = (
        "a custodian lacks the root key of its epoch, without which nothing of it can be read: an old copy was put "
        "back, or its folder of roots was not copied along. Put the newest copy in place, or recover the custodian "
        "from the other two"
    )


class RootWrong(Refused):
    code: ClassVar[str] = "root_wrong"
    advice: ClassVar[str] = (
        "the root key of a custodian does not fit its store: one of them is of another office, seat or epoch"
    )


class TokenShut(Unavailable):
    code: ClassVar[str] = "token_shut"
    advice: ClassVar[str] = (
        "the token with a custodian's root keys cannot be used: check its PKCS#11 library and its label, and that it "
        "is plugged in"
    )


class TokenPinWrong(Refused):
    code: ClassVar[str] = "token_pin_wrong"
    advice: ClassVar[str] = (
        "the token with a custodian's root keys did not take this PIN. Most close for good after a few wrong ones: put "
        "it right before you start this again"
    )


class EpochsMixed(Refused):
    code: ClassVar[str] = "epochs_mixed"
    advice: ClassVar[str] = (
        "the custodians are in different epochs ({oldest} to {newest}): an old copy was put back. "
        "Old parts and new ones are noise together; put the newest copy of each custodian in place"
    )


class CopyOld(Refused):
    code: ClassVar[str] = "copy_old"
    advice: ClassVar[str] = (
        "a custodian lacks {behind} changes that another has made, more than an interruption can lose: "
        "an old copy was put back. Put the newest copy in place"
    )


class StatesDiffer(Refused):
    code: ClassVar[str] = "states_differ"
    advice: ClassVar[str] = (
        "the custodians disagree about {slots} slots in a way that no interruption explains: "
        "a store was altered or an old copy was put back"
    )


class GalleryUnknown(Refused):
    code: ClassVar[str] = "gallery_unknown"
    advice: ClassVar[str] = "the custodians have no such gallery"


class GalleryExists(Refused):
    code: ClassVar[str] = "gallery_exists"
    advice: ClassVar[str] = "the custodians have this gallery already, under other terms or another document"


class GalleryNameWrong(Refused):
    code: ClassVar[str] = "gallery_name_wrong"
    advice: ClassVar[str] = "the name of a gallery has 1 to {limit} bytes"


class GalleryFixed(Refused):
    code: ClassVar[str] = "gallery_fixed"
    advice: ClassVar[str] = "a gallery keeps its model and its {dim} words a row: add another gallery"


class GalleryDamaged(Refused):
    code: ClassVar[str] = "gallery_damaged"
    advice: ClassVar[str] = (
        "the stored rows of this gallery did not pass their check: it stays closed until it is mended. "
        "`moiety check` says what was found, and `moiety check --mend` recovers it"
    )


class KeptDamaged(Refused):
    code: ClassVar[str] = "kept_damaged"
    advice: ClassVar[str] = (
        "what a custodian keeps for itself beside the rows was altered: put its newest copy in place, "
        "or recover the custodian from the other two"
    )


class MendingNeedsSeat(Refused):
    code: ClassVar[str] = "mending_needs_seat"
    advice: ClassVar[str] = (
        "the rows disagree but no page says where: `moiety check --mend --seat` with the custodian whose store "
        "was altered rebuilds it from the other two"
    )


class TwoDamaged(Refused):
    code: ClassVar[str] = "two_damaged"
    advice: ClassVar[str] = (
        "{pages} pages are damaged at two custodians at once: any two of three recover a third, one does not"
    )


class AlreadyEnrolled(Refused):
    code: ClassVar[str] = "already_enrolled"
    advice: ClassVar[str] = "a pseudonym is enrolled once: erase it first, or draw another"


class TooMany(Refused):
    code: ClassVar[str] = "too_many"
    advice: ClassVar[str] = "at most {limit} at once: do the rest in further calls"


class NotAdmitted(Refused):
    code: ClassVar[str] = "not_admitted"
    advice: ClassVar[str] = "a custodian stores only templates that it has helped to check"


class WordsWrong(Refused):
    code: ClassVar[str] = "words_wrong"
    advice: ClassVar[str] = "this gallery takes quantised faces of {dim} words: this is of another model, or no face"


class HeaderRefused(Refused):
    code: ClassVar[str] = "header_refused"
    advice: ClassVar[str] = "a custodian refused the search: its own clock, gallery, epoch or threshold says otherwise"


class AnswerUnknown(Refused):
    code: ClassVar[str] = "answer_unknown"
    advice: ClassVar[str] = "pseudonyms are opened once, after a search and for rows that it could match"


class StoreUnavailable(Unavailable):
    """A custodian's database; where the custodian runs apart, `seat` (0, 1 or 2) says whose."""

    code: ClassVar[str] = "store_unavailable"
    advice: ClassVar[str] = "a custodian's database is not available: see to it and ask again"

    @property
    def text(self) -> str:
        """Names the custodian by its letter, where it is known."""
        return (f"custodian {'abc'[self.numbers['seat']]}: " if "seat" in self.numbers else "") + super().text


class StoreFull(StoreUnavailable):
    code: ClassVar[str] = "store_full"
    advice: ClassVar[str] = "a custodian's disk is full or refuses to be written: make room and try again"


class StoreBusy(StoreUnavailable):
    code: ClassVar[str] = "store_busy"
    advice: ClassVar[str] = (
        "another program holds a custodian's store open; what was asked may have been done. "
        "Close it and ask again: until then old bytes may remain in the log file"
    )


class StoreLost(StoreUnavailable):
    code: ClassVar[str] = "store_lost"
    advice: ClassVar[str] = (
        "a custodian's database is not there or broke off the connection: what was asked may have been done. "
        "See to the database and ask again"
    )


class StoreShut(StoreUnavailable):
    code: ClassVar[str] = "store_shut"
    advice: ClassVar[str] = (
        "a custodian's database does not let it in: check its name, the user, the password and the user's rights"
    )


class StoreTaken(Refused):
    code: ClassVar[str] = "store_taken"
    advice: ClassVar[str] = (
        "another process has this custodian's database open: one at a time may. Stop the other one, or wait for it"
    )


class DatabaseTaken(Refused):
    code: ClassVar[str] = "database_taken"
    advice: ClassVar[str] = "there is a custodian in this database already: give each one a database of its own"


class DatabaseWrong(Refused):
    code: ClassVar[str] = "database_wrong"
    advice: ClassVar[str] = "a custodian's database is named as postgresql://USER:PASSWORD@HOST/NAME"


class CredentialsMissing(Refused):
    code: ClassVar[str] = "credentials_missing"
    advice: ClassVar[str] = (
        "a custodian's database over a network takes a password or a certificate: put one into its URL, "
        "or reach it over a local socket"
    )


class DatabaseOpen(Refused):
    code: ClassVar[str] = "database_open"
    advice: ClassVar[str] = (
        "a custodian's database let somebody in over the network without the right password: "
        "replace `trust` in its pg_hba.conf by scram-sha-256 or cert, and reload it"
    )


class StoreFailed(StoreUnavailable):
    code: ClassVar[str] = "store_failed"
    advice: ClassVar[str] = "a custodian's store cannot be read or written (database error {error})"


class StoreReplaced(Refused):
    code: ClassVar[str] = "store_replaced"
    advice: ClassVar[str] = (
        "a custodian's file was moved or replaced while the office was open; put it right, close and open again"
    )


class StoreUnreadable(Refused):
    code: ClassVar[str] = "store_unreadable"
    advice: ClassVar[str] = "a custodian's store is not a database any more (database error {error})"


class CustodianDown(Unavailable):
    code: ClassVar[str] = "custodian_down"
    advice: ClassVar[str] = "unavailable: custodian {seat}"

    @property
    def text(self) -> str:
        """Names the custodian by its letter; `seat` is 0, 1 or 2."""
        return type(self).advice.format(seat="abc"[self.numbers["seat"]])


class NeighbourSilent(CustodianDown):
    code: ClassVar[str] = "neighbour_silent"
    advice: ClassVar[str] = "unavailable: custodian {seat}"


class AttemptStopped(Unavailable):
    code: ClassVar[str] = "attempt_stopped"
    advice: ClassVar[str] = "another custodian did not go on with this attempt: ask again"


class AttemptUsed(Refused):
    code: ClassVar[str] = "attempt_used"
    advice: ClassVar[str] = "an attempt is made once: ask again under a new one"


class MessageRefused(Refused):
    code: ClassVar[str] = "message_refused"
    advice: ClassVar[str] = "a message was not what this step of the protocol has: nothing was done"


class PeerUnknown(Refused):
    code: ClassVar[str] = "pin_unknown"
    advice: ClassVar[str] = (
        "whoever is at the other end holds another key than the one that is pinned: compare the `key` lines of both "
        "configurations with what `moiety keys show` says of the certificates"
    )


class KeyWorldReadable(Refused):
    code: ClassVar[str] = "key_world_readable"
    advice: ClassVar[str] = "others may read a private key: `chmod 600` the file, and think about who has read it"


class KeyUnreadable(Refused):
    code: ClassVar[str] = "key_unreadable"
    advice: ClassVar[str] = (
        "a certificate or key that the configuration names is not there, cannot be read or does not fit"
    )


class LeaseLost(Refused):
    code: ClassVar[str] = "lease_lost"
    advice: ClassVar[str] = "what changes a store is done by one gateway at a time, under a lease: begin again"


class ConfigUnreadable(Refused):
    code: ClassVar[str] = "config_unreadable"
    advice: ClassVar[str] = "there is no configuration file there, or it cannot be read"


class ConfigExposed(Refused):
    code: ClassVar[str] = "config_exposed"
    advice: ClassVar[str] = (
        "others may read the configuration that names this custodian's database: `chmod 600` the file, and change the "
        "password that is in it"
    )


class MetricsElsewhere(Refused):
    code: ClassVar[str] = "metrics_elsewhere"
    advice: ClassVar[str] = (
        "a custodian's figures are served in the clear: `metrics` is an address of this host alone, as 127.0.0.1:9464"
    )


class AddressTaken(Unavailable):
    code: ClassVar[str] = "address_taken"
    advice: ClassVar[str] = (
        "this custodian cannot listen where its configuration says: another program does, or this machine has no such "
        "address"
    )


class KeysExist(Refused):
    code: ClassVar[str] = "keys_exist"
    advice: ClassVar[str] = "there are keys in this folder already, and none is replaced: choose another folder"


class ProcessEnded(CustodianDown):
    code: ClassVar[str] = "process_ended"
    advice: ClassVar[str] = "custodian {seat} did not keep running: the last lines of its custodian.log say why"


class TurnTaken(Unavailable):
    code: ClassVar[str] = "turn_taken"
    advice: ClassVar[str] = "a custodian is changing what is searched: ask again in a moment"


class NotStaged(Refused):
    code: ClassVar[str] = "not_staged"
    advice: ClassVar[str] = (
        "a custodian enters a new epoch only when all three have written it: begin the refresh again"
    )
