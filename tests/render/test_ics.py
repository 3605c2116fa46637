"""Calendar files as RFC 5545 has them, read back by another reader of our own, line by line."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.render.ics import Event, event_uid, written

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATE = Event("one@rekindle.example", "A walk at dusk", datetime(2026, 3, 3, 18, tzinfo=UTC), timedelta(minutes=40))


def lines(content: bytes) -> list[str]:
    """Unfolded, as section 3.1 says."""
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    return content.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n")


def test_an_event_is_in_utc_and_stamped_by_our_clock() -> None:
    assert {
        "UID:one@rekindle.example",
        "DTSTAMP:20260301T120000Z",
        "DTSTART:20260303T180000Z",
        "DURATION:PT40M",
        "SUMMARY:A walk at dusk",
        "METHOD:PUBLISH",
        "VERSION:2.0",
    } <= set(lines(written([DATE], NOW)))


def test_every_line_fits_and_every_word_survives() -> None:
    title = "Él dijo: «ya»; luego, \\ y\nbasta " + "ñ💛" * 60
    content = written([Event("u", title, NOW, timedelta(minutes=1))], NOW)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    (said,) = [line for line in lines(content) if line.startswith("SUMMARY:")]
    escaped = title.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    assert said == f"SUMMARY:{escaped}"


def test_a_title_adds_no_line_of_its_own() -> None:
    said = lines(written([Event("u", "x\r\nATTENDEE:mailto:ana@example.com", NOW, timedelta(minutes=1))], NOW))
    assert not [line for line in said if line.startswith("ATTENDEE")]


@pytest.mark.parametrize("events", [[], [DATE]], ids=["empty", "one"])
def test_a_feed_is_looked_at_again_and_always_holds_something(events: list[Event]) -> None:
    said = lines(written(events, NOW, feed="Minutes"))
    assert {"REFRESH-INTERVAL;VALUE=DURATION:PT12H", "NAME:Minutes", "X-WR-CALNAME:Minutes"} <= set(said)
    assert [line for line in said if line in ("BEGIN:VEVENT", "BEGIN:VTIMEZONE")]
    assert said.count("BEGIN:VEVENT") == len(events)


def test_the_same_content_has_the_same_bytes() -> None:
    assert written([DATE], NOW, feed="Minutes") == written([DATE], NOW, feed="Minutes")


def test_a_uid_is_the_same_for_the_same_thing_and_tells_nothing() -> None:
    one = event_uid(b"key", "rekindle.example", 1, "talk", 3)
    assert one == event_uid(b"key", "rekindle.example", 1, "talk", 3)
    assert len({one, event_uid(b"key", "x", 1, "talk", 4), event_uid(b"other", "x", 1, "talk", 3)}) == 3
    assert "talk" not in one
    assert one.endswith("@rekindle.example")
