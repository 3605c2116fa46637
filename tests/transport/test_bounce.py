"""What mail servers send back: known forms, hostile ones, and everything that is no bounce."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.event import Event, EventType, Unreadable
from engine.model.suppression import SuppressReason
from engine.transport.bounce import EPOCH, NOT_A_BOUNCE, read_bounce
from engine.transport.bounce_report import MOST_BYTES

SAMPLES = Path(__file__).parents[1] / "data" / "dsn"
PROOF = "9f86d081884c7d659a2feaa0c55ad015"
INVALID, HARD, COMPLAINT = SuppressReason.INVALID, SuppressReason.HARD_BOUNCE, SuppressReason.COMPLAINT
BOUNCED, DEFERRED, DELIVERED = EventType.BOUNCED, EventType.DEFERRED, EventType.DELIVERED


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.eml").read_bytes()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def only(mail: bytes, received_at: datetime | None = None) -> Event:
    """The one event of a mail."""
    (event,) = read_bounce("smtp", mail, received_at)
    assert isinstance(event, Event)
    return event


# The Postfix ones are real (3.7.11, sent to with NOTIFY and ENVID); the others are written in their known form.
KNOWN = [
    ("postfix-failed", "1042", BOUNCED, "nobody-here@example.com", INVALID, "5.1.1", "2026-11-23T16:23:07"),
    ("postfix-delayed", "1043", DEFERRED, "late@slow.example", None, "4.4.1", "2026-11-23T16:23:08"),
    ("postfix-delivered", "1044", DELIVERED, "x@rekindle.example", None, "2.0.0", "2026-11-23T16:23:07"),
    ("exim-failed", "2001", BOUNCED, "ana@example.com", INVALID, "5.1.1", "2026-11-03T19:00:05"),
    ("exchange-failed", "2002", BOUNCED, "ben@contoso.example", INVALID, "5.1.10", "2026-11-03T19:00:08"),
    ("gmail-failed", "2003", BOUNCED, "chloe@gmail.example", INVALID, "5.1.1", "2026-11-03T19:00:05"),
    ("sendmail-failed", "2004", BOUNCED, "dan@full.example", None, "5.2.2", "2026-11-03T19:00:07"),
    ("forwarded", "2004", BOUNCED, "dan@full.example", None, "5.2.2", "2026-11-03T19:00:07"),
    ("complaint", "2005", EventType.COMPLAINED, "Eve@mailbox.example", COMPLAINT, "abuse", "2026-11-04T13:15:00"),
    ("smtputf8-failed", "2007", BOUNCED, "gail@example.com", HARD, "5.2.1", "2026-11-03T19:00:09"),
]


@pytest.mark.parametrize(
    ("name", "number", "kind", "address", "suppress", "code", "when"), KNOWN, ids=[row[0] for row in KNOWN]
)
def test_a_bounce_says_which_message_to_whom_and_what_became_of_it(
    name: str, number: str, kind: EventType, address: str, suppress: SuppressReason | None, code: str, when: str
) -> None:
    event = only(sample(name))
    assert event.reference == f"{number}.{PROOF}"
    assert (event.type, event.address, event.suppress, event.code) == (kind, address, suppress, code)
    assert event.at == at(when)


@pytest.mark.parametrize("name", ["out-of-office", "read-receipt"])
def test_what_is_no_bounce_is_said_to_be_none(name: str) -> None:
    assert read_bounce("smtp", sample(name)) == [Unreadable(NOT_A_BOUNCE)]


@pytest.mark.parametrize("name", [row[0] for row in KNOWN])
def test_a_bounce_that_comes_twice_has_one_key_and_its_line_ends_do_not_matter(name: str) -> None:
    mail = sample(name)
    assert only(mail).key == only(mail.replace(b"\n", b"\r\n")).key
    assert len({only(sample(each[0])).key for each in KNOWN if each[0] != "forwarded"}) == len(KNOWN) - 1


@pytest.mark.parametrize("name", [row[0] for row in KNOWN])
def test_neither_detail_nor_repr_nor_key_tells_an_address(name: str) -> None:
    event = only(sample(name))
    assert event.address is not None
    assert "@" not in event.detail
    assert event.address not in repr(event)
    assert event.address not in event.key


def dsn(
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "",
    final: str = "rfc822; ana@example.com",
    about: str = "",
    returned: str = "Message-ID: <7.abc@rekindle.example>\n",
    date: str = "",
) -> bytes:
    """A plain notification about one recipient."""
    return (
        f"From: MAILER-DAEMON@mx.example\nDate: {date}\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n{about}\n"
        f"Final-Recipient: {final}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: {diagnostic}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{returned}\n--b--\n"
    ).encode()


CODES = [
    ("failed", "5.1.1", "", BOUNCED, INVALID, "5.1.1"),
    ("failed", "5.1.2", "", BOUNCED, INVALID, "5.1.2"),
    ("failed", "5.1.3", "", BOUNCED, INVALID, "5.1.3"),
    ("failed", "5.1.6", "", BOUNCED, INVALID, "5.1.6"),
    ("failed", "5.1.10", "", BOUNCED, INVALID, "5.1.10"),
    ("failed", "5.2.1", "", BOUNCED, HARD, "5.2.1"),
    ("failed", "5.2.2", "", BOUNCED, None, "5.2.2"),
    ("failed", "5.7.1", "smtp; 550 5.1.1 looks like spam", BOUNCED, None, "5.7.1"),
    ("failed", "4.4.7", "", BOUNCED, None, "4.4.7"),
    ("failed", "5.0.0", "smtp; 550 5.2.1 disabled", BOUNCED, HARD, "5.2.1"),
    ("failed", "5.0.0", "smtp; 450 4.2.1 busy", BOUNCED, None, "5.0.0"),
    ("failed", "", "smtp; 550 5.1.1 unknown", BOUNCED, INVALID, "5.1.1"),
    ("failed", "", "smtp; 550 unknown", BOUNCED, None, ""),
    ("failed", "5.1.1 (no such user)", "", BOUNCED, INVALID, "5.1.1"),
    ("Failed", "15.1.1", "", BOUNCED, None, ""),
    ("delayed", "4.4.1", "", DEFERRED, None, "4.4.1"),
    ("delayed", "5.1.1", "", DEFERRED, None, "5.1.1"),
    ("delivered", "2.1.5", "", DELIVERED, None, "2.1.5"),
    ("relayed", "2.0.0", "", DELIVERED, None, "2.0.0"),
    ("expanded", "2.1.5", "", DELIVERED, None, "2.1.5"),
    ("dunno", "5.1.1", "", EventType.UNKNOWN, None, "5.1.1"),
]


@pytest.mark.parametrize(("action", "status", "diagnostic", "kind", "suppress", "code"), CODES)
def test_only_what_failed_for_want_of_a_mailbox_suppresses_its_address(
    action: str, status: str, diagnostic: str, kind: EventType, suppress: SuppressReason | None, code: str
) -> None:
    event = only(dsn(action, status, diagnostic))
    assert (event.type, event.suppress, event.code) == (kind, suppress, code)


ADDRESSES = [
    ("rfc822; Ana@EXAMPLE.com", "", "", "Ana@example.com"),
    ("RFC822;<ana@example.com>", "", "", "ana@example.com"),
    ("rfc822; forwarded@elsewhere.example", "Original-Recipient: rfc822; ana@example.com\n", "", "ana@example.com"),
    ("rfc822; forwarded@elsewhere.example", "", "To: Ana <ana@example.com>\n", "ana@example.com"),
    ("x400; /G=Ana/", "", "", None),
    ("rfc822; nobody", "", "", None),
    ("rfc822; a@b.example, c@d.example", "", "", None),
    ("rfc822; " + "a" * 300 + "@example.com", "", "", None),
    ("rfc822; ana@exam ple.com", "", "", None),
]


@pytest.mark.parametrize(("final", "original", "to", "address"), ADDRESSES)
def test_the_address_is_the_one_we_wrote_to_in_normal_form(
    final: str, original: str, to: str, address: str | None
) -> None:
    mail = dsn(final=final + ("\n" + original.strip() if original else ""), returned=to + "Message-ID: <7.abc@x>\n")
    assert only(mail).address == address


REFERENCES = [
    ("Message-ID: <7.abc@rekindle.example>\n", "", "7.abc"),
    ("message-id:\n <7.abc@rekindle.example>\n", "", "7.abc"),
    ("Message-ID: <somebody.else@other.example>\n", "", None),
    ("Message-ID: <rewritten@relay.example>\n", "Original-Envelope-Id: 7.abc\n", "7.abc"),
    ("", "Original-Envelope-Id: 7.abc\n", "7.abc"),
    ("Subject: nothing\n", "", None),
    (f"Message-ID: <7.{'a' * 200}@x>\n", "", None),
]


@pytest.mark.parametrize(("returned", "about", "reference"), REFERENCES)
def test_the_reference_is_our_own_message_id_or_envelope_id(returned: str, about: str, reference: str | None) -> None:
    assert only(dsn(returned=returned, about=about)).reference == reference


RECEIVED = at("2026-11-04T12:00:00")
DATES = [
    ("Tue, 3 Nov 2026 20:00:00 +0100", at("2026-11-03T19:00:00")),
    ("Tue, 3 Nov 2026 19:00:00 -0000", at("2026-11-03T19:00:00")),
    ("Tue, 3 Nov 2099 19:00:00 +0000", RECEIVED),  # whoever writes it may not write the future
    ("Thu, 1 Jan 1903 00:00:00 +0000", RECEIVED),
    ("Fri, 31 Dec 9999 23:59:59 -1400", RECEIVED),
    ("Tue, 3 Nov 2026 19:00:00 +9999", RECEIVED),
    ("yesterday", RECEIVED),
    ("", RECEIVED),
]


@pytest.mark.parametrize(("date", "when"), DATES)
def test_the_instant_is_the_reports_own_within_reason(date: str, when: datetime) -> None:
    assert only(dsn(date=date), RECEIVED).at == when


def test_without_any_date_a_bounce_is_as_old_as_time() -> None:
    assert only(dsn()).at == EPOCH


def test_a_report_about_two_recipients_is_two_events() -> None:
    mail = dsn(diagnostic="none\n\nFinal-Recipient: rfc822; ben@example.com\nAction: delayed\nStatus: 4.2.0")
    events = [event for event in read_bounce("smtp", mail) if isinstance(event, Event)]
    assert [(event.address, event.type) for event in events] == [
        ("ana@example.com", BOUNCED),
        ("ben@example.com", DEFERRED),
    ]
    assert len({event.key for event in events}) == 2


def test_the_bounce_of_a_bounce_is_not_about_a_message_of_ours() -> None:
    inner = sample("sendmail-failed").decode()
    head = (
        'MIME-Version: 1.0\nContent-Type: multipart/report; boundary="o"\n\n--o\nContent-Type: message/delivery-status'
    )
    group = "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; x@y.example\nAction: failed\nStatus: 5.1.1"
    outer = f"{head}\n\n{group}\n\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    event = only(outer.encode())
    assert PROOF not in str(event.reference)
    assert event.address == "bounces@rekindle.example"


@pytest.mark.parametrize(
    ("word", "kind", "suppress"),
    [
        ("abuse", EventType.COMPLAINED, COMPLAINT),
        ("Abuse", EventType.COMPLAINED, COMPLAINT),
        ("opt-out", EventType.UNSUBSCRIBED, SuppressReason.UNSUBSCRIBED),
        ("not-spam", EventType.UNKNOWN, None),
        ("virus", EventType.UNKNOWN, None),
        ("ana@example.com", EventType.UNKNOWN, None),
    ],
)
def test_a_complaint_is_one_only_when_it_says_abuse(
    word: str, kind: EventType, suppress: SuppressReason | None
) -> None:
    event = only(sample("complaint").replace(b"Feedback-Type: abuse", f"Feedback-Type: {word}".encode()))
    assert (event.type, event.suppress) == (kind, suppress)
    assert "@" not in event.code


def test_a_mail_that_is_too_long_is_not_read() -> None:
    assert isinstance(only(sample("postfix-failed") + b"x" * 10_000), Event)
    assert read_bounce("smtp", sample("postfix-failed").ljust(MOST_BYTES + 1, b"x")) == [Unreadable(NOT_A_BOUNCE)]


def nested(depth: int) -> bytes:
    heads = (f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return "".join(heads).encode() + sample("postfix-failed")


HOSTILE = {
    "nothing": b"",
    "deep": nested(5_000),
    "rather deep": nested(20),
    "wrapped a thousand times": b"Content-Type: message/rfc822\n\n" * 1_000 + sample("postfix-failed"),
    "many groups": dsn(diagnostic="x\n\n" + "Final-Recipient: rfc822; a@b.c\nAction: failed\n\n" * 5_000),
    "blank lines": sample("postfix-failed").replace(b"Reporting-MTA", b"\n" * 200_000 + b"Reporting-MTA"),
    "one line": b"Content-Type: multipart/report; boundary=" + b"a" * 900_000,
    "a long header": sample("postfix-failed").replace(b"Status: 5.1.1", b"Status: " + b"5.1." * 100_000),
    "quotes": b'Content-Type: multipart/report; boundary="' + b'\\"' * 200_000,
    "parameters": b"Content-Type: multipart/report" + b"; boundary*0*=a''%" * 20_000,
    "a bad charset": sample("postfix-failed").replace(b"text/plain; charset=utf-8", b"text/plain; charset=\xff\x00"),
    "nulls": bytes(100_000),
}


@pytest.mark.parametrize("mail", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_neither_raises_nor_is_believed_without_end(mail: bytes) -> None:
    assert 1 <= len(read_bounce("smtp", mail, RECEIVED)) <= 100


WORDS = """Content-Type: message/delivery-status

