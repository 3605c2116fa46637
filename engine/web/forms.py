"""Reads a page's form: within bounds, from this site's own pages, as clean text.

408, 413   it came too slowly, or is too long, or has too many fields
415        it is no application/x-www-form-urlencoded in UTF-8
403        another site's page sent it
Each is a FormRefused, which Screen.catch turns into a page.
"""

import re
from collections.abc import Iterator, Mapping
from unicodedata import normalize
from urllib.parse import parse_qsl, urlsplit

from fastapi import HTTPException, Request

from engine.web.body import read_body

LONGEST = 16_000
MOST_FIELDS = 60
TYPE = "application/x-www-form-urlencoded"

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Controls but for tab and line end; a byte order mark; what turns the writing direction of all that follows around.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_PORTS = {"http": 80, "https": 443}


class FormRefused(Exception):
    """The form is not taken: `status` says why, as in the table above."""

    def __init__(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"a form was refused with {status}")
        self.status = status
        self.headers = headers or {}


class Form(Mapping[str, tuple[str, ...]]):
    """What was sent: every value of each field, in order. Pages take it as `values` to show it again."""

    def __init__(self, fields: Mapping[str, tuple[str, ...]]) -> None:
        self._fields = dict(fields)

    def line(self, name: str) -> str:
        """The first value as one line, without spaces around it; empty when there is none."""
        return " ".join(self.text(name).split())

    def text(self, name: str) -> str:
        """The first value with the lines it has, without space around it; empty when there is none."""
        return self._fields.get(name, ("",))[0].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value, as of boxes that were ticked."""
        return self._fields.get(name, ())

    def number(self, name: str) -> int | None:
        """The first value as a whole number of at most nine digits; None when it is not one."""
        text = self.line(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


async def read_form(request: Request, site: str, most: int = LONGEST, *, from_anywhere: bool = False) -> Form:
    """The form that was posted to a page of `site` (the public URL), of at most `most` bytes; FormRefused else.

    With `from_anywhere` only size and time are held to: mailbox providers post in ways of their own (RFC 8058), and
    what is no form is an empty one.
    """
    if not from_anywhere:
        _refuse_strangers(request, site)
        _refuse_other_types(request)
    try:
        body = await read_body(request, most)
    except HTTPException as error:
        raise FormRefused(error.status_code, error.headers) from None
    try:
        return _parsed(body)
    except ValueError:
        if from_anywhere:
            return Form({})
        raise FormRefused(413) from None


def clean(text: str) -> str:
    """`text` in NFC with plain line ends, without control characters; emoji stay whole."""
    text = _SURROGATES.sub("\ufffd", _LINE_ENDS.sub("\n", text))
    return normalize("NFC", _UNSEEN.sub("", text.replace("\t", " ")))


def _refuse_strangers(request: Request, site: str) -> None:
    """Browsers say where a form is from. `null` they say of our own pages too, since those give no referrer (Fetch,
    "append a request Origin header"); who says nothing is old, or no browser.
    """
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise FormRefused(403)
    origin = request.headers.get("origin", "null")
    if origin != "null" and _host(origin) != _host(site):
        raise FormRefused(403)


def _refuse_other_types(request: Request) -> None:
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.partition("charset=")[2].strip().strip('"')
    if kind.strip() != TYPE or charset not in ("", "utf-8"):
        raise FormRefused(415)


def _host(url: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None, None


def _parsed(body: bytes) -> Form:
    """ValueError for too many fields."""
    fields: dict[str, tuple[str, ...]] = {}
    pairs = parse_qsl(
        body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS
    )
    for name, value in pairs:
        fields[clean(name)] = (*fields.get(clean(name), ()), clean(value))
    return Form(fields)
