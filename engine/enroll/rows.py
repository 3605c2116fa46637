"""From a row of the couples file to a person: which column is which, and what each cell means."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import time
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from engine.enroll.addresses import clean_name, normal_email, normal_phone
from engine.enroll.bad_value import BadValue
from engine.enroll.zones import region_zone
from engine.errors import Refused
from engine.model.campaign import Channel
from engine.model.couple import DEFAULT_SEND_AT, NewPartner
from engine.model.strategy import DEFAULT_LOCALE, Cause

COLUMNS = ("couple", "given_name", "email", "phone", "timezone", "locale", "channel", "send_at", "causes")
REQUIRED = ("couple", "given_name", "timezone")
OURS = ("line", "reason", "fix")  # what a rejects file adds; it can be mended and imported as it is
REF_LIMIT = 200
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")

LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?", re.ASCII)
PHONE = re.compile(r"\+[\d ().-]{7,}", re.ASCII)
TIME = re.compile(r"(\d{1,2}):(\d\d)(?::00)?", re.ASCII)


class Row(NamedTuple):
    """One person of the couple called `ref`, as the line `line` of the file has them."""

    line: int
    ref: str
    partner: NewPartner


class Header:
    """Where each column is. `cells` are the header's own; `ignored` names those of its columns that nobody reads."""

    def __init__(self, cells: Sequence[str], where: str) -> None:
        """Refused when a column is missing, given twice or all but certainly misspelt; `where` begins the sentence."""
        names = [_column_name(cell) for cell in cells]
        self.cells = tuple(cells)
        self.width = len(names)
        self.ignored: tuple[str, ...] = ()
        for name, cell in zip(names, cells, strict=True):
            if name in COLUMNS:
                if names.count(name) > 1:
                    raise Refused(f"{where}: the column {name} is there twice.", fix="Keep one of them.")
            elif name and name not in OURS:
                near = _near(name, [column for column in COLUMNS if column not in names])
                if near:
                    raise Refused(
                        f"{where}: there is no column {cell.strip()[:40]!r}.",
                        fix=f"If you mean {near}, rename it; the columns are {', '.join(COLUMNS)}.",
                    )
                self.ignored += (cell.strip()[:40],)
        missing = [column for column in REQUIRED if column not in names]
        if not missing and "email" not in names and "phone" not in names:
            missing = ["email or phone"]
        if missing:
            raise Refused(
                f"{where}: the header has no column {', '.join(missing)}.", fix=f"The columns are {', '.join(COLUMNS)}."
            )
        # A column the file does not have reads the empty cell that `row` adds at the end.
        self._pick = itemgetter(*(names.index(column) if column in names else self.width for column in COLUMNS))
        self._needed = 1 + max(names.index(column) for column in names if column in REQUIRED)

    @staticmethod
    def known_in(cells: Iterable[str]) -> int:
        """How many of these cells name a column."""
        return len({_column_name(cell) for cell in cells}.intersection(COLUMNS))

    def row(self, line: int, cells: list[str]) -> Row:
        """The person in these cells; BadValue when one of them cannot be used."""
        width = self.width
        if len(cells) != width:
            if len(cells) < self._needed or any(cells[width:]):
                raise BadValue(
                    f"The row has {len(cells)} cells; the header has {width}.",
                    "Add the missing ones, or put a cell that holds the separator in quotes.",
                )
            cells = cells[:width] + [""] * (width - len(cells))
        cells = [*cells, ""]
        picked: Iterable[str] = map(str.strip, self._pick(cells))
        if "'" in "".join(cells):
            picked = map(unescaped, picked)
        couple, name, email, phone, zone, locale, channel, send_at, causes = picked
        mail = normal_email(email) if email else None
        text = normal_phone(phone) if phone else None
        return Row(
            line,
            _ref(couple),
            NewPartner(
                name_of(name),
                mail,
                text,
                region_zone(zone),
                locale_of(locale),
                channel_of(channel, mail is not None, text is not None),
                time_of(send_at),
                causes_of(causes),
            ),
        )


