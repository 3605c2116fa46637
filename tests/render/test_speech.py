"""Days, times and places, as readers of different languages say them."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from engine.clock import city_zones, zone_names
from engine.render.sandbox import RenderError
from engine.render.speech import Speech, direction

TUESDAY = date(2026, 3, 3)
MOMENT = datetime(2026, 3, 3, 18, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("locale", "day", "full", "clock"),
    [
        ("en", "Tuesday, March 3", "March 3, 2026", "7:05 PM"),
        ("en-GB", "Tuesday 3 March", "3 March 2026", "19:05"),
        ("es", "martes, 3 de marzo", "3 de marzo de 2026", "19:05"),
        ("es-MX", "martes, 3 de marzo", "3 de marzo de 2026", "7:05 p.m."),
        ("ja", "3月3日火曜日", "2026年3月3日", "19:05"),
        ("xx-nonsense", "Tuesday, March 3", "March 3, 2026", "7:05 PM"),
        ("../etc", "Tuesday, March 3", "March 3, 2026", "7:05 PM"),
    ],
)
def test_a_day_and_a_time_are_told_as_the_language_has_them(locale: str, day: str, full: str, clock: str) -> None:
    """By CLDR; a narrow space that does not break is a space here."""
    speech = Speech(locale)
    told = [speech.day(TUESDAY), speech.full(TUESDAY), speech.clock(time(19, 5))]
    assert [" ".join(each.split()) for each in told] == [day, full, clock]
    assert " ".join(speech.clock(MOMENT, "Europe/Madrid").split()) == clock


def test_a_moment_is_told_by_the_clocks_of_a_place_and_by_no_others() -> None:
    speech = Speech("en")
    assert speech.day(MOMENT, "Pacific/Auckland") == "Wednesday, March 4"
    assert speech.weekday(MOMENT, "Pacific/Auckland") == "Wednesday"
    with pytest.raises(RenderError, match="has no place"):
        speech.clock(MOMENT)
    with pytest.raises(RenderError, match="has no place"):
        speech.day(MOMENT.replace(tzinfo=None), "UTC")


@pytest.mark.parametrize("locale", ["en", "es", "fr", "de"])
def test_weekdays_are_counted_from_monday(locale: str) -> None:
    speech = Speech(locale)
    days = [TUESDAY + timedelta(number - 1) for number in range(7)]
    assert [speech.weekday(number) for number in range(7)] == [speech.weekday(day) for day in days]
    assert len({speech.weekday(number) for number in range(7)}) == 7


@pytest.mark.parametrize(
    ("name", "english", "spanish"),
    [
        ("America/New_York", "New York", "Nueva York"),
        ("Asia/Kolkata", "Kolkata", "Calcuta"),
        ("Asia/Calcutta", "Kolkata", "Calcuta"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires", "Buenos Aires"),
        ("UTC", "UTC", "UTC"),
    ],
)
def test_a_zone_is_called_by_its_city_whatever_it_was_once_called(name: str, english: str, spanish: str) -> None:
    assert (Speech("en").zone(name), Speech("es").zone(name)) == (english, spanish)


def test_a_zone_that_is_not_one_is_not_printed() -> None:
    with pytest.raises(RenderError, match="not known") as error:
        Speech("en").zone("Ana/Rivera")
    assert "Ana" not in str(error.value)


@pytest.mark.parametrize("locale", ["en", "es"])
def test_every_zone_can_be_chosen_once_by_its_city_and_the_name_of_its_time(locale: str) -> None:
    choices = [choice for _, region in Speech(locale).zones for choice in region]
    assert sorted(name for name, _, _ in choices) == list(city_zones())
    assert {name for name, _, _ in choices} <= zone_names()
    assert all(text and "_" not in text and "/" not in text for _, text, _ in choices)
    spoken = {"en": "New York – Eastern Time", "es": "Nueva York – hora oriental"}[locale]
    assert ("America/New_York", spoken) in [(name, text) for name, text, _ in choices]


def test_a_browser_that_keeps_old_names_is_understood() -> None:
    also = {name: others.split() for _, region in Speech("en").zones for name, _, others in region}
    assert "Asia/Calcutta" in also["Asia/Kolkata"]
    assert "Europe/Kiev" in also["Europe/Kyiv"]


def test_a_language_is_written_its_own_way() -> None:
    assert [direction(lang) for lang in ("en", "es-MX", "ar", "he-IL")] == ["ltr", "ltr", "rtl", "rtl"]
