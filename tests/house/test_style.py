"""Every module keeps the style of the house, and each rule can fail."""

from __future__ import annotations

import pytest

from tests.house import style
from tests.house.source import Source, sources


@pytest.mark.parametrize("rule", style.RULES)
def test_every_module_keeps_the_rule(rule):
    findings = [finding for source in sources() for finding in rule(source)]
    assert not findings, "\n" + "\n".join(findings)


def test_no_answer_says_how_near_a_face_was():
    leaving = [source for source in sources() if source.name.startswith(("moiety.identity.results", "moiety.cli."))]
    assert len(leaving) > 5
    findings = [finding for source in leaving for finding in style.score_findings(source)]
    assert not findings, "\n" + "\n".join(findings)


BAD = {
    style.name_findings: [("moiety.face.utils", "x = 1"), ("moiety.core.x", ""), ("moiety.face.sql_helpers", "")],
    style.length_findings: [("moiety.face.long", "x = 1\n" * (style.LINES_MAX + 1))],
    style.ignore_findings: [("moiety.a", "x = 1  # type: ignore"), ("moiety.a", "x = 1  # noqa")],
    style.assert_findings: [("moiety.a", "def f(x):\n    assert x")],
    style.except_findings: [
        ("moiety.a", "try:\n    x()\nexcept:\n    raise"),
        ("moiety.a", "try:\n    x()\nexcept Exception:\n    pass"),
        ("moiety.a", "try:\n    x()\nexcept (ValueError, BaseException):\n    pass"),
    ],
    style.path_findings: [("moiety.a", 'x = "/ro' + 'ot/x"'), ("moiety.a", "# see /wo" + "rk/x")],
    style.docstring_findings: [
        ("moiety.a", "x = 1"),
        ("moiety.a", '"""A."""\ndef f(): pass'),
        ("moiety.a", '"""A."""\nclass C:\n    x = 1'),
        ("moiety.a", '"""A."""\nclass C:\n    """C."""\n    def f(self): return 1'),
    ],
    style.score_findings: [
        ("moiety.a", "class R:\n    score: float"),
        ("moiety.a", "class R:\n    @property\n    def similarity(self): return 1"),
        ("moiety.a", "print({'distance': 3})"),
    ],
}

GOOD = {
    style.name_findings: [("moiety.face.utility_of_a_face", "x = 1")],
    style.ignore_findings: [("moiety.a", "x = 1  # type: ignore[misc]\ny = '# type: ignore'  # noqa: S101")],
    style.except_findings: [("moiety.a", "try:\n    x()\nexcept Exception:\n    undo()\n    raise")],
    style.path_findings: [("moiety.a", 'x = "https://example.org/root/x"  # a/tmp/b')],
    style.docstring_findings: [
        ("moiety.a", '"""A."""\nclass Gone(Refused):\n    advice: ClassVar[str] = "x"'),
        ("moiety.a", '"""A."""\nclass P(Protocol):\n    """P."""\n    def f(self) -> int: ...\n'),
        (
            "moiety.a",
            '"""A."""\nclass C:\n    """C."""\n    @property\n    def f(self): return 1\n    def _g(self): ...',
        ),
    ],
}


@pytest.mark.parametrize("rule", [*style.RULES, style.score_findings])
def test_each_rule_finds_what_it_is_for(rule):
    assert BAD[rule]
    for name, text in BAD[rule]:
        assert list(rule(Source(name, text))), (name, text)


@pytest.mark.parametrize("rule", GOOD)
def test_each_rule_leaves_good_code_alone(rule):
    for name, text in GOOD[rule]:
        assert list(rule(Source(name, text))) == [], (name, text)
