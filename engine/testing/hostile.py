"""What may be done to a webhook call: changed after it was signed, or made of what no reader expects.

Everything is made in the same order on every run, and there is a bounded number of it.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from engine.transport.source import Hook

MOST_PLACES = 200
"""So many places of a body, a header or a URL are changed, spread over all of it."""
LARGE = 1_000_000

STRANGE: Sequence[object] = (
    None, True, -1, 0, 1e300, float("nan"), float("inf"), 10**30, "", "\0", "\ud83d", "9" * 10_000, "+12025550123",
    [], {}, [{"a": [None]}], json.loads("[" * 400 + "]" * 400),
)  # fmt: skip
"""What stands in the place of any part of a body of JSON; the texts also for a parameter of a form."""

SENSELESS: dict[str, bytes] = {
    "nothing": b"",
    "a line end": b"\r\n",
    "a number": b"7",
    "null": b"null",
    "a text": b'"delivered"',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "lists in lists": b"[[[]]]",
    "no JSON": b'{"event": ',
    "invalid UTF-8": b"\xff\xfe\x00[]",
    "an invalid escape in a form": b"MessageSid=%FF&%ED%A0%80=%&=&&=",
    "markup": b"<html><body>502 Bad Gateway</body></html>",
    "a mail": b"From: a@b.example\r\nSubject: hello\r\n\r\nhello\r\n",
    "a mail of a kind that it is not": b"Content-Type: multipart/report; boundary=\r\n\r\n--\r\n",
}
OVERSIZED: dict[str, bytes] = {
    "a million zeros": bytes(LARGE),
    "a million blanks": b" " * LARGE,
    "a million line ends": b"\n" * LARGE,
    "a million bytes that are no text": b"\xff" * LARGE,
    "a number of a million digits": b"9" * LARGE,
    "a text of a million characters": b'"' + b"a" * LARGE + b'"',
    "half a million entries": b"[" + b"0," * (LARGE // 2) + b"0]",
    "a list a hundred thousand deep": b"[" * (LARGE // 10) + b"]" * (LARGE // 10),
    "an object a hundred thousand deep": b'{"a":' * (LARGE // 10),
    "a quarter of a million parameters": b"a=b&" * (LARGE // 4),
    "a mail of a hundred thousand headers": b"To: a@b.c\n" * (LARGE // 10),
    "a header of comments in comments": b"Content-Type: multipart/report; boundary=b\nTo: " + b"(" * LARGE,
    "mails in mails": b"Content-Type: message/rfc822\n\n" * (LARGE // 32),
    "parts in parts": b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (depth, depth) for depth in range(20_000)
    ),
}


def forgeries(hook: Hook, proofs: Collection[str], *, body: bool, url: bool) -> Iterator[tuple[str, Hook]]:
    """The call with one thing changed since it was signed, and what was: in `proofs`, the body, the URL."""
    for name in proofs:
        value = hook.headers[name]
        for place in _places(len(value)):
            changed = value[:place] + _other_letter(value[place]) + value[place + 1 :]
            yield f"whose {name} differs in character {place}", _with(hook, name, changed)
    if body:
        for place in _places(len(hook.body)):
            yield f"whose body differs in byte {place}", replace(hook, body=_flipped(hook.body, place, 1))
        for what, other in (("empty", b""), ("longer", hook.body + b" "), ("shorter", hook.body[:-1])):
            yield f"whose body is {what}", replace(hook, body=other)
    if url:
        for place in _places(len(hook.url)):
            changed = hook.url[:place] + chr(ord(hook.url[place]) ^ 1) + hook.url[place + 1 :]
            yield f"whose URL differs in character {place}", replace(hook, url=changed)
        longer = f"{hook.url}{'&' if '?' in hook.url else '?'}more=1"
        yield "whose URL has a parameter more", replace(hook, url=longer)


def unsigned(hook: Hook, proofs: Collection[str]) -> Iterator[tuple[str, Hook]]:
    """The call with a proof left out, or something in its place that is none, and what was done."""
    for name in proofs:
        yield (
            f"without {name}",
            replace(hook, headers={each: hook.headers[each] for each in hook.headers if each != name}),
        )
        good = hook.headers[name]
        others = {
            "empty": "",
            "blank": " ",
            "beyond ASCII": "é" * 96,
            "good and an é": f"{good}é",
            "endless": "A" * 100_000,
        }
        for what, value in others.items():
            yield f"whose {name} is {what}", _with(hook, name, value)
    if proofs:
        yield "without any header", replace(hook, headers={})


def damaged(body: bytes) -> Iterator[bytes]:
    """A good body that broke: cut off, a byte of it changed, or a part of its JSON or form something else."""
    for place in _places(len(body)):
        yield body[:place]
        yield _flipped(body, place, 1)
        yield _flipped(body, place, 0x80)
    try:
        said = json.loads(body)
    except ValueError:
        yield from _other_forms(body)
    else:
        yield from (json.dumps(other).encode() for other in _variants(said))


def _variants(said: object) -> Iterator[object]:
    """A value of JSON with one part of it strange, or gone."""
    yield from STRANGE
    if isinstance(said, dict):
        for name in said:
            yield {each: said[each] for each in said if each != name}
            yield from ({**said, name: other} for other in _variants(said[name]))
    if isinstance(said, list):
        for place, part in enumerate(said):
            yield from ([*said[:place], other, *said[place + 1 :]] for other in _variants(part))


def _other_forms(body: bytes) -> Iterator[bytes]:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    texts = [each for each in STRANGE if isinstance(each, str)]
    for place, (name, _) in enumerate(pairs):
        rest = pairs[:place] + pairs[place + 1 :]
        yield urlencode(rest).encode()
        yield from (urlencode([*rest, (name, text)], errors="surrogatepass").encode() for text in texts)


def _places(length: int) -> Sequence[int]:
    return range(0, length, -(-length // MOST_PLACES) or 1)


def _flipped(body: bytes, place: int, bits: int) -> bytes:
    return body[:place] + bytes([body[place] ^ bits]) + body[place + 1 :]


def _other_letter(letter: str) -> str:
    """One that differs in base64's highest bits, for the lowest of a last letter mean nothing; and is no hex digit."""
    return "w" if "A" <= letter <= "P" else "H"


def _with(hook: Hook, name: str, value: str) -> Hook:
    return replace(hook, headers={**hook.headers, name: value})
