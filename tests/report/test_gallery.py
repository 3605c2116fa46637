"""The gallery: every message as the couple saw it, in pages that need nothing but their folder."""

import re
from collections.abc import Iterator
from datetime import date, time
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from world import VAULT, World, person, phone, plain_templates, talk

from engine.clock import UnknownZone, zone
from engine.model.campaign import Channel
from engine.model.notice import Notice
from engine.report.gallery import write_gallery
from engine.report.gallery_clocks import clock_changes
from engine.report.gallery_letters import Email, Letters, preview
from engine.store import couples
from engine.store.notices import Posted
from engine.transport.outbox import OutboxTransport

HOSTILE = """</script><img src=x onerror="alert('1')">"""
BLOCKS = frozenset({"p", "li", "dd", "dt", "div", "h1", "h2", "h3", "h4"})
ADDRESSES = re.compile(r"[\w.+-]+@example\.com|\+1202\d+")


class Page(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and its text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(file.read_text(encoding="utf-8"))
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.text += " " * (tag in BLOCKS)

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for each, attrs in self.elements if each == tag]

    def having(self, name: str) -> int:
        """How many elements have this class."""
        return sum(name in (attrs.get("class") or "").split() for _, attrs in self.elements)

    def links(self) -> Iterator[str]:
        """Everything the page refers to or loads."""
        for _, attrs in self.elements:
            yield from (value for name in ("href", "src") if (value := attrs.get(name)))


