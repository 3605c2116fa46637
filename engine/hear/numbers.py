"""The number that answers a pulse, when a text is nothing but that: `4`, `4!`, `4/5`, `a 4`, `cuatro`, a keypad's 4.

What numbers are called, and what may stand around one, is data: the files in `keywords/`. "4.5", "4 or 5" and "10" are
words like any others: nobody rounds them.
"""

import re
import tomllib
from functools import cache

from engine.hear.keywords import FOLDER, bare
from engine.hear.phrases import plain_set, plain_words

LONGEST = 60
"""Characters of a text that may still be nothing but a number."""

_OUT_OF_FIVE = re.compile(r"([1-5])\s*/\s*5(?!\w|[.,]\w)")
_FACES = re.compile(r"(?<!\w)(?:[:;=]['-]?[)(DPpOo3*/|]|[xX]D|<3)(?!\w)")
_IN_PIECES = re.compile(r"\w\s*[.,:/+–-]\s*\w")  # 4.5, 3-4, 1:2


def rating(text: str) -> int | None:
    """The one number from 1 to 5 that a text is, whatever script its digit is in; None when it says anything else."""
    if len(text) > LONGEST:
        return None
    text = _OUT_OF_FIVE.sub(r"\1", _FACES.sub(" ", text))
    if _IN_PIECES.search(text):
        return None
    values, around = _words()
    plain = plain_words(text)
    said = plain if plain in values else bare(plain, around)
    value = int(said) if len(said) == 1 and said.isdecimal() else values.get(said)
    return value if value is not None and 1 <= value <= 5 else None


@cache
def _words() -> tuple[dict[str, int], frozenset[str]]:
    """What each number is called, and what may stand around one."""
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.toml"))]
    values = {
        plain_words(form): value
        for table in tables
        for value, forms in enumerate(table["numbers"], 1)
        for form in forms.split("/")
    }
    around = plain_set(phrase for table in tables for name in ("rating", "polite") for phrase in table[name])
    return values, around
