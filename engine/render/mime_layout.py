"""How an email of two parts is laid out between its own headers and its words: RFC 2046 section 5.1."""

from typing import NamedTuple

LONGEST_LINE = 998
"""Octets, without CRLF: RFC 5322 section 2.1.1."""
QUOTED = b"quoted-printable"
BOUNDARIES = 4
"""How often a boundary stands in a message: in its header, before each part and after the last."""


class Layout(NamedTuple):
    """What stands before the text, between text and HTML, and after the HTML. Each of the two ends with CRLF."""

    before: bytes
    between: bytes
    after: bytes


def coding(ascii_only: bool) -> bytes:
    """The transfer encoding of a part whose lines are not too long (RFC 2045 section 2)."""
    return b"7bit" if ascii_only else b"8bit"


def layout(boundary: bytes, text_coding: bytes, html_coding: bytes) -> Layout:
    """The layout for parts in these transfer encodings."""
    whole = coding(b"8bit" not in (text_coding, html_coding))
    text, html = (
        b"\r\nContent-Type: text/" + kind + b'; charset="utf-8"\r\nContent-Transfer-Encoding: ' + encoding + b"\r\n\r\n"
        for kind, encoding in ((b"plain", text_coding), (b"html", html_coding))
    )
    opening = b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: %b\r\n" % whole
    opening += b'Content-Type: multipart/alternative; boundary="%b"\r\n' % boundary
    delimiter = b"\r\n--" + boundary
    return Layout(opening + delimiter + text, delimiter + html, delimiter + b"--\r\n")
