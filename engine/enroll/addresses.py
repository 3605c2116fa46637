"""What people write about themselves, in normal form: phone, email, name. What is doubtful is a BadValue with a fix."""

import re
import unicodedata
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from engine.enroll.bad_value import BadValue
from engine.enroll.phones import normal_phone

__all__ = ["BadValue", "clean_name", "normal_email", "normal_phone"]

NAME_LIMIT = 100
EMAIL_LIMIT = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
LOCAL_PART_LIMIT = 64
PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z'-]*(?: [A-Za-z'-]+)*")

JOINERS = "\u200c\u200d"  # needed inside Persian, Indic and emoji sequences; no name is made of them
REFUSED_CATEGORIES = {
    "Cc": "a control character",
    "Cf": "an invisible or direction-changing character",
    "Cs": "half of a character",
    "Co": "a character of no agreed meaning",
    "Zl": "a line break",
    "Zp": "a line break",
}
NO_NAME_HOLDS = ("://", "<", ">", "www.", "{{", "{%", "/", "@")
LINK = re.compile(r"\w\.\w{2}")  # phones and mail programs make a link of evil.example, not of J.R.
BLANK = "\u115f\u1160\u3164\uffa0"  # Hangul fillers: letters by category, and nothing to see


def normal_email(text: str) -> str:
    """`text` with its domain in lower case and ASCII; the part before @ as it was written. No network is asked.

    BadValue for what cannot be an address, and for letters outside ASCII before the @: most mail systems refuse them.
    """
    address = text.strip()
    local, at, domain = address.rpartition("@")
    if at and len(local) <= LOCAL_PART_LIMIT and PLAIN_LOCAL_PART.fullmatch(local) and domain.isascii():
        normal = f"{local}@{_domain(domain)}"
        if len(normal) <= EMAIL_LIMIT:
            return normal
    return _validated(address)


@lru_cache(maxsize=65_536)  # most people share a few thousand mail domains
def _domain(domain: str) -> str:
    return _validated(f"x@{domain}").removeprefix("x@")


def _validated(address: str) -> str:
    if not address.isascii() and not address.rpartition("@")[0].isascii():
        raise BadValue(
            "The email address has letters outside a-z before the @, which most mail systems refuse.",
            "Give another address, or leave it out and give a phone.",
        )
    if len(address.rpartition("@")[0]) > LOCAL_PART_LIMIT:
        raise BadValue("The part of the email address before the @ is too long.", "Check it: at most 64 characters.")
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:  # its message may quote the address
        raise BadValue(_what_is_wrong(address), "Write it as name@example.com, and only one.") from None
    return found.ascii_email or found.normalized


def _what_is_wrong(address: str) -> str:
    if address.count("@") > 1:
        return "The email address has more than one @."
    local, at, domain = address.rpartition("@")
    if not at:
        return "The email address has no @."
    if any(character.isspace() for character in address):
        return "The email address has a space in it."
    if not PLAIN_LOCAL_PART.fullmatch(local):
        return "The part of the email address before the @ cannot be right."
    if "." not in domain:
        return "The part of the email address after the @ has no dot."
    return "The part of the email address after the @ is no domain that can get mail."


def clean_name(text: str) -> str:
    """A given name in NFC without spaces around it; every script, apostrophes and emoji beside letters are kept.

    BadValue for control, invisible and direction-changing characters, links and markup, formulas, over 100 characters.
    """
    name = text.strip(" \t\u00a0\u3000")
    if len(name) <= NAME_LIMIT and PLAIN_NAME.fullmatch(name):
        return name
    for character in name:
        what = REFUSED_CATEGORIES.get(unicodedata.category(character))
        if what and character not in JOINERS:
            raise BadValue(
                f"The name holds {what} (U+{ord(character):04X}).", "Type the name again instead of pasting it."
            )
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name.strip(JOINERS + BLANK):
        raise BadValue("The name is empty.", "Give the name that messages should use.")
    if len(name) > NAME_LIMIT:
        raise BadValue(f"The name is {len(name)} characters long.", f"Use at most {NAME_LIMIT}.")
    if not any(character.isalpha() for character in name):
        raise BadValue("The name has no letter in it.", "Give the name that messages should use.")
    if name[0] in "=+-@":
        raise BadValue(f"The name begins with {name[0]}, as a spreadsheet's formula does.", "Take that character out.")
    if any(sign in name.lower() for sign in NO_NAME_HOLDS) or LINK.search(name):
        raise BadValue("The name holds a link or markup.", "Give a name alone.")
    return name
