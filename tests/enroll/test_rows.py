"""Rows of the couples file: which column is which, what each cell means, what an empty one means."""

from datetime import time

import pytest

from engine.enroll.addresses import BadValue
from engine.enroll.rows import COLUMNS, Header, Row, escaped, unescaped
from engine.errors import Refused
from engine.model.campaign import Channel
from engine.model.couple import NewPartner
from engine.model.strategy import Cause

pytestmark = pytest.mark.storeless

GOOD = {"couple": "c-1", "given_name": "Ana", "email": "ana@example.com", "timezone": "Europe/Lisbon"}


def read(**cells: str) -> Row:
    """The row with these cells beside those of GOOD."""
    values = {**GOOD, **cells}
    return Header(COLUMNS, "couples.csv, line 1").row(2, [values.get(column, "") for column in COLUMNS])


def test_a_row_with_only_what_is_needed_gets_the_defaults() -> None:
    assert read() == Row(
        2,
        "c-1",
        NewPartner("Ana", "ana@example.com", None, "Europe/Lisbon", "en", Channel.EMAIL, time(19), frozenset()),
    )


@pytest.mark.parametrize(
    ("cells", "field", "value"),
    [
        ({"email": "", "phone": "+12025550123"}, "channel", Channel.SMS),
        ({"phone": "+12025550123"}, "channel", Channel.EMAIL),
        ({"phone": "+12025550123", "channel": "SMS"}, "channel", Channel.SMS),
        ({"phone": "'+12025550123"}, "phone", "+12025550123"),
        ({"send_at": "9:30"}, "send_at", time(9, 30)),
        ({"send_at": "09:30:00"}, "send_at", time(9, 30)),
        ({"locale": "es_mx"}, "locale", "es-MX"),
        ({"locale": "ZH-hant-tw"}, "locale", "zh-Hant-TW"),
        ({"locale": "es-419"}, "locale", "es-419"),
        ({"causes": "Self Esteem; trust_violations,|"}, "causes", {Cause.SELF_ESTEEM, Cause.TRUST_VIOLATIONS}),
        ({"given_name": "'Ana"}, "given_name", "'Ana"),
    ],
)
def test_what_a_cell_means(cells: dict[str, str], field: str, value: object) -> None:
    assert getattr(read(**cells).partner, field) == value


@pytest.mark.parametrize(
    ("cells", "what", "fix"),
    [
        ({"couple": ""}, "no couple", "same name"),
        ({"couple": "x" * 201}, "over 200", "short"),
        ({"couple": "c\u202e1"}, "invisible", "Type it again"),
        ({"given_name": ""}, "name is empty", "Give"),
        ({"email": ""}, "neither", "at least one"),
        ({"timezone": ""}, "no time zone", "Europe/London"),
        ({"timezone": "Europe/Lisboa"}, "no time zone", "Europe/Lisbon"),
        ({"channel": "sms"}, "there is no phone number", "Give one"),
        ({"channel": "text"}, "no channel 'text'", "sms"),
        ({"channel": "e-mail"}, "no channel", "If you mean email"),
        ({"send_at": "7pm"}, "no time of day", "19:00"),
        ({"send_at": "24:00"}, "no time of day", "24-hour"),
        ({"send_at": "19:00:30"}, "no time of day", "19:00"),
        ({"locale": "english"}, "no locale", "es-MX"),
        ({"locale": "../en"}, "no locale", "es-MX"),
        ({"causes": "self-estem"}, "no cause 'self-estem'", "If you mean self-esteem"),
        ({"causes": "xyz"}, "no cause", "They are attachment-insecurity"),
    ],
)
def test_a_cell_that_cannot_be_used_says_why_and_what_to_write(cells: dict[str, str], what: str, fix: str) -> None:
    with pytest.raises(BadValue) as refused:
        read(**cells)
    assert what in refused.value.what
    assert fix in refused.value.fix


def test_headers_are_read_without_regard_to_case_spaces_or_order() -> None:
    header = Header(["TimeZone", " GIVEN-name ", "Couple", "EMAIL "], "x")
    assert header.row(2, ["Asia/Tokyo", "Ana", "c-1", "ana@example.com"]).partner.timezone == "Asia/Tokyo"


def test_columns_nobody_asked_for_are_ignored_and_named() -> None:
    assert Header(["couple", "given_name", "email", "timezone", "Shoe size", ""], "x").ignored == ("Shoe size",)


@pytest.mark.parametrize(
    ("columns", "what", "fix"),
    [
        ("couple,given_name,email,time_zone", "no column 'time_zone'", "timezone, rename it"),
        ("couple,given_name,emial,phone,timezone", "no column 'emial'", "email, rename it"),
        ("couple,given_name,email,timezone,Chanel", "no column 'Chanel'", "channel, rename it"),
        ("couple,email,timezone", "no column given_name", "The columns are"),
        ("couple,given_name,timezone", "no column email or phone", "The columns are"),
        ("couple,given_name,email,Email,timezone", "email is there twice", "Keep one"),
        ("c-1,Ana,ana@example.org,Europe/Lisbon", "no column couple, given_name, timezone", "The columns are"),
    ],
)
def test_a_header_that_would_lose_data_refuses_the_file(columns: str, what: str, fix: str) -> None:
    with pytest.raises(Refused) as refused:
        Header(columns.split(","), "couples.csv, line 1")
    assert str(refused.value).startswith("couples.csv, line 1: ")
    assert what in str(refused.value)
    assert fix in refused.value.fix


def test_a_row_may_stop_after_what_is_needed_but_not_go_on_past_the_header() -> None:
    header = Header(COLUMNS, "x")
    short = ["c-1", "Ana", "ana@example.com", "", "Asia/Tokyo"]
    assert header.row(2, short).partner.timezone == "Asia/Tokyo"
    assert header.row(2, [*short, "", "", "", "", "", ""]).ref == "c-1"
    for cells in (short[:4], [*short, "", "", "", "", "extra"]):
        with pytest.raises(BadValue, match=f"has {len(cells)} cells; the header has 9"):
            header.row(2, cells)


@pytest.mark.parametrize("cell", ["=1+1", "+1202", "-1", "@x", "\tx", "plain", "", "'quoted", "'"])
def test_a_cell_made_harmless_reads_back_as_it_was(cell: str) -> None:
    assert not escaped(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unescaped(escaped(cell)) == cell