def unescaped(cell: str) -> str:
    """A cell without the quote by which `escaped` keeps a spreadsheet from running it."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_SIGNS) else cell


def escaped(cell: str) -> str:
    """The cell as a spreadsheet may be shown it: never a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell


def _column_name(cell: str) -> str:
    return re.sub(r"[\s_-]+", "_", unescaped(cell.strip()).casefold()).strip("_")


def _near(word: str, choices: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, list(choices), n=1, cutoff=0.7)), None)


name_of = lru_cache(maxsize=16_384)(clean_name)  # given names repeat


def _ref(text: str) -> str:
    if not text:
        raise BadValue("There is no couple.", "Give both rows of a couple the same name in the column couple.")
    if len(text) > REF_LIMIT:
        raise BadValue(f"The couple's name is over {REF_LIMIT} characters long.", "Use a short one, such as c-0042.")
    # It is shown in lists and kept in the clear, as no address may be.
    if "@" in text or PHONE.fullmatch(text):
        raise BadValue("The couple's name is an address or a phone number.", "Give a name of your own, such as c-0042.")
    if text.isascii() and text.isprintable():
        return text
    if any(unicodedata.category(character)[0] in "C" for character in text):
        raise BadValue("The couple's name holds an invisible character.", "Type it again instead of pasting it.")
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=1024)
def locale_of(text: str) -> str:
    """A language and perhaps a script and a country, as in es-MX; the default when nothing is given."""
    found = LOCALE.fullmatch(text)
    if found:
        language, script, region = found.groups()
        parts = (language.lower(), (script or "").title(), (region or "").upper())
        return "-".join(part for part in parts if part)
    if text:
        raise BadValue(f"{text[:40]!r} is no locale.", "Write a language and, if it matters, a country: en, es-MX.")
    return DEFAULT_LOCALE


def channel_of(text: str, has_email: bool, has_phone: bool) -> Channel:
    """The channel that is named, for which there must be an address; email, then texts, when none is."""
    if not (has_email or has_phone):
        raise BadValue("There is neither an email address nor a phone number.", "Give at least one.")
    word = text.lower()
    if not word:
        return Channel.EMAIL if has_email else Channel.SMS
    if word not in tuple(Channel):
        near = "sms" if word in ("text", "txt", "phone", "mobile") else _near(word, list(Channel))
        raise BadValue(
            f"There is no channel {text[:40]!r}.",
            f"If you mean {near}, write that." if near else "email, sms or whatsapp.",
        )
    if not (has_email if word == "email" else has_phone):
        raise BadValue(
            f"The channel is {word}, but there is no {'email address' if word == 'email' else 'phone number'}.",
            "Give one, or choose another channel.",
        )
    return Channel(word)


@lru_cache(maxsize=1024)
def time_of(text: str) -> time:
    """A time on a 24-hour clock; the default when nothing is given."""
    if not text:
        return DEFAULT_SEND_AT
    found = TIME.fullmatch(text)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    raise BadValue(f"{text[:40]!r} is no time of day.", "Write hours and minutes on a 24-hour clock: 19:00.")


@lru_cache(maxsize=4096)
def causes_of(text: str) -> frozenset[Cause]:
    """Causes of lost closeness, separated by `;`, `,` or a bar."""
    words = [re.sub(r"[\s_]+", "-", word.strip().casefold()) for word in re.split(r"[;,|]", text)]
    known = {cause.value: cause for cause in Cause}
    for word in words:
        if word and word not in known:
            near = _near(word, known)
            raise BadValue(
                f"There is no cause {word[:40]!r}.",
                f"If you mean {near}, write that." if near else f"They are {', '.join(known)}.",
            )
    return frozenset(known[word] for word in words if word)
