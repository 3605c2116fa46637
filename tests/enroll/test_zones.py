"""Time zones as people write them."""

import pytest

from engine.clock import zone_names
from engine.enroll.addresses import BadValue
from engine.enroll.zones import region_zone

pytestmark = pytest.mark.storeless


def test_every_zone_with_a_region_is_taken_as_it_is() -> None:
    for name in zone_names():
        if "/" in name and not name.startswith("Etc/"):
            assert region_zone(f" {name} ") == name
    assert region_zone("UTC") == "UTC"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Europe/Kyiw", "Europe/Kyiv"),
        ("europe/london", "Europe/London"),
        ("America/New York", "America/New_York"),
        ("New York", "America/New_York"),
        ("auckland", "Pacific/Auckland"),
        ("Asia/Calcuta", "Asia/Calcutta"),
        ("EST", "America/New_York"),
        ("cet", "Europe/Paris"),
        ("GMT", "Europe/London"),
    ],
)
def test_a_near_miss_names_what_is_probably_meant_and_never_guesses(written: str, meant: str) -> None:
    with pytest.raises(BadValue) as refused:
        region_zone(written)
    assert meant in refused.value.fix


@pytest.mark.parametrize("written", ["UTC+2", "GMT-05:00", "+02:00", "Etc/GMT+5", "EST5EDT", "EST", "CET", "IST"])
def test_offsets_and_abbreviations_are_refused_because_they_follow_no_places_clocks(written: str) -> None:
    with pytest.raises(BadValue, match="does not follow the clocks"):
        region_zone(written)


@pytest.mark.parametrize("written", ["", " ", "Mars/Olympus", "../etc/passwd", "x" * 500, "Europe/\0London"])
def test_anything_else_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(BadValue) as refused:
        region_zone(written)
    assert "/" in refused.value.fix
