"""An email's HTML as its reader gets it: words, line by line, with where links lead; nothing of how it looks."""

from html.parser import HTMLParser

_BLOCKS = {
    "address",
    "blockquote",
    "br",
    "div",
    "h1",
    "h2",
    "h3",
    "hr",
    "li",
    "ol",
    "p",
    "table",
    "td",
    "th",
    "tr",
    "ul",
}
_PADDING = dict.fromkeys(
    map(ord, "\u034f\u00ad\u200b\u200c\u200d\u2007\ufeff")
)  # after a preview, to keep the rest out
_UNSEEN = {"style", "script", "title"}


def words_of(html: str) -> str:
    """The words of a page, a block a line; links as `words <where>`, pictures by their alternative text."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = ("".join(line).translate(_PADDING).split() for line in reader.lines)
    return "\n".join(" ".join(line) for line in lines if line)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[list[str]] = [[]]
        self._links: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BLOCKS:
            self.lines.append([])
        if tag == "li":
            self.lines[-1].append("* ")
        elif tag == "a":
            self._links.append(said.get("href") or "")
        elif tag == "img" and said.get("alt"):
            self.lines[-1].append(f"({said['alt']})")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self.lines.append([])
        elif tag == "a" and self._links:
            self.lines[-1].append(f" <{self._links.pop()}>")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.lines[-1].append(data)