|Content-Type: multipart/report; boundary=b

|--b
|--b--|Action: failed
|Status: 5.1.1
|Final-Recipient: rfc822;|a@b.c
|

|Date: |=?x?b?|Content-Transfer-Encoding: base64
|Message-ID: <1.a@b>
|Content-Type: message/feedback-report

|Feedback-Type: abuse
|Original-Rcpt-To: |Content-Type: text/rfc822-headers

|; charset*=x'y'%"""
words = st.sampled_from([word.encode() for word in WORDS.split("|")])


@given(st.binary(max_size=400) | st.lists(words | st.binary(max_size=8), max_size=40).map(b"".join))
def test_anything_at_all_gives_events_in_order_or_says_that_it_is_no_bounce(mail: bytes) -> None:
    heard = read_bounce("smtp", mail)
    assert heard
    for each in heard:
        assert isinstance(each, Event | Unreadable)
        if isinstance(each, Event):
            assert each.at >= EPOCH
            assert each.at.utcoffset() == timedelta(0)
            assert each.key.isascii()


@given(st.data())
def test_a_real_bounce_with_some_of_it_torn_out_still_raises_nothing(data: st.DataObject) -> None:
    mail = sample(data.draw(st.sampled_from([row[0] for row in KNOWN])))
    start = data.draw(st.integers(0, len(mail)))
    torn = mail[:start] + data.draw(st.binary(max_size=20)) + mail[data.draw(st.integers(start, len(mail))) :]
    assert read_bounce("smtp", torn, RECEIVED)


@pytest.mark.parametrize("field", ["Final-Recipient: ", "Original-Recipient: ", "X: y\nFinal-Recipient: x;"])
def test_comments_within_comments_without_end_are_no_address_and_stop_nobody_from_reading_on(field: str) -> None:
    fields = f"Reporting-MTA: x\n\n{field}{'(' * 990}\nFinal-Recipient: x\nAction: failed\nStatus: 5.1.1\n"
    head = "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
    (event,) = read_bounce("smtp", f"{head}{fields}\n--b--".encode())
    assert isinstance(event, Event)
    assert event.address is None
