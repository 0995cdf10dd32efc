"""`moiety person basis | consent | withdraw`: on which legal grounds somebody is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar
from moiety.identity.pseudonym import Pseudonym

if TYPE_CHECKING:
    from moiety.identity.basis import Basis
    from moiety.identity.office import Office
    from moiety.identity.person import Person
    from moiety.vault.consent import ByHand

Who = Annotated[str, typer.Argument(metavar="PSEUDONYM", help="Whose record.")]
TextVersion = Annotated[str, typer.Option("--text", metavar="V", help="The version of what the person was told.")]
HowGiven = Annotated[
    str, typer.Option("--how", metavar="HOW", help="How they were given: paper, electronic, spoken or office.")
]

HowTaken = Annotated[
    str, typer.Option("--how", metavar="HOW", help="How they were taken back: paper, electronic, spoken or office.")
]


class Given(TypedDict):
    """One ground: its key in the purpose's document, its articles, the version of the text, the day it was given and
    how, the day it was withdrawn and how, or null, and whether it holds: not where it was withdrawn or given anew."""

    grounds: str
    article_6: str
    article_9: str
    text: str
    given: str
    how: str
    withdrawn: str | None
    withdrawn_how: str | None
    stands: bool


class Based(TypedDict):
    """What `person basis` and `person consent` answer: every ground that there was, in the order in which they were
    given."""

    pseudonym: str
    basis: list[Given]


class WithdrawnAnswer(TypedDict):
    """What `person withdraw` answers: as `person erase` where no ground holds any more, else `erased` is false; which
    grounds hold; and by which commands, in this order, what was taken back is had again."""

    erased: bool
    destroyed: bool
    at: str | None
    salt: str | None
    grounds: list[str]
    again: list[str]


def basis(who: Who, office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Based]:
    """On which legal grounds a person is kept: what was given, when and how, and what was withdrawn.

    \b
    Examples:
      moiety person basis "$WHO"
      moiety person basis "$WHO" --json
    """
    with bar() as progress, opened(office, progress) as m:
        return _based(person_of(m, who))


def consent(
    who: Who,
    grounds: Annotated[str, typer.Option("--grounds", metavar="KEY", help="Which grounds, by their key.")],
    text: TextVersion = "1",
    how: HowGiven = "office",
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Based]:
    """Write down one more ground that a person gave, or one of before anew, to another text.

    A face needs grounds with an Article 9 first: then `enrol --person`.

    \b
    Examples:
      moiety person consent "$WHO" --grounds consent --how paper
      moiety person consent "$WHO" --grounds consent --text 2031-05 --how electronic --json
    """
    with bar() as progress, opened(office, progress) as m:
        person = person_of(m, who)
        person.consent(grounds, how=how_of(how), text=text)
        return _based(person)


def withdraw(
    who: Who,
    grounds: Annotated[
        str | None, typer.Option("--grounds", metavar="KEY", help="Only these; without it, all that can be withdrawn.")
    ] = None,
    how: HowTaken = "electronic",
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[WithdrawnAnswer]:
    """Take a person's grounds back, as easily as they were given.

    Where none holds any more, nothing is used from now on and the record is destroyed after 72
    hours. Where others hold the record stays; a face that none allows any more never matches again.
    It says by which commands what was taken back is given again; a record that goes is not restored.

    \b
    Examples:
      moiety person withdraw "$WHO"
      moiety person withdraw "$WHO" --grounds consent --how spoken --json
    """
    with bar() as progress, opened(office, progress) as m:
        person = person_of(m, who)
        before = person.basis()
        leaving = person.withdraw(grounds, how=how_of(how))
        after = person.basis()
    held = [one.grounds for one in after if one.stands]
    ended = [one for one, was in zip(after, before, strict=False) if one.withdrawn != was.withdrawn]  # more may come
    at = None if leaving is None else leaving.at.isoformat()
    again = _again(person.pseudonym, ended, kept=leaving is None)
    lines = [f"kept on {', '.join(held)}", "to give it again, and enrol a face where there was one:"]
    if leaving is not None:
        lines = [f"answers nobody any more; destroyed from {at} on", "nothing takes that back; added anew then:"]
    answer: WithdrawnAnswer = {
        "erased": leaving is not None, "destroyed": False, "at": at, "salt": None, "grounds": held, "again": again
    }  # fmt: skip
    return Outcome(answer, [*lines, *(f"  {command}" for command in again)])


def _again(who: Pseudonym, ended: Sequence[Basis], *, kept: bool) -> list[str]:
    """What has to be done to have again what these grounds allowed: a record that goes is not taken back, and a face
    that went with its ground is enrolled from new pictures."""
    keys = [one.grounds or "KEY" for one in ended]  # of the first version of entries, a document need not know the key
    if not kept:
        return [f"moiety person add {who.purpose} --from FILE --grounds {keys[0]}"]
    faces = [key for key, one in zip(keys, ended, strict=True) if one.article_9][:1]
    return [f"moiety person consent {who} --grounds {key}" for key in keys] + [
        f"moiety enrol {who.purpose} PICTURE --grounds {key} --person {who}" for key in faces
    ]


def person_of(office: Office, who: str, role: str = "operator") -> Person:
    """Whoever has this pseudonym, as this role asks for them."""
    pseudonym = Pseudonym.parse(who)
    return office.purpose(pseudonym.purpose).people(role=role).person(pseudonym)


def how_of(word: str) -> ByHand:
    """See `consent.by_hand`."""
    from moiety.vault.consent import by_hand

    return by_hand(word)


def given(one: Basis) -> Given:
    """One ground as answers have it."""
    return {
        "grounds": one.grounds,
        "article_6": one.article_6,
        "article_9": one.article_9,
        "text": one.text,
        "given": one.given.isoformat(),
        "how": one.how,
        "withdrawn": None if one.withdrawn is None else one.withdrawn.isoformat(),
        "withdrawn_how": one.withdrawn_how,
        "stands": one.stands,
    }


def given_line(one: Given) -> str:
    """One ground as people read it."""
    articles = " ".join(article for article in (one["article_6"], one["article_9"]) if article)
    end = "holds" if one["stands"] else "given anew"
    if one["withdrawn"] is not None:
        end = f"withdrawn {one['withdrawn']} ({one['withdrawn_how']})"
        end += f", holds by {one['article_6']}" if one["stands"] else ""
    return f"{one['grounds']:<16}{articles:<16}text {one['text']}, given {one['given']} ({one['how']}); {end}"


def _based(person: Person) -> Outcome[Based]:
    found = [given(one) for one in person.basis()]
    answer: Based = {"pseudonym": str(person.pseudonym), "basis": found}
    return Outcome(answer, [given_line(one) for one in found])
