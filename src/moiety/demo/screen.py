"""The demo on one screen, for somebody who never heard of secret sharing. Every number comes from what was played."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from math import sqrt
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from moiety.demo.attacks import ALONE, BOTH, DIG, FEWEST_JUDGED
from moiety.demo.play import Played
from moiety.demo.theft import STORES, THIEF, TOGETHER
from moiety.drills.scene import PLAIN

WIDEST: Final = 100
NARROWEST: Final = 36
_TABLE_NEEDS: Final = 84
_LABEL: Final = 12
_NUMBERS_SHOWN: Final = 3
_LUCK: Final = 3.29 * sqrt(1 / 12)
"""A place drawn by luck is spread evenly over 0 to 1: 999 of 1,000 means of n such lie this over sqrt(n) around a
half."""

_STORE_NAMES: Final = {PLAIN: "plain database", THIEF: "custodian a", TOGETHER: "a and b together"}


def lines(played: Played, *, width: int, colour: bool, encoding: str) -> list[str]:
    """The screen, line by line, at most `width` columns wide (36 to 100 are used).

    `colour` writes terminal codes, without colours where NO_COLOR is set; marks that `encoding` lacks become words.
    """
    columns = min(WIDEST, max(NARROWEST, width))
    drawn = StringIO()
    console = Console(file=drawn, width=columns, force_terminal=colour, highlight=False)
    console.print(_Screen(played, columns, _marks(encoding)).whole())
    return [line.rstrip() for line in drawn.getvalue().splitlines()]


@dataclass(frozen=True, slots=True)
class _Marks:
    right: str
    wrong: str
    minus: str


def _marks(encoding: str) -> _Marks:
    fancy = _Marks("✓", "✗", "\N{MINUS SIGN}")
    try:
        (fancy.right + fancy.wrong + fancy.minus).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _Marks("(right)", "(WRONG)", "-")
    return fancy


class _Screen:
    def __init__(self, played: Played, columns: int, marks: _Marks) -> None:
        self._played = played
        self._columns = columns
        self._marks = marks
        self._first = played.cast.first.name
        self._second = played.cast.second.name

    def whole(self) -> RenderableType:
        title = Text("Moiety: faces recognised from three databases, each of which alone is noise", style="bold")
        told = Text(
            "Real photographs, real databases a, b and c, one thief; every figure was measured just now.", style="dim"
        )
        parts: list[RenderableType] = [title, told]
        for label, body in (
            ("1 Enrol", self._enrol()),
            ("2 Verify", self._verify()),
            ("3 Identify", self._identify()),
            ("4 A thief", self._thief()),
        ):
            parts += [Text(""), self._section(label, body)]
        parts.append(self._table() if self._columns >= _TABLE_NEEDS else self._list())
        if self._played.haul.rows < FEWEST_JUDGED:
            parts.append(Text("  With so few rows any place may be luck. Try --rows 100000.", style="yellow"))
        for label, body in (("5 Erase", self._erase()), ("6 Refresh", self._refresh()), ("So", self._so())):
            parts += [Text(""), self._section(label, body)]
        return Group(*parts)

    def _section(self, label: str, body: RenderableType) -> RenderableType:
        heading = Text(label, style="bold cyan")
        if self._columns < _TABLE_NEEDS:
            return Group(heading, Padding(body, (0, 0, 0, 2)))
        grid = Table.grid(padding=0)
        grid.add_column(width=_LABEL)
        grid.add_column()
        grid.add_row(heading, body)
        return grid

    def _enrol(self) -> Text:
        played, cast = self._played, self._played.cast
        speed = ""
        if played.random_rows:
            rows = f"{played.random_rows:,} random rows" if played.random_rows > 1 else "1 random row"
            speed = (
                f", beside {rows} ({played.random_rows / played.enrol_s:,.0f} a second, on disk at all three)."
                " Random rows are nobody: they show speed, not accuracy"
            )
        return Text(
            f"{self._first} and {self._second} from one photograph each, {cast.first.enrolled.name} and"
            f" {cast.second.enrolled.name}{speed}."
        )

    def _verify(self) -> Text:
        answers = self._played.answers
        text = Text(f'Somebody says "I am {self._first}" and shows')
        for tried, expected in [(one, True) for one in answers.genuine] + [(one, False) for one in answers.impostors]:
            word = "is believed" if tried.verified else "is not believed"
            text.append(f"\n  {tried.photograph:<14} {word:<15} ")
            text.append_text(self._mark(tried.verified == expected))
            if expected:
                text.append("  another photograph of the same person", style="dim")
            else:
                text.append("  somebody else", style="dim")
        text.append(f"\nBy the model's measured error rate, 1 stranger in {1 / answers.verify_fmr:,.0f} is believed.")
        return text

    def _identify(self) -> Text:
        answers = self._played.answers
        text = Text(f"Whom of {self._rows(answers.stranger.gallery)} does it show?")
        for tried in (*answers.genuine, *answers.impostors):
            expected = () if tried.shows is None else (tried.shows,)
            text.append(f"\n  {tried.photograph:<14} {', '.join(tried.found) or 'nobody':<15} ")
            text.append_text(self._mark(tried.found == expected))
            if tried.shows == self._second:
                text.append("  the photograph that was enrolled; there is no other", style="dim")
            elif tried.shows is None:
                text.append("  a third person, who is not enrolled", style="dim")
        candidates = answers.stranger
        text.append(
            f"\n{answers.identify_ms:,.0f} ms from photograph to answer, {answers.search_ms:,.0f} ms of it the search."
            f" Were the rows {candidates.gallery:,} real people, a stranger would be taken for"
            f" {candidates.expected_false:.2g} of them on average, since the model errs in 1 of"
            f' {1 / candidates.fmr:,.0f} comparisons. So the answer says: "{candidates.text}".'
        )
        return text

    def _thief(self) -> Text:
        return Text(
            "copies custodian a's files, which are all that it keeps: there is no key beside them. He holds a"
            " photograph against every row and puts the likeliest first. Beside it: what an ordinary database gives"
            " him, and what custodians a and b give together."
        )

    def _table(self) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
        table.add_column("")
        for store in STORES:
            table.add_column(_STORE_NAMES[store], header_style="bold")
        for question, answers in self._questions():
            table.add_row(question, *(answers[store] for store in STORES))
        return Padding(table, (0, 0, 0, 2))

    def _list(self) -> RenderableType:
        told = []
        for question, answers in self._questions():
            told.append(Text(question, style="bold"))
            told += [Text.assemble(f"  {_STORE_NAMES[store]}: ", answers[store]) for store in STORES]
        return Padding(Group(*told), (0, 0, 0, 2))

    def _questions(self) -> list[tuple[str, dict[str, Text]]]:
        """Each question, and its answer by store: red where it tells something, green where it does not."""
        haul, played = self._played.haul, self._played
        numbers = {store: self._numbers(haul.numbers[store]) for store in STORES}
        numbers[PLAIN] = f"{self._first}, {numbers[PLAIN]}"
        clear = haul.numbers[PLAIN]
        first = {store: haul.photograph[store] == 1 for store in STORES}
        linked = {store: haul.elsewhere[store] == 1 for store in STORES}
        questions = [
            (f"row of {self._first}", {store: _told(numbers[store], haul.numbers[store] == clear) for store in STORES}),
            (
                f"right row for {played.cast.first.others[-1].name}",
                {store: _told(f"{_place(haul.photograph[store])} of {haul.rows:,}", first[store]) for store in STORES},
            ),
            (
                "row in another office's files",
                {
                    store: _told(
                        f"{'' if linked[store] else 'not '}linked: {_place(haul.elsewhere[store])}", linked[store]
                    )
                    for store in STORES
                },
            ),
            ("names found", {store: _told(f"{count} of 2", count > 0) for store, count in played.names_found.items()}),
            ("pseudonyms read", {store: _told(f"{count:,}", count > 0) for store, count in haul.pseudonyms.items()}),
        ]
        rows = {row.name: row for row in played.drill}
        if {ALONE, BOTH} <= rows.keys():
            alone, both = rows[ALONE].split, rows[BOTH].split
            low, high = (0.5 + side * _LUCK / sqrt(alone.trials) for side in (-1, 1))
            shares = {PLAIN: rows[ALONE].plain.success, THIEF: alone.success, TOGETHER: both.success}
            answers = {store: _told(f"{100 * share:.0f} %", share > high) for store, share in shares.items()}
            answers[THIEF].append(f" (luck {100 * low:.0f} to {100 * high:.0f} %)")
            questions.append((f"beats wrong rows, {alone.trials} tries", answers))
        return questions

    def _erase(self) -> Text:
        text = Text(f"{self._first}, at all three custodians.\nShown again: ")
        for tried in self._played.after:
            text.append(f"{tried.photograph} {'still known' if tried.mistaken else 'nobody'} ")
            text.append_text(self._mark(not tried.mistaken))
            text.append(" ")
        dug = next(row for row in self._played.drill if row.name == DIG)
        left, plainly = dug.split.success > 0, dug.plain.success > 0
        text.append("\nThe thief looks again: of the row, ")
        text.append("something is left" if left else "nothing is left", style="bold red" if left else "bold green")
        text.append(" in custodian a's files; the plain database ")
        text.append("still holds the deleted row." if plainly else "holds nothing either.")
        return text

    def _refresh(self) -> Text:
        renewal = self._played.renewal
        noise = " It is noise." if renewal.mixed > 1 else ""
        return Text(
            f"Every row gets new parts, in {renewal.seconds:,.1f} s. The thief puts his old file of a beside b's new"
            f" one and looks for {self._second} with the very photograph that was enrolled: the right row is"
            f" {_place(renewal.mixed)} of {renewal.rows:,}.{noise} Beside b's old file it is {_place(renewal.unmixed)}."
        )

    def _so(self) -> Text:
        held, all_of_them = sum(self._played.passed), len(self._played.passed)
        attacks = f" {held} of {all_of_them} attacks came out as they should."
        if not self._played.good:
            return Text(f"Something came out otherwise than it should: look above.{attacks}", style="bold red")
        return Text.assemble(
            ("One database tells nothing about anybody. Two together tell everything", "bold"),
            ", so no hand may hold two. Here all three lie on one disk, which protects nobody: it is for trying out.",
            (attacks, "bold green"),
        )

    def _mark(self, right: bool) -> Text:
        return Text(self._marks.right, style="green") if right else Text(self._marks.wrong + " WRONG", style="bold red")

    def _numbers(self, numbers: Iterable[int]) -> str:
        shown = [str(number).replace("-", self._marks.minus) for number in numbers]
        return " ".join([*shown[:_NUMBERS_SHOWN], ".."])

    def _rows(self, rows: int) -> str:
        return f"{rows:,} people" if self._played.random_rows == 0 else f"{rows:,} rows"


def _told(answer: str, tells: bool) -> Text:
    return Text(answer, style="red" if tells else "green")


def _place(place: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st, 45,123rd."""
    ending = "th" if place // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place:,}{ending}"
