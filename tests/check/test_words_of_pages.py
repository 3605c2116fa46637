"""`rekindle check` on pages: templates that do not compile, words that there are not, languages that lack some."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.check.pages import check_pages
from engine.model.sender import Sender
from engine.shipped import shipped

SENDER = Sender("Rekindle", "hello@rekindle.example", "1 Example Street", "Rekindle")
Found = Callable[..., list[tuple[str, int, str, str, bool]]]

ENGLISH = """\
[hello]
# The first words.
title = "Hello {name}"
long = \"\"\"
title = "no key of its own"
\"\"\"
left.one = "One left"
left.many = "{count} left"
[hello.deep]
er = "Deeper"
"""
SPANISH = """\
[hello]
title = "Hola, {name}"
long = "Largo"
left.one = "Queda uno"
left.many = "Quedan {count}"
deep.er = "Más hondo"
"""
PAGE = '{% extends "page.html" %}\n{% block content %}\n{{ say("hello.title", name="x") }}\n{% endblock %}\n'


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """What is found in a workspace's own page and words: file, line, what, fix, whether it is a note."""

    def check(
        english: str = ENGLISH, spanish: str = SPANISH, page: str = PAGE
    ) -> list[tuple[str, int, str, str, bool]]:
        web = tmp_path / "web"
        (web / "es").mkdir(parents=True)
        (web / "words.toml").write_text(english, encoding="utf-8")
        (web / "es" / "words.toml").write_text(spanish, encoding="utf-8")
        (web / "hello.html").write_text(page, encoding="utf-8")
        return [
            (Path(each.file).relative_to(web).as_posix(), each.line, each.what, each.fix, each.note)
            for each in check_pages([tmp_path, shipped("templates")], SENDER)
            if Path(each.file).is_relative_to(web)
        ]

    return check


def test_a_sound_page_has_no_findings(found: Found) -> None:
    """Else the tests below would prove nothing."""
    assert found() == []


TRAPS = [
    # which file, old, new; file, line, what, fix, note
    ("spanish", 'long = "Largo"\n', "", "words.toml", 4, "es lacks hello.long", "es/words.toml", True),
    ("spanish", "deep.er", "# deep.er", "words.toml", 10, "es lacks hello.deep.er", "translate", True),
    ("spanish", "title", "titel", "es/words.toml", 2, "es has hello.titel", "hello.title?", False),
    ("spanish", "{name}", "{nombre}", "es/words.toml", 2, "fills in nombre here and name in English", "same", False),
    ("spanish", "{count}", "varios", "es/words.toml", 5, "fills in nothing here and count", "same", False),
    ("spanish", "Quedan {count}", "Quedan {count", "es/words.toml", 5, "a brace", "{name}", False),
    ("english", "left.many", "left.more", "words.toml", 7, "hello.left.one is half a plural", "hello.left.many", False),
    ("english", '"Deeper"', "5", "words.toml", 1, "hello.deep.er is no text", "quotes", False),
    ("english", '"Deeper"', '"Deeper', "words.toml", 10, "not TOML", "quotes", False),
    ("page", "hello.title", "hello.titel", "hello.html", 3, "no words hello.titel", "hello.title?", False),
    ("page", '"hello.title"', '"helo." ~ x', "hello.html", 3, "no words helo.", "hello", False),
    ("page", '"hello.title"', '"hello.title" if x else "hello.no"', "hello.html", 3, "no words hello.no", "", False),
    ("page", "{% endblock %}", "", "hello.html", 3, "Unexpected end of template", "", False),
]  # fmt: skip


@pytest.mark.parametrize(("which", "old", "new", "file", "line", "what", "fix", "note"), TRAPS)
def test_a_trap_is_found_at_its_line_with_its_mend(
    found: Found,
    which: str,
    old: str,
    new: str,
    file: str,
    line: int,
    what: str,
    fix: str,
    note: bool,
) -> None:
    texts = {"english": ENGLISH, "spanish": SPANISH, "page": PAGE}
    assert old in texts[which]
    findings = found(**{**texts, which: texts[which].replace(old, new, 1)})
    assert any(
        (each[0], each[1], each[4]) == (file, line, note) and what in each[2] and fix in each[3] for each in findings
    ), findings


def test_a_language_of_a_country_lacks_nothing_that_its_language_has(found: Found, tmp_path: Path) -> None:
    folder = tmp_path / "web" / "es-MX"
    folder.mkdir(parents=True)
    (folder / "words.toml").write_text('[hello]\nlong = "Bien largo"\n', encoding="utf-8")
    assert found() == []
