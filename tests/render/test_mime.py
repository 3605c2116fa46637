"""An email from the skeleton reads exactly like one the standard library built, and lets nothing into its headers."""

import email.message
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.render.mime import LONGEST_LINE, Skeleton
from engine.render.mime_header import field, mailbox
from engine.render.sandbox import RenderError
from engine.transport.base import EmailMessage

WHEN = datetime(2026, 3, 8, 19, 30, tzinfo=UTC)
CONSTANT = (("List-Id", "<eight-weeks.list.nudge.example>"), ("Auto-Submitted", "auto-generated"))
SENDER = mailbox("Rekindle", "hello@nudge.example")
SKELETON = Skeleton("one step", SENDER, CONSTANT)
MESSAGE = EmailMessage(
    delivery_id=1,
    to="ana@example.com",
    sender=SENDER,
    subject="This week: Quietly bad at it",
    html="<p>Hello Ana,</p>\n",
    text="Hello Ana,\n",
    message_id="<1f@nudge.example>",
    date=WHEN,
    headers=(("List-Unsubscribe", "<https://nudge.example/u/AQEAAAAAAAc>"), *CONSTANT),
    assemble=SKELETON.assemble,
)


def built_by_the_standard_library(message: EmailMessage) -> bytes:
    display, address = parseaddr(message.sender)
    built = email.message.EmailMessage(policy=email.policy.SMTP)
    built["From"] = Address(display, addr_spec=address)
    built["To"] = message.to
    built["Subject"] = message.subject
    built["Date"] = message.date
    built["Message-ID"] = message.message_id
    for name, value in message.headers:
        built[name] = value
    built.set_content(message.text)
    built.add_alternative(message.html, subtype="html")
    return built.as_bytes()


def read(raw: bytes, policy: email.policy.EmailPolicy) -> list[object]:
    """Everything a reader of the message sees; how it was encoded on the way is not that."""
    message = email.message_from_bytes(raw, policy=policy)
    assert isinstance(message, email.message.EmailMessage)
    assert not any(part.defects for part in message.walk())
    unseen = {"content-type", "content-transfer-encoding"}
    seen: list[object] = sorted((name, str(value)) for name, value in message.items() if name.lower() not in unseen)
    seen += [(part.get_content_type(), part.get_content_charset(), part.get_content()) for part in message.iter_parts()]
    return seen


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=120).map(
    lambda text: " ".join(text.split()) or "x"
)
ASCII_WORDS = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), min_size=1, max_size=30)
SUBJECTS = st.one_of(WORDS, ASCII_WORDS.map(" ".join))
BODIES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.lists(
        st.sampled_from(["a" * 998, "a" * 999, "é" * 499, "é" * 500, " ", "=", ".", "From x", "\n", "\r\n", "\r"])
    ).map("".join),
)


@given(SUBJECTS, BODIES, BODIES)
@example("=?utf-8?b?QQ==?=", "", "")
@example("x" * 300, "--=_", "\n")
def test_it_parses_back_equal_to_the_standard_librarys(subject: str, text: str, html: str) -> None:
    message = replace(MESSAGE, subject=subject, text=text, html=html)
    ours = message.mime()
    parsed = email.message_from_bytes(ours, policy=email.policy.default)
    assert str(parsed["Subject"]) == subject
    plain = replace(message, subject="-")  # the standard library's own folding loses spaces in some long subjects
    for policy in (email.policy.SMTP, email.policy.default):
        assert read(plain.mime(), policy) == read(built_by_the_standard_library(plain), policy)
    assert all(len(line) <= LONGEST_LINE for line in ours.split(b"\r\n"))
    assert ours.count(b"\r") == ours.count(b"\n") == ours.count(b"\r\n")


