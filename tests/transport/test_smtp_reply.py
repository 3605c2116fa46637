"""An SMTP reply is read however it is split, means what its codes say, and nothing private of it is kept."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.suppression import SuppressReason
from engine.transport.base import MessageRejected, Misconfigured, Outcome, RecipientRejected, Throttled
from engine.transport.smtp_reply import NotSmtp, Reply, ReplyReader, Stage, queue_id, refusal, scrubbed


def said(line: str) -> Reply:
    (heard,) = ReplyReader().feed(line.encode() + b"\r\n")
    return Reply.of(heard)


@pytest.mark.parametrize(
    ("stage", "line", "outcome", "suppress"),
    [
        (Stage.MAIL, "421 4.3.2 Shutting down", Throttled, None),
        (Stage.MAIL, "451 4.3.0 Try later", Throttled, None),
        (Stage.RCPT, "450 4.2.2 Mailbox full", Throttled, None),
        (Stage.DATA, "451 4.3.0 Try later", Throttled, None),
        (Stage.BODY, "452 4.3.1 Out of disk", Throttled, None),
        (Stage.MAIL, "530 5.7.0 Authentication required", Misconfigured, None),
        (Stage.RCPT, "530 Authentication required", Misconfigured, None),
        (Stage.RCPT, "550 5.7.0 Mail relay denied", Misconfigured, None),
        (Stage.MAIL, "535 5.7.8 Bad credentials", Misconfigured, None),
        (Stage.MAIL, "553 5.1.8 Sender domain not found", Misconfigured, None),
        (Stage.MAIL, "550 Sender unknown", Misconfigured, None),
        (Stage.RCPT, "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user x", Misconfigured, None),
        (Stage.BODY, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", Misconfigured, None),
        (Stage.RCPT, "554 5.7.1 <a@b.example>: Relay access denied", Misconfigured, None),
        (Stage.MAIL, "552 5.3.4 Message size exceeds limit", MessageRejected, None),
        (Stage.BODY, "552 5.3.4 Too big", MessageRejected, None),
        (Stage.BODY, "552 5.7.0 This attachment is not allowed", MessageRejected, None),
        (Stage.BODY, "554 5.7.1 Looks like spam", MessageRejected, None),
        (Stage.BODY, "550 5.6.0 Cannot convert", MessageRejected, None),
        (Stage.BODY, "554 Transaction failed", MessageRejected, None),
        (Stage.DATA, "554 5.5.1 No valid recipients", MessageRejected, None),
        (Stage.RCPT, "550 5.1.1 User unknown", RecipientRejected, SuppressReason.INVALID),
        (Stage.RCPT, "550 5.1.2 No such domain", RecipientRejected, SuppressReason.INVALID),
        (Stage.RCPT, "501 5.1.3 Bad address syntax", RecipientRejected, SuppressReason.INVALID),
        (Stage.RCPT, "550 5.1.6 Moved", RecipientRejected, SuppressReason.INVALID),
        (Stage.RCPT, "556 5.1.10 Null MX", RecipientRejected, SuppressReason.INVALID),
        (Stage.BODY, "550 5.1.1 User unknown", RecipientRejected, SuppressReason.INVALID),
        (Stage.RCPT, "550 5.2.1 Disabled", RecipientRejected, SuppressReason.HARD_BOUNCE),
        (Stage.RCPT, "552 5.2.2 Mailbox full", RecipientRejected, None),
        (Stage.BODY, "552 5.2.2 Mailbox full", RecipientRejected, None),
        (Stage.RCPT, "552 Exceeded storage allocation", RecipientRejected, None),
        (Stage.RCPT, "550 5.7.1 Not welcome", RecipientRejected, None),
        (Stage.RCPT, "550 Mailbox unavailable", RecipientRejected, None),
        (Stage.RCPT, "550 5.7.1 The recipient has unsubscribed", RecipientRejected, SuppressReason.UNSUBSCRIBED),
    ],
)
def test_a_refusal_means_what_its_codes_say(
    stage: Stage, line: str, outcome: type[Outcome], suppress: SuppressReason | None
) -> None:
    found = refusal(stage, said(line), signed_in=False, to="ana@example.com")
    assert type(found) is outcome
    assert getattr(found, "suppress", None) is suppress
    assert "a@b" not in str(found)


def test_a_relay_that_knows_us_refuses_the_recipient_when_it_will_not_relay() -> None:
    reply = said("554 5.7.1 Relay access denied")
    assert isinstance(refusal(Stage.RCPT, reply, signed_in=True, to="ana@example.com"), RecipientRejected)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("5.1.1 <ana@example.com>: Recipient address rejected", "… Recipient address rejected"),
        ("Mailbox ANA is full", "Mailbox … is full"),
        ("call +1 (202) 555-0123 now", "call … now"),
        ("id 20255501234567", "id …"),
        ("bananas", "bananas"),
        ("evil\x1b[31m\x07", "evil[31m"),
        ("x" * 500, "x" * 160 + "…"),
    ],
)
def test_a_servers_own_words_are_kept_without_what_is_private(text: str, kept: str) -> None:
    assert scrubbed(text.encode(), "ana@example.com") == kept


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("250 2.0.0 Ok: queued as 4F1C2A03", "4F1C2A03"),
        ("250 OK id=1rABcd-0001Xy-2Z", "1rABcd-0001Xy-2Z"),
        ("250 Ok 0100018c2d6f0c3a-5b3c-000000", "0100018c2d6f0c3a-5b3c-000000"),
        ("250 Ok", ""),
        ("250 2.0.0 OK  1699999999 d12-20020a.1 - gsmtp", ""),
        ("250 2.6.0 <abc@mail.example> [InternalId=1] Queued mail for delivery", ""),
        ("250 Ok: queued as <a@b.example>", ""),
    ],
)
def test_a_receipt_is_the_queue_id_where_it_can_be_told(line: str, found: str) -> None:
    assert queue_id((250, line.encode() + b"\r")) == found


STREAM = b"220 hi\r\n250-a\r\n250-b\r\n250 c\r\n250\r\n354 go\n421 4.3.2 bye\r\n"
REPLIES = [(220, b"hi"), (250, b"a\nb\nc"), (250, b""), (354, b"go"), (421, b"4.3.2 bye")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_replies_are_the_same_however_they_arrive(cuts: list[int]) -> None:
    reader = ReplyReader()
    edges = [0, *sorted(cuts), len(STREAM)]
    heard = [one for start, end in pairwise(edges) for one in reader.feed(STREAM[start:end])]
    assert [tuple(Reply.of(one)) for one in heard] == REPLIES
    assert reader.empty


@pytest.mark.parametrize(
    "data",
    [b"\r\n", b"hello\r\n", b"25\r\n", b"150 no\r\n", b"600 no\r\n", b"250x\r\n", b"250-a\r\n251 b\r\n", b"2" * 70_000],
)
def test_what_is_no_reply_is_refused(data: bytes) -> None:
    with pytest.raises(NotSmtp):
        ReplyReader().feed(data)


def test_an_endless_reply_is_refused() -> None:
    with pytest.raises(NotSmtp):
        ReplyReader().feed((b"250-" + b"x" * 4_000 + b"\r\n") * 20)


@given(st.binary(max_size=200))
def test_any_bytes_are_replies_or_are_refused(data: bytes) -> None:
    try:
        heard = ReplyReader().feed(data)
    except NotSmtp:
        return
    assert all(200 <= code < 600 for code, _ in heard)
