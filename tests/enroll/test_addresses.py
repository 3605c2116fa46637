"""Phones, emails and names in normal form, or a reason and a fix that hold nobody's address."""

import unicodedata

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.enroll import phones
from engine.enroll.addresses import BadValue, clean_name, normal_email, normal_phone

pytestmark = pytest.mark.storeless

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = phonenumbers.PhoneNumberType


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("+12025550123", "+12025550123"),
        (" +1 (202) 555-0123 ", "+12025550123"),
        ("0044 7400 123456", "+447400123456"),
        ("+44 07400 123456", "+447400123456"),
        ("+44 (0)7400 123456", "+447400123456"),
        ("+1.416.555.0123", "+14165550123"),
        ("+91 98765 43210", "+919876543210"),
        ("+44 7700 900123", "+447700900123"),  # Ofcom keeps these for drama
        ("+33 6 39 98 12 34", "+33639981234"),  # and Arcep these
    ],
)
def test_a_phone_that_takes_texts_is_put_in_e164(written: str, normal: str) -> None:
    assert normal_phone(written) == normal


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("07400123456", "country's code"),
        ("2025550123", "country's code"),
        ("+9991234567", "country's code"),
        ("+1202", "too short"),
        ("+", "too short"),
        ("+120255501234", "too long"),
        ("+1202555012345678901", "too long"),
        ("+19005550123", "premium"),
        ("+449098790123", "premium"),
        ("+447012345678", "personal"),
        ("+18005550123", "toll-free"),
        ("+442071838750", "landline"),
        ("+12005550123", "no range"),
        ("+1 202 555 0123 ext. 5", "other than digits"),
        ("+12025550123, +12025550124", "other than digits"),
        ("+1202555O123", "other than digits"),
        ("+١٢٠٢٥٥٥٠١٢٣", "other than digits"),
        ("", "other than digits"),
    ],
)
def test_a_phone_that_cannot_be_texted_is_refused_with_the_reason(written: str, says: str) -> None:
    with pytest.raises(BadValue, match=says) as refused:
        normal_phone(written)
    assert refused.value.fix


@pytest.mark.parametrize("region", REGIONS)
def test_the_quick_way_and_the_package_agree_on_every_countrys_example_numbers(region: str) -> None:
    for kind in TYPES.values():
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        if phones._plainly_mobile(written):
            assert phones._by_the_package(written) == written


@settings(max_examples=500)
@given(st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)), st.from_regex(r"[0-9]{4,12}", fullmatch=True))
def test_whatever_the_quick_way_accepts_the_package_accepts_unchanged(code: int, national: str) -> None:
    written = f"+{code}{national}"
    if phones._plainly_mobile(written):
        assert phones._by_the_package(written) == written


@settings(max_examples=500)
@given(st.sampled_from(REGIONS), st.data())
def test_the_two_ways_agree_near_real_mobile_numbers(region: str, data: st.DataObject) -> None:
    example = phonenumbers.example_number_for_type(region, TYPES.MOBILE)
    if example is None:
        return
    digits = list(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164))
    for at in data.draw(st.lists(st.integers(1, len(digits) - 1), max_size=5)):
        digits[at] = data.draw(st.sampled_from("0123456789"))
    written = "".join(digits)
    if phones._plainly_mobile(written):
        assert phones._by_the_package(written) == written


def test_the_quick_way_takes_most_countries_mobile_numbers() -> None:
    examples = [phonenumbers.example_number_for_type(region, TYPES.MOBILE) for region in REGIONS]
    written = [phonenumbers.format_number(each, phonenumbers.PhoneNumberFormat.E164) for each in examples if each]
    assert sum(map(phones._plainly_mobile, written)) > 0.7 * len(written)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (" Ana.B+x@Example.COM ", "Ana.B+x@example.com"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("ana@bücher.de", "ana@xn--bcher-kva.de"),
        ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
    ],
)
def test_an_email_keeps_its_local_part_and_gets_a_plain_domain(written: str, normal: str) -> None:
    assert normal_email(written) == normal
    assert normal_email(normal) == normal


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("ana", "no @"),
        ("", "no @"),
        ("ana@x@example.com", "more than one @"),
        ("ana@example.com,ben@example.com", "more than one @"),
        ("a b@example.com", "a space"),
        ("ana@example.com\r\nBcc: ben", "a space"),
        ("a..b@example.com", "before the @"),
        (".a@example.com", "before the @"),
        ("@example.com", "before the @"),
        ("x" * 65 + "@example.com", "too long"),
        ("josé@example.com", "outside a-z"),
        ("ana@localhost", "no dot"),
        ("ana@[127.0.0.1]", "no domain"),
        ("ana@-x.com", "no domain"),
        ("ana@example.test.", "no domain"),
        ("ana@" + "a." * 130 + "com", "no domain"),
        ("Ana <ana@example.com>", "a space"),
    ],
)
def test_an_email_that_cannot_get_mail_is_refused_without_repeating_it(written: str, says: str) -> None:
    with pytest.raises(BadValue, match=says) as refused:
        normal_email(written)
    assert refused.value.fix
    assert "ben" not in refused.value.what + refused.value.fix
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("  Ana ", "Ana"),
        ("O'Brien", "O'Brien"),
        ("Mary  Ann", "Mary Ann"),
        ("Zoe\u0308", "Zoë"),
        ("D’Arcy", "D’Arcy"),
        ("अर्जुन", "अर्जुन"),
        ("نور", "نور"),
        ("می\u200cنا", "می\u200cنا"),
        ("優希", "優希"),
        ("Łucja 🌻", "Łucja 🌻"),
        ("J.", "J."),
        ("X" * 100, "X" * 100),
    ],
)
def test_a_name_in_any_script_is_kept(written: str, clean: str) -> None:
    assert clean_name(written) == clean


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("Ana\r\nBcc: x", "control character"),
        ("Ana\nB", "control character"),
        ("A\x00na", "control character"),
        ("A\tna", "control character"),
        ("Ana\u202eevil", r"U\+202E"),
        ("Ana\u2066x", r"U\+2066"),
        ("\u200b", "invisible"),
        ("A\ufeffna", "invisible"),
        ("Ana\u2028B", "line break"),
        ("A\ud800", "half"),
        ("A\ue000", "no agreed meaning"),
        ("\u200d\u200c", "empty"),
        ("", "empty"),
        ("   ", "empty"),
        ("🌻", "no letter"),
        ("42", "no letter"),
        ("X" * 101, "101 characters"),
        ("é" * 101, "101 characters"),
        ('=HYPERLINK("http://x.example")', "formula"),
        ("@SUM(A1)", "formula"),
        ("Win at http://x.example", "link"),
        ("<b>Ana</b>", "link or markup"),
        ("{{ config }}", "link or markup"),
    ],
)
def test_what_is_no_name_is_refused(written: str, says: str) -> None:
    with pytest.raises(BadValue, match=says) as refused:
        clean_name(written)
    assert refused.value.fix


@given(st.text(max_size=120))
def test_a_clean_name_is_safe_in_a_header_and_stays_as_it_is(text: str) -> None:
    try:
        name = clean_name(text)
    except BadValue:
        return
    assert clean_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name)
    assert name.encode()
    assert 1 <= len(name) <= 100