class Town(World):
    """A world that writes to an outbox, and the gallery made of it."""

    def __init__(self, folder: Path, *steps: Any, **given: Any) -> None:
        self.folder = folder
        self.outbox = folder / "outbox"
        super().__init__(*steps, transport=OutboxTransport(self.outbox), **given)

    def gallery(self, title: str = "Back to each other") -> list[Page]:
        """Every page of the gallery but the emails, the first page first."""
        with self.database.read() as connection:
            index = write_gallery(connection, self.outbox, self.folder, title=title).index
        assert index == self.folder / "index.html"
        return [Page(index), *(Page(file) for file in sorted(index.parent.glob("gallery/*.html")))]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Two weeks of a couple (email and text), of two who share a phone, and of one person alone."""
    body = "<p>Hello {{ partner.given_name }}, this is about {{ other_name }}.</p>"
    town = Town(
        tmp_path,
        talk(weeks=(1, 2)),
        weeks=2,
        templates=[plain_templates(tmp_path / "templates", prompt=body)],
    )
    town.join("near", person("Ana", "America/New_York"), person("Ben", "Europe/London", time(18), channel=Channel.SMS))
    shared = {"phone": phone("Cleo"), "channel": Channel.SMS}
    town.join("shared", person("Cleo", **shared), person("Dov", **shared))
    town.join("alone", person("Eve"))
    town.enroll()
    town.live()
    return town


def test_the_first_page_lists_every_couple_and_links_to_a_page_of_each(town: Town) -> None:
    town.join("later", person("Fay"))
    index, *pages = town.gallery()
    assert all(name in index.text for name in ("Ana & Ben", "Cleo & Dov", "Eve", "Fay"))
    assert [link for link in index.links() if link.endswith(".html")] == [
        page.file.relative_to(town.folder).as_posix() for page in pages
    ]
    assert [page.file.name for page in pages] == ["001-near.html", "002-shared.html", "003-alone.html"]
    assert "in no campaign" in index.text


def test_the_first_page_adds_everything_up(town: Town) -> None:
    index = town.gallery()[0]
    figures = re.search(r"In figures (.*?) The couples", index.text)
    assert figures is not None
    assert figures[1] == (
        "couples 3 5 people emails 4 sent texts 4 in 4 parts not sent 2 why time zones 3 1 clock change crossed"
        " local time 09:00–18:00 where the reader is; 0 were moved"
    )
    assert "2 Both partners share this address and it already gets this step once." in index.text


def test_an_email_is_an_inbox_line_and_a_frame_in_which_nothing_runs(town: Town) -> None:
    page = town.gallery()[1]
    frames = page.all("iframe")
    assert len(frames) == 2
    for frame in frames:
        assert frame["sandbox"] is None  # the attribute alone: nothing is allowed
        mail = (page.file.parent / str(frame["src"])).read_text(encoding="utf-8")
        assert "Hello Ana, this is about Ben." in mail
        assert "default-src 'none'" in mail
    assert page.having("subject") == page.having("preview") == 2


def test_a_text_is_a_bubble_with_its_size(town: Town) -> None:
    page = town.gallery()[1]
    assert page.having("bubble") == 2
    assert "<p>Hello Ben, this is about Ana.</p> 1 part, GSM-7, 36 of 160" in page.text


def test_every_message_says_when_and_where_it_was(town: Town) -> None:
    text = town.gallery()[1].text
    for stamp in ("Ana 09:00 Tue 3 Mar email, America/New_York, UTC−05:00", "America/New_York, UTC−04:00",
                  "Ben 18:00 Tue 3 Mar text, Europe/London, UTC+00:00"):  # fmt: skip
        assert stamp in text
    assert "Clocks in New York go forward 1 hour on Sunday 8 March." in text


def test_what_was_not_sent_says_why(town: Town) -> None:
    page = town.gallery()[2]
    assert page.having("quiet") == 2
    assert "Not sent. Both partners share this address and it already gets this step once." in page.text
    assert page.text.count("share a phone") == 1


def test_the_steps_after_a_couple_stopped_are_shown_as_stopped(town: Town) -> None:
    town.join("moss", person("Gus"), person("Hal"))
    town.enroll(date(2026, 4, 6), "moss")
    town.go_to("2026-04-07T09:00")
    town.stop("moss")
    index, *pages = town.gallery()
    assert "stopped in week 2" in index.text
    assert pages[-1].having("card") == 4
    assert pages[-1].having("quiet") == 2
    assert "Stopped. The operator stopped it." in pages[-1].text


def test_a_message_that_was_moved_says_from_when_and_why(tmp_path: Path) -> None:
    town = Town(tmp_path, talk(), templates=[plain_templates(tmp_path / "templates")])
    town.join("early", person("Ana", send_at=time(7)))
    town.join("late", person("Ben", send_at=time(20, 30)))
    town.enroll()
    town.live()
    _, early, late = (page.text for page in town.gallery())
    assert "09:00 Tue 3 Mar" in early
    assert "Outside the hours" in early
    assert "09:00 Wed 4 Mar" in late
    assert "Moved from Tue 3 Mar 20:30. Outside the hours" in late


@pytest.mark.parametrize("which", ["name", "subject", "ref", "title"])
def test_whatever_words_hold_stays_text(tmp_path: Path, which: str) -> None:
    given = {each: HOSTILE if each == which else "Ana" for each in ("name", "subject", "ref", "title")}
    templates = plain_templates(tmp_path / "templates")
    (templates / "email" / "prompt.subject.txt").write_text(given["subject"], encoding="utf-8")
    town = Town(tmp_path, talk(), templates=[templates])
    town.join(given["ref"], person(given["name"], email="ana@example.com", phone=None))
    town.enroll()
    town.live()
    pages = town.gallery(given["title"])
    assert len(pages) == 2
    for page in pages:
        assert page.all("img") == []
        assert all(set(attrs) <= {"src", "defer"} for attrs in page.all("script"))
        assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    if which in ("name", "subject"):
        assert HOSTILE in pages[1].text
    if which == "name":
        (mail,) = tmp_path.glob("gallery/mail/*.html")
        assert Page(mail).all("img") == []


def test_every_link_leads_to_a_file_that_is_there(town: Town) -> None:
    followed = 0
    for page in town.gallery():
        ids = {str(attrs["id"]) for _, attrs in page.elements if "id" in attrs}
        for link in page.links():
            if link.startswith("#"):
                assert link[1:] in ids
            elif link != "data:,":
                assert (page.file.parent / unquote(link)).is_file(), link
                followed += 1
    assert followed > 20


def test_no_page_loads_anything_from_elsewhere(town: Town) -> None:
    pages = town.gallery()
    assert not [link for page in pages for link in page.links() if re.match(r"(?:https?:)?//", link)]
    for asset in town.folder.glob("gallery/gallery.*"):
        assert not re.search(r"https?://|@import|url\(", asset.read_text(encoding="utf-8"))


def test_no_page_shows_an_address(town: Town) -> None:
    for page in town.gallery():
        assert not ADDRESSES.search(page.file.read_text(encoding="utf-8"))


def test_headings_go_down_one_level_at_a_time(town: Town) -> None:
    for page in town.gallery():
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_same_gallery_is_written_again_byte_for_byte(town: Town) -> None:
    first = [page.file.read_bytes() for page in town.gallery()]
    assert [page.file.read_bytes() for page in town.gallery()] == first


def test_what_was_said_outside_the_campaign_stands_with_its_weeks(town: Town) -> None:
    with town.database.begin() as connection:
        couple = couples.find(connection, VAULT, "near")
        for partner in couple.partners:
            posted = Posted(Notice.REVEALED, partner.id, 7, about=1)
            town.engine.means.post.post(connection, posted, town.clock.now())
    town.tick()
    index, near, *others = town.gallery()
    assert len(others) == 2  # no page of its own
    assert index.text.count("Ana & Ben") == 1
    assert near.having("card") == 6
    assert "Tuesday revealed" in near.text
    last = near.text.rindex("Tuesday revealed")
    assert near.text.index("Week 2") < last
    assert "Ana" in near.text[last:]
    assert "Ben" in near.text[last:]


def test_the_plain_form_of_an_email_is_on_the_page(town: Town) -> None:
    page = town.gallery()[1]
    assert page.having("plain") == page.having("mail") == 2


def test_a_message_handed_over_twice_says_so(town: Town) -> None:
    file = min(town.outbox.glob("*.eml"))
    file.with_suffix(".2.eml").write_bytes(file.read_bytes())
    assert sum(page.text.count("Handed over 2 times.") for page in town.gallery()) == 1


def test_what_another_transport_sent_is_shown_without_its_words(town: Town) -> None:
    for file in town.outbox.iterdir():
        file.unlink()
    page = town.gallery()[1]
    assert page.text.count("Sent, but not by the outbox") == 4
    assert page.all("iframe") == []


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<head><title>No</title><style>p{}</style></head><body>Yes <b>indeed</b></body>", "Yes indeed"),
        ("<body><div style='display:none'>Hidden first." + "&nbsp;&zwnj;" * 40 + "</div>Then this", "Hidden first."),
        ("<body><!-- no --><script>no</script>Caf\u00e9 &amp; tea", "Café & tea"),
        ("<body>" + "long " * 100, ("long " * 28).strip()),
        ("", ""),
    ],
)
def test_an_inbox_line_shows_the_first_words_and_nothing_after_the_padding(html: str, shown: str) -> None:
    assert preview(html) == shown


@pytest.mark.parametrize(
    ("raw", "subject", "sender", "within"),
    [
        (b"Subject: Plain\nFrom: Rekindle <r@example.com>\n\n<b>\n", "Plain", "Rekindle", "<pre>&lt;b&gt;"),
        (b"Subject: =?utf-8?q?Caf=C3=A9?=\nFrom: =?utf-8?b?w4k=?= <r@example.com>\n\n\n", "Café", "É", "<pre>"),
        (b"Content-Type: text/html; charset=nobody-knows\n\n<html><head></head><p>Hi", "", "", "<p>Hi"),
        (b"Subject: =?nobody?q?x?=\nFrom: r@example.com\n\nHi", "=?nobody?q?x?=", "r@example.com", "Hi"),
    ],
)
def test_an_email_is_read_whatever_wrote_it(tmp_path: Path, raw: bytes, subject: str, sender: str, within: str) -> None:
    (tmp_path / "000007.eml").write_bytes(raw)
    letter = Letters(tmp_path).find(7)
    assert isinstance(letter, Email)
    assert (letter.subject, letter.sender) == (subject, sender)
    assert within in letter.page
    assert "Content-Security-Policy" in letter.page


@pytest.mark.parametrize(
    ("timezone", "first", "last", "expected"),
    [
        ("America/New_York", "2026-03-08", "2026-03-08", ["New York go forward 1 hour on Sunday 8 March"]),
        ("America/New_York", "2026-03-09", "2026-10-31", []),
        ("America/New_York", "2026-11-01", "2026-11-01", ["New York go back 1 hour on Sunday 1 November"]),
        ("Australia/Lord_Howe", "2026-04-01", "2026-04-05", ["Lord Howe go back 30 minutes on Sunday 5 April"]),
        ("Pacific/Apia", "2011-12-01", "2012-01-31", ["Apia go forward 24 hours on Saturday 31 December"]),
        ("Africa/Cairo", "2026-04-24", "2026-04-24", ["Cairo go forward 1 hour on Friday 24 April"]),
        ("Asia/Tokyo", "2026-01-01", "2026-12-31", []),
        ("Nowhere/Land", "2026-01-01", "2026-12-31", []),
    ],
)
def test_clock_changes_are_found_on_the_day_they_happen(
    timezone: str, first: str, last: str, expected: list[str]
) -> None:
    changes = clock_changes(timezone, date.fromisoformat(first), date.fromisoformat(last))
    assert [change.sentence for change in changes] == [f"Clocks in {each}." for each in expected]


def test_a_partner_in_an_unknown_zone_is_shown_all_the_same(town: Town) -> None:
    with pytest.raises(UnknownZone):
        zone("Nowhere/Land")
    town.alter("Eve", timezone="Nowhere/Land")
    index, *pages = town.gallery()
    assert "Nowhere/Land" in index.text
    assert "Nowhere/Land" in unescape(pages[2].text)
