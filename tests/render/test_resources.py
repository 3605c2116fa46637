"""Where help is, by country: every file that ships can be used, fits a text, and gives way to an operator's own."""

from pathlib import Path

import pytest

from engine.enroll.countries import country_of_person
from engine.model.danger import Danger
from engine.model.sender import Sender
from engine.render.notices import DANGER, Notices, Response
from engine.render.resources import Help, Line, Resources
from engine.render.segments import measure
from engine.render.spec_errors import RenderError
from engine.shipped import shipped

SENDER = Sender("Rekindle", "hello@rekindle.example", "1 Example Street", "Rekindle")
SHIPPED = Resources([shipped("templates")])
EVERYWHERE = [*SHIPPED.countries(), None, "XX"]


def test_the_countries_that_ship() -> None:
    assert {"US", "CA", "GB", "IE", "AU", "NZ", "ES", "MX", "AR", "CO", "CL"} <= set(SHIPPED.countries())


@pytest.mark.parametrize("country", EVERYWHERE)
def test_there_is_always_somebody_to_turn_to(country: str | None) -> None:
    for danger in Danger:
        found = SHIPPED.of(country, danger)
        assert found.lines
        assert bool(found.emergency) is (country in SHIPPED.countries())


@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("country", EVERYWHERE)
def test_the_text_fits_three_segments_and_says_that_nobody_watches(country: str | None, locale: str) -> None:
    """And nothing in it says what was written: whoever picks the phone up learns little."""
    notices = Notices([shipped("templates")], SENDER)
    for danger in Danger:
        text = notices.text(Response(DANGER, locale, help=SHIPPED.of(country, danger)))
        assert measure(text).parts <= 3, text
        assert ("Nobody watches this number" if locale == "en" else "Nadie atiende este n") in text


def test_an_operators_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "US.toml").write_text(
        'emergency = "911"\n[[line]]\nfor = ["self-harm"]\nname = "Our own"\nreach = "555-0100"\n'
    )
    resources = Resources([tmp_path, shipped("templates")])
    assert resources.of("US", Danger.SELF_HARM) == Help("911", (Line("Our own", "555-0100"),))
    assert resources.of("US", Danger.CHILD).lines == SHIPPED.of(None, Danger.CHILD).lines


@pytest.mark.parametrize(
    "content",
    ["emergency = 911", "emergncy = '911'", "[[line]]\nname = 'x'\nreach = ''\nfor = ['child']", "[[line]]\nname = 'x'",
     "[[line]]\nname = 'x'\nreach = '1'\nfor = ['fire']", "not toml"],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "GB.toml").write_text(content)
    with pytest.raises(RenderError, match=r"GB\.toml"):
        Resources([tmp_path]).of("GB", Danger.CHILD)


@pytest.mark.parametrize(
    ("phone", "timezone", "country"),
    [
        ("", "America/New_York", "US"),
        ("+447700900123", "America/New_York", "US"),
        ("+447700900123", None, "GB"),
        ("+447700900123", "UTC", "GB"),
        ("", None, None),
        ("nonsense", None, None),
    ],
)
def test_somebody_is_where_they_said_and_else_where_their_phone_is_from(
    phone: str, timezone: str | None, country: str | None
) -> None:
    assert country_of_person(phone, timezone) == country
