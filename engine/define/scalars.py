"""What an unquoted YAML word means: the YAML 1.2 core schema, minus the words that other readers take differently.

`9:30` is 570, `no` is false and `010` is 8 to a YAML 1.1 reader, and `+15005550006` is a number to all of them. A
file must not depend on who reads it, so each of these has to be quoted.
"""

import math
import re

_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_ELSEWHERE_BOOLEAN = frozenset({"yes", "no", "on", "off", "y", "n"})
_STARTS_NUMBER = frozenset("+-.0123456789")
_CLOCK = re.compile(r"[-+]?\d+(:\d{1,2})+(\.\d*)?")
_PLUS = re.compile(r"\+[\d ().-]+")
_LEADING_ZERO = re.compile(r"-?0\d+")
_INTEGER = re.compile(r"-?\d+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"-?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?")
_SPECIAL_FLOAT = re.compile(r"-?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MOST_DIGITS = 18  # beyond this nothing in these files is a number; it also keeps int() from being slow

Scalar = str | int | float | bool | None


class Trap(ValueError):
    """An unquoted word that readers disagree about; says what it is and how to mend it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar; Trap when it has to be quoted."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text.lower() in _ELSEWHERE_BOOLEAN:
        raise Trap(f"unquoted {text} is true or false to some readers", f'write "{text}", or true or false')
    if text == "<<":
        raise Trap("merge keys (<<) are not used here", "write the keys out")
    return _number(text) if text[0] in _STARTS_NUMBER else text


def _number(text: str) -> Scalar:
    if _CLOCK.fullmatch(text):
        raise Trap(f"unquoted {text} is a number in base 60 to some readers", f'write "{text}"')
    if _PLUS.fullmatch(text):
        raise Trap(f"unquoted {text} is a number, and loses its +", f'write "{text}"')
    if _LEADING_ZERO.fullmatch(text):
        raise Trap(f"unquoted {text} is an octal number to some readers", f'write "{text}", or {int(text[:20])}')
    if _SPECIAL_FLOAT.fullmatch(text):
        raise Trap(f"unquoted {text} is not a number that anything here can use", f'write "{text}" if it is text')
    digits = text.lstrip("-")
    if len(digits) > _MOST_DIGITS and digits.replace(".", "").isdigit():
        raise Trap(f"unquoted {text[:12]}… is a number of {len(digits)} digits", "put it in quotes")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) and len(text) <= _MOST_DIGITS:
        return int(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text) and len(text) <= _MOST_DIGITS:
        return int(text[2:], 16)
    if not _FLOAT.fullmatch(text):
        return text
    if not math.isfinite(number := float(text)):
        raise Trap(f"unquoted {text[:12]} is larger than any number here", f'write "{text[:12]}" if it is text')
    return number
