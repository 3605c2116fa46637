"""The messages in an outbox folder, as the people who got them saw them: an inbox line and a page, or a bubble.

An email's page may load nothing at all: a content security policy is put into it, whatever its template holds.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from engine.render.segments import Segments, measure

_FILE = re.compile(r"(\d{6,})(?:\.\d+)?\.(?:eml|txt)")
PREVIEW = 140  # characters after the subject that an inbox reads from a message's beginning
_UNSEEN = "\u00ad\u034f\u061c\u115f\u17b4\u17b5\u180e\u200b-\u200f\u2060-\u2064\ufeff"
_INVISIBLE = re.compile(f"[{_UNSEEN}]+")
_PADDING = re.compile(f"[\u00a0\u2007{_UNSEEN}]{{8}}")
_UNSHOWN = frozenset({"style", "script", "title", "head", "template"})
_LOCK = (
    '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy"'
    " content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
    '<base target="_blank">'  # a frame without popups follows no link; without this it would leave the page
)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Email:
    """An email: what an inbox shows of it, `page`, a whole HTML document that loads nothing from anywhere, and `text`,
    its plain form.
    """

    file: Path
    copies: int
    inside: str  # the folder under the outbox that it is in; "" for what was sent
    sender: str
    subject: str
    preview: str
    page: str = field(repr=False)
    text: str = field(repr=False, default="")
    kind: str = "email"


@dataclass(frozen=True, slots=True)
class Text:
    """A text message and its size on the air."""

    file: Path
    copies: int
    inside: str
    body: str
    size: Segments
    kind: str = "sms"


Letter = Email | Text


class Letters:
    """The messages in `folder`, or in `inside` within it, by delivery id; a folder that is not there holds none."""

    def __init__(self, folder: Path, inside: str = "") -> None:
        folder, self._inside = folder / inside, inside
        self._files: dict[int, list[Path]] = defaultdict(list)
        for path in sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name)) if folder.is_dir() else ():
            if match := _FILE.fullmatch(path.name):
                self._files[int(match[1])].append(path)

    def find(self, delivery_id: int) -> Letter | None:
        """The first message handed over for this delivery, and how many there were; None when there is none."""
        files = self._files.get(delivery_id)
        if not files:
            return None
        content = files[0].read_bytes()
        if files[0].suffix == ".eml":
            return _email(files[0], len(files), self._inside, message_from_bytes(content))
        body = content.decode("utf-8", "replace").partition("\n\n")[2].removesuffix("\n")
        return Text(files[0], len(files), self._inside, body, measure(body))


def _email(file: Path, copies: int, inside: str, message: Message) -> Email:
    parts = {part.get_content_type(): part for part in reversed(list(message.walk()))}
    html = _words(parts["text/html"]) if "text/html" in parts else ""
    text = _words(parts["text/plain"]) if "text/plain" in parts else ""
    if not html:
        text = text or _words(message)
        html = f"<pre>{escape(text)}</pre>"
    name, address = parseaddr(str(message["From"] or ""))
    subject = _decoded(message["Subject"])
    sender = _decoded(name) or address
    return Email(file, copies, inside, sender, subject, preview(html), _locked(html), text)


def _words(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset nobody knows
        return payload.decode("utf-8", "replace")


def _decoded(header: str | None) -> str:
    try:
        return str(make_header(decode_header(header or "")))
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        return str(header)


def _locked(html: str) -> str:
    match = _HEAD.search(html)
    place = match.end() if match else 0
    return html[:place] + _LOCK + html[place:]


def preview(html: str) -> str:
    """What an inbox shows after the subject: the first text of the body, hidden or not, so the preheader if any."""
    reader = _FirstText()
    for chunk in _chunks(html):
        reader.feed(chunk)
        if reader.length >= PREVIEW:
            break
    # A preheader is padded so that nothing after it fits into the inbox line: what follows the padding is not shown.
    shown = _PADDING.split(re.sub(r"[ \t\r\n]+", " ", "".join(reader.found)).lstrip(), maxsplit=1)[0]
    return " ".join(_INVISIBLE.sub("", shown[:PREVIEW]).split())


def _chunks(html: str) -> Iterator[str]:
    return (html[start : start + 2048] for start in range(0, len(html), 2048))


class _FirstText(HTMLParser):
    """Collects text as it comes, but for what no reader sees as text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.length = 0
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSHOWN:
            self._inside.append(tag)
        elif tag == "body":
            self._inside.clear()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            del self._inside[self._inside.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.found.append(data)
            self.length = len("".join(self.found).strip())
