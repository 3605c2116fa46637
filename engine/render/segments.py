"""How many parts a text message is sent in, and which characters make it dearer.

Source: 3GPP TS 23.038 section 6.2.1 (GSM 7 bit default alphabet and its extension table) and TS 23.040 section
9.2.3.24.1 (a concatenated part gives six octets to its header: 153 septets or 67 UCS-2 units are left).
"""

import re
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One septet each."""

GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
"""An escape and a septet each, never in different parts."""

_PLAIN = re.compile(f"[{re.escape(''.join(sorted(GSM_BASIC)))}]*")

# Characters in one part alone, and in each of several parts.
_SIZES: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """The size of a text on the air.

    `units` are septets for GSM-7 and 16-bit units for UCS-2; `per_part` is how many of them fit in each of `parts`.
    `offenders` are the characters outside GSM-7, with their indexes: each of them alone makes the whole text UCS-2.
    """

    encoding: Encoding
    parts: int
    units: int
    per_part: int
    offenders: tuple[tuple[int, str], ...] = ()


def measure(text: str) -> Segments:
    """The size of `text` as a phone network splits it; an empty text has no parts.

    Neither an escape sequence nor a surrogate pair is ever split, so a part may be left one unit short.
    """
    if _PLAIN.fullmatch(text):  # most texts: what they are made of need not be looked at letter by letter
        return _split("GSM-7", [1] * len(text), ())
    offenders = tuple((index, char) for index, char in enumerate(text) if not _is_gsm(char))
    if offenders:
        return _split("UCS-2", [1 + (char > "\uffff") for char in text], offenders)
    return _split("GSM-7", [1 + (char in GSM_EXTENSION) for char in text], ())


_PLAINER = str.maketrans("áíóúÁÍÓÚâêîôûãõçÂÊÎÔÛÃÕ", "aiouAIOUaeiouaocAEIOUAO")
SPELT_PLAINER = frozenset(map(chr, _PLAINER))
"""Letters that `plainer` can do without."""


def plainer(text: str) -> str:
    """The text without accents that GSM-7 lacks (`mas` for `más`), where that saves a part; else as it is.

    Spanish needs á, í, ó and ú: with them a part holds 67 characters, without them 153. People who text write so too.
    """
    if text.isascii():
        return text
    plain = text.translate(_PLAINER)
    return plain if measure(plain).parts < measure(text).parts else text


def _is_gsm(char: str) -> bool:
    return char in GSM_BASIC or char in GSM_EXTENSION


def _split(encoding: Encoding, costs: list[int], offenders: tuple[tuple[int, str], ...]) -> Segments:
    alone, together = _SIZES[encoding]
    units = sum(costs)
    if units <= alone:
        return Segments(encoding, 1 if units else 0, units, alone, offenders)
    if units == len(costs):  # nothing that could straddle a border
        return Segments(encoding, -(-units // together), units, together, offenders)
    parts, used = 1, 0
    for cost in costs:
        if used + cost > together:
            parts, used = parts + 1, 0
        used += cost
    return Segments(encoding, parts, units, together, offenders)
