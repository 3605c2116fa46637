"""Phone numbers in E.164, and which of them we may send a text to.

Numbering plans come from the pinned `phonenumbers` package. Most numbers of an import are plain mobile numbers already
in E.164, so those are checked against their country's own patterns first, at a tenth of the cost; all others, and
every refusal, go through the package. A test holds the two ways equal.
"""

import re
from functools import lru_cache
from re import Pattern
from typing import NamedTuple

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    number_type,
    parse,
)

from engine.enroll.bad_value import BadValue

TYPES = PhoneNumberType
TAKES_TEXTS = {TYPES.MOBILE, TYPES.FIXED_LINE_OR_MOBILE, TYPES.VOIP}
REFUSED = {
    TYPES.PREMIUM_RATE: "a premium-rate number",
    TYPES.SHARED_COST: "a shared-cost number, which charges whoever is called",
    TYPES.PERSONAL_NUMBER: "a personal (follow-me) number, which charges whoever is called",
    TYPES.TOLL_FREE: "a toll-free number",
    TYPES.PAGER: "a pager",
    TYPES.UAN: "a company's own number",
    TYPES.VOICEMAIL: "a voicemail number",
    TYPES.FIXED_LINE: "a landline, which gets no texts",
}
# Ranges a regulator keeps for fiction that the package calls unassigned; nobody can ever be reached there.
# Ofcom, "Telephone numbers for use in TV and radio drama"; Arcep décision 2018-0881 (06 39 98 xx xx).
FICTION = re.compile(r"\+(?:447700900\d{3}|336 ?3998\d{4})")
LOOKS_LIKE_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
ALLOWED = re.compile(r"[+＋(0-9][0-9 ().\-/‐‑–\u00a0\u202f]*")


class Plan(NamedTuple):
    """What a country's main region says of mobile numbers."""

    lengths: frozenset[int]
    mobile: Pattern[str]
    refused: Pattern[str] | None
    national_prefix: Pattern[str] | None


def normal_phone(text: str) -> str:
    """`text` in E.164. BadValue for anything that is not a whole international number of a phone that takes texts."""
    number = text.strip()
    return number if _plainly_mobile(number) else _by_the_package(number)


def phone_at_home(text: str, country: str | None) -> str:
    """The same, for somebody who lives in `country` (ISO 3166) and may write it as one does there."""
    number = text.strip()
    if country is None or number.startswith(("+", "\uff0b", "00")) or not ALLOWED.fullmatch(number):
        return normal_phone(number)
    try:
        return normal_phone(format_number(parse(number, country), PhoneNumberFormat.E164))
    except NumberParseException:
        return normal_phone(number)


def _plainly_mobile(number: str) -> bool:
    """Whether the package would accept this as it stands; False when only the package can tell."""
    if not LOOKS_LIKE_E164.fullmatch(number):
        return False
    for width in (1, 2, 3):  # no calling code is the beginning of another
        plan = _plan(number[1 : width + 1])
        if plan is not None:
            national = number[width + 1 :]
            # With the metadata of today the pattern alone decides; the package asks the rest too, so we do.
            return bool(
                len(national) in plan.lengths
                and plan.mobile.fullmatch(national)
                and not (plan.refused and plan.refused.fullmatch(national))
                and not (plan.national_prefix and plan.national_prefix.match(national))
            )
    return False


@lru_cache(maxsize=1024)
def _plan(calling_code: str) -> Plan | None:
    """The plan of a calling code's main region; None where there is no such code or it has no mobile numbers."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(calling_code), ())
    region = PhoneMetadata.metadata_for_region(regions[0], None) if regions else None
    # A region known by its leading digits may share its code with others: leave those to the package.
    if region is None or region.leading_digits or not region.mobile or not region.general_desc:
        return None
    if not region.mobile.national_number_pattern:
        return None
    costly = (
        region.premium_rate,
        region.toll_free,
        region.shared_cost,
        region.personal_number,
        region.pager,
        region.uan,
        region.voicemail,
    )
    patterns = [each.national_number_pattern for each in costly if each and each.national_number_pattern]
    prefix = region.national_prefix_for_parsing
    general = set(region.general_desc.possible_length)
    return Plan(
        frozenset(general.intersection(region.mobile.possible_length or general)),
        re.compile(region.mobile.national_number_pattern),
        re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None,
        re.compile(prefix) if prefix else None,
    )


def _by_the_package(number: str) -> str:
    if not ALLOWED.fullmatch(number):
        raise BadValue("The phone number holds something other than digits.", "Write it as +12025550123, and only one.")
    digits = "+" + number[2:] if number.startswith("00") else number
    try:
        parsed = parse(digits, None)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise BadValue(
                "The phone number does not begin with + and a country's code.",
                "Write it as +12025550123: + and the country's code, then the number.",
            ) from None
        raise BadValue(
            f"The phone number is too {'long' if len(number) > 15 else 'short'}.", "Write all of it: +12025550123."
        ) from None
    normal: str = format_number(parsed, PhoneNumberFormat.E164)
    if FICTION.fullmatch(normal):
        return normal
    kind = number_type(parsed)
    if kind in TAKES_TEXTS:
        return normal
    if kind in REFUSED:
        raise BadValue(f"The phone number is {REFUSED[kind]}.", "Give a mobile number, or leave it out and give email.")
    why = {ValidationResult.TOO_SHORT: "is too short", ValidationResult.TOO_LONG: "is too long"}.get(
        is_possible_number_with_reason(parsed), "is in no range that its country has given out"
    )
    raise BadValue(f"The phone number {why}.", "Check its digits and its country's code.")