@given(WORDS)
@example("Rekindle, Inc.")
@example('The "quiet" \\ ones')
@example("Für euch beide")
@example("A name that goes on and on and on, past what fits in one line of a header, as names do")
def test_a_display_name_comes_back_as_it_was(display: str) -> None:
    sender = mailbox(display, "hello@nudge.example")
    raw = replace(MESSAGE, sender=sender).mime()
    written, address = parseaddr(email.message_from_bytes(raw)["From"])
    assert address == "hello@nudge.example"
    assert " ".join(str(make_header(decode_header(written))).split()) == display


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        ("plain\n", "7bit"),
        ("déjà vu\n", "8bit"),
        ("a" * 998 + "\n", "7bit"),
        ("a" * 999 + "\n", "quoted-printable"),
        ("é" * 499 + "\n" + "b" * 998, "8bit"),
        ("é" * 500, "quoted-printable"),  # a thousand octets, though half as many letters
        ("x\n" * 900 + "a" * 999, "quoted-printable"),
        ("x\0y", "quoted-printable"),
    ],
    ids=range(8),
)
def test_each_part_is_sent_in_the_simplest_encoding_that_carries_it(body: str, coding: str) -> None:
    parsed = email.message_from_bytes(replace(MESSAGE, text=body).mime(), policy=email.policy.default)
    text, html = parsed.iter_parts()
    assert text["Content-Transfer-Encoding"] == coding
    assert html["Content-Transfer-Encoding"] == "7bit"
    assert parsed["Content-Transfer-Encoding"] == ("8bit" if coding == "8bit" else "7bit")
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == body.rstrip("\n")


def test_a_body_that_holds_the_boundary_gets_another() -> None:
    boundary = email.message_from_bytes(MESSAGE.mime()).get_boundary()
    hostile = replace(MESSAGE, text=f"--{boundary}--\n", html=f"<p>--{boundary}</p>\n")
    parsed = email.message_from_bytes(hostile.mime(), policy=email.policy.default)
    assert parsed.get_boundary() != boundary
    assert [part.get_content().rstrip() for part in parsed.iter_parts()] == [f"--{boundary}--", f"<p>--{boundary}</p>"]


def test_the_same_message_gives_the_same_bytes() -> None:
    assert MESSAGE.mime() == replace(MESSAGE, assemble=Skeleton("one step", SENDER, CONSTANT).assemble).mime()


BREAKS = ["\r", "\n", "\r\n", "\0", "\x0b", "\x1c", "\x85", "\u2028"]


@pytest.mark.parametrize("poison", BREAKS, ids=ascii)
@pytest.mark.parametrize("slot", ["subject", "to", "sender", "message_id", "headers"])
def test_a_line_break_in_a_header_is_refused_without_showing_it(slot: str, poison: str) -> None:
    bad = f"private{poison}Bcc: x@example.com"
    values = {"sender": f"{bad} <hello@nudge.example>", "headers": (("List-Unsubscribe", bad),)}
    with pytest.raises(RenderError) as caught:
        replace(MESSAGE, **{slot: values.get(slot, bad)}).mime()  # type: ignore[arg-type]
    assert "private" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["", "ana", "a@b, c@d", "Ana <a@b.c>", "a@b;c@d", "a b@c.d", "a@b@c", '"a b"@c.d', "grp:a@b.c;", "a@b.c>"],
)
def test_to_holds_exactly_one_plain_address(address: str) -> None:
    with pytest.raises(RenderError):
        replace(MESSAGE, to=address).mime()


def test_a_header_line_stays_within_seventy_eight_characters_where_it_can_be_folded() -> None:
    for subject in ("word " * 40, "ü" * 300, "x" * 200, "mixed wörd " * 20):
        lines = (b"Subject: " + field("Subject", subject.strip())).split(b"\r\n")
        assert max(map(len, lines)) <= 78


def test_the_date_carries_its_offset_and_a_naive_one_is_refused() -> None:
    assert b"\r\nDate: Sun, 08 Mar 2026 19:30:00 +0000\r\n" in MESSAGE.mime()
    with pytest.raises(ValueError, match="UTC offset"):
        replace(MESSAGE, date=WHEN.replace(tzinfo=None)).mime()
