"""Whatever a relay offers and however it fails, each message's outcome is what became of it; none goes twice."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rig_smtp import SmtpRig, mails, smtp
from smtp_server import CHUNKED, LOCKSTEP, MANNERS, PIPELINED, Act, Server, serving

from engine.run.loop import runner
from engine.testing.situations import Situation, face
from engine.testing.transports import email, sms
from engine.transport.base import (
    Accepted,
    ConnectionFailed,
    EmailMessage,
    Message,
    MessageRejected,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    RecipientRejected,
    Throttled,
)

AFTER_CONTENT = {Situation.SERVER_ERROR, Situation.UNREADABLE, Situation.SILENT_AFTER, Situation.RESET, Situation.SLOW}


def sent(server: Server, *batches: Sequence[Message], **options: object) -> list[Outcome]:
    """The outcomes of batches sent one after another over one transport."""

    async def run() -> list[Outcome]:
        async with serving(server):
            transport = smtp(server, **options)
            outcomes = [outcome for batch in batches for outcome in await transport.send(batch)]
            await transport.aclose()
        return outcomes

    outcomes = asyncio.run(run())
    assert server.wrongs == []
    accepted = [
        message.delivery_id
        for message, outcome in zip([each for batch in batches for each in batch], outcomes, strict=True)
        if isinstance(outcome, Accepted)
    ]
    doubtful = sum(isinstance(outcome, OutcomeUnknown) for outcome in outcomes)
    arrived = list(server.accepted())
    assert len(arrived) == len(set(arrived)), "one went twice"
    assert set(accepted) <= set(arrived), "one that was said to be accepted was not"
    assert len(set(arrived) - set(accepted)) <= doubtful, "one that was said to be refused was accepted"
    return outcomes


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


@pytest.fixture(params=MANNERS)
def offer(request: pytest.FixtureRequest) -> Sequence[str]:
    return MANNERS[request.param]


@pytest.mark.parametrize("situation", [each for each in Situation if each not in AFTER_CONTENT], ids=str)
@pytest.mark.parametrize("manner", ["pipelined", "lockstep"])
def test_every_manner_of_speaking_faces_every_situation(manner: str, situation: Situation) -> None:
    assert asyncio.run(face(SmtpRig(MANNERS[manner]), situation))


@pytest.mark.parametrize("situation", Situation, ids=str)
def test_the_loop_that_workers_run_on_faces_every_situation(situation: Situation) -> None:
    with runner() as running:
        assert running.run(face(SmtpRig(), situation))


@pytest.mark.parametrize("content", [Act.CLOSE, Act.RESET, Act.SILENT, Act.SLOW, b"What?", b"354 go on"], ids=str)
@pytest.mark.parametrize("manner", ["pipelined", "lockstep"])
def test_one_at_a_time_only_what_was_written_is_in_doubt(manner: str, content: Act | bytes) -> None:
    server = Server(MANNERS[manner], {"CONTENT": content})
    outcomes = sent(server, mails(1, 2, 3), connections=1, answer_seconds=0.3)
    assert kinds(outcomes) == ["OutcomeUnknown", "ConnectionFailed", "ConnectionFailed"]


def test_a_batch_is_spread_over_several_sessions_and_answered_in_its_order(offer: Sequence[str]) -> None:
    server = Server(offer)
    batch = mails(*range(1, 41))
    outcomes = sent(server, batch)
    by_id = {mail.delivery_id: f"Q{number:06d}" for number, mail in enumerate(server.mails, 1)}
    assert outcomes == [Accepted(by_id[message.delivery_id]) for message in batch]
    assert server.connections == 4


def test_sessions_are_kept_for_the_next_batch(offer: Sequence[str]) -> None:
    server = Server(offer)
    assert kinds(sent(server, mails(1), mails(2), mails(3, 4, 5))) == ["Accepted"] * 5
    assert server.connections == 1


def test_a_refused_recipient_stops_nobody_else_and_takes_nobody_elses_message(offer: Sequence[str]) -> None:
    server = Server(offer, {("RCPT", each): b"550 5.1.1 User unknown" for each in (1, 3, 4, 9)})
    outcomes = sent(server, mails(*range(1, 10)), mails(10, 11), connections=1)
    refused = [number for number, outcome in enumerate(outcomes, 1) if isinstance(outcome, RecipientRejected)]
    assert refused == [1, 3, 4, 9]
    assert server.accepted() == [2, 5, 6, 7, 8, 10, 11]
    assert [mail.mail_parameters for mail in server.mails if f"ENVID={mail.delivery_id}." in mail.mail_parameters] or (
        "DSN" not in offer
    )


def test_a_relay_that_wants_the_content_for_nobody_gets_an_empty_one() -> None:
    server = Server(PIPELINED, {("RCPT", 2): b"550 5.1.1 User unknown", "DATA": b"354 eager"})
    assert kinds(sent(server, mails(1, 2, 3), connections=1)) == ["Accepted", "RecipientRejected", "Accepted"]


def test_a_refused_sender_burns_nothing(offer: Sequence[str]) -> None:
    server = Server(offer, {"MAIL": b"553 5.1.8 Sender unknown"})
    outcomes = sent(server, mails(1, 2), connections=1)
    assert kinds(outcomes) == ["Misconfigured"] * 2
    assert "return_path" in str(outcomes[0])


def test_a_sender_refused_for_one_message_harms_no_other(offer: Sequence[str]) -> None:
    server = Server(offer, {("MAIL", 2): b"451 4.3.0 Not now"})
    assert kinds(sent(server, mails(1, 2, 3), connections=1)) == ["Accepted", "Throttled", "Accepted"]


def test_a_relay_that_takes_a_recipient_without_a_sender_is_not_believed() -> None:
    for offer, expected in ((CHUNKED, "OutcomeUnknown"), (PIPELINED, "ConnectionFailed")):
        server = Server(offer, {("MAIL", 1): b"451 4.3.0 Not now"}, lax=True)
        assert kinds(sent(server, mails(1))) == [expected]


@pytest.mark.parametrize(
    ("manner", "expected"),
    [
        # It had the fourth and fifth, and may have gone on after its good-bye.
        ("chunked", ["Accepted", "Accepted", "Throttled", "OutcomeUnknown", "OutcomeUnknown"]),
        ("pipelined", ["Accepted", "Accepted", "Throttled", "ConnectionFailed", "Accepted"]),
        ("lockstep", ["Accepted", "Accepted", "Throttled", "Accepted", "Accepted"]),
    ],
)
def test_a_good_bye_in_the_middle_is_for_the_message_it_answers(manner: str, expected: list[str]) -> None:
    server = Server(MANNERS[manner], {("CONTENT", 3): b"421 4.7.0 Closing"})
    assert kinds(sent(server, mails(1, 2, 3, 4, 5), connections=1)) == expected


def test_a_relay_that_closes_after_so_many_messages_gets_the_rest_over_the_next_session(offer: Sequence[str]) -> None:
    server = Server(offer, {("MAIL", number): b"421 4.7.0 Closing: too many messages" for number in (21, 42, 63)})
    outcomes = sent(server, mails(*range(1, 61)), connections=1)
    assert Counter(kinds(outcomes)) == {"Accepted": 58, "Throttled": 2}


def test_a_good_bye_to_the_first_message_is_not_tried_again_at_once(offer: Sequence[str]) -> None:
    server = Server(offer, {"MAIL": b"421 4.7.0 Closing"})
    outcomes = sent(server, mails(*range(1, 31)), connections=2)
    assert {"Throttled"} <= set(kinds(outcomes)) <= {"Throttled", "ConnectionFailed", "OutcomeUnknown"}
    assert server.connections == 2


def test_a_session_that_died_idle_is_replaced_without_a_word(offer: Sequence[str]) -> None:
    async def run(how: str) -> list[Outcome]:
        server = Server(offer)
        async with serving(server):
            transport = smtp(server)
            await transport.send(mails(1))
            for writer in server.writers:
                if how == "seen":
                    writer.close()
                else:  # the next thing it hears is a reset: its answer to what we write
                    writer.transport.abort()
            if how == "seen":
                await asyncio.sleep(0.01)
            outcomes = await transport.send(mails(2, 3))
            await transport.aclose()
        assert sorted(server.accepted()) == [1, 2, 3]
        return list(outcomes)

    for how in ("seen", "unseen"):
        assert kinds(asyncio.run(run(how))) == ["Accepted"] * 2


def test_a_session_that_hangs_idle_is_replaced_after_the_time_out(offer: Sequence[str]) -> None:
    server = Server(offer, {("MAIL", 2): Act.SILENT} if offer is LOCKSTEP else {("RSET", 1): Act.SILENT})
    if offer is PIPELINED:
        server.script = {("MAIL", 2): Act.SILENT}
    assert kinds(sent(server, mails(1), mails(2), answer_seconds=0.3)) == ["Accepted"] * 2
    assert server.connections == 2


def test_after_so_many_messages_a_session_is_replaced(offer: Sequence[str]) -> None:
    server = Server(offer)
    outcomes = sent(server, mails(*range(1, 11)), connections=1, messages_per_connection=4)
    assert kinds(outcomes) == ["Accepted"] * 10
    assert [mail.connection for mail in server.mails] == [1] * 4 + [2] * 4 + [3] * 2


def test_with_chunking_few_messages_are_on_their_way_at_a_time() -> None:
    server = Server(CHUNKED, {"CONTENT": Act.SILENT})
    outcomes = sent(server, mails(*range(1, 21)), connections=1, answer_seconds=0.3)
    assert kinds(outcomes) == ["OutcomeUnknown"] * 8 + ["ConnectionFailed"] * 12


def test_sending_that_is_called_off_leaves_no_session_behind(offer: Sequence[str]) -> None:
    async def run() -> list[Outcome]:
        server = Server(offer, {("CONTENT", 1): Act.SILENT})
        async with serving(server):
            transport = smtp(server)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await transport.send(mails(1))
            async with asyncio.timeout(10):
                await server.ended.wait()
            outcomes = await transport.send(mails(2))
            await transport.aclose()
        assert server.connections == 2
        return list(outcomes)

    assert kinds(asyncio.run(run())) == ["Accepted"]


def test_several_hand_overs_at_once_share_the_sessions(offer: Sequence[str]) -> None:
    async def run() -> None:
        server = Server(offer)
        async with serving(server):
            transport = smtp(server, connections=2)
            batches = [mails(*range(start, start + 20)) for start in (100, 200, 300)]
            answers = await asyncio.gather(*(transport.send(batch) for batch in batches))
            await transport.aclose()
        assert all(kinds(outcomes) == ["Accepted"] * 20 for outcomes in answers)
        assert len(server.mails) == 60
        assert server.connections == 2

    asyncio.run(run())


def test_a_transport_outlives_its_event_loop() -> None:
    server = Server()
    transport = []

    async def run(number: int) -> Sequence[Outcome]:
        async with serving(server):
            if not transport:
                transport.append(smtp(server))
            transport[0]._relay = replace(transport[0]._relay, port=server.port)
            return await transport[0].send(mails(number))

    assert [kinds(asyncio.run(run(number))) for number in (1, 2, 3)] == [["Accepted"]] * 3


BODIES = st.text(st.sampled_from("a.\r\n é💛\t=-"), max_size=60) | st.text(max_size=30).map(
    lambda text: text.encode("utf-8", "ignore").decode()
)


@settings(max_examples=40)
@given(bodies=st.lists(BODIES, min_size=1, max_size=5), manner=st.sampled_from(sorted(MANNERS)))
def test_any_content_arrives_octet_for_octet(bodies: list[str], manner: str) -> None:
    server = Server(MANNERS[manner])
    batch = [email(number, body) for number, body in enumerate(bodies, 1)]
    assert kinds(sent(server, batch, connections=1)) == ["Accepted"] * len(batch)
    for message, mail in zip(batch, server.mails, strict=True):
        lines = message.mime().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        assert mail.content == b"\r\n".join(lines)


@pytest.mark.parametrize("body", [".", "..", ".\r\n.", "a\r\n.\r\nMAIL FROM:<x@y>\r\n", "\n.\n", "\r.\r", "a\r\n."])
def test_dots_end_no_message(offer: Sequence[str], body: str) -> None:
    message = replace(email(7), assemble=lambda _: b"Message-ID: <7.0@x>\r\n\r\n" + body.encode())
    server = Server(offer)
    outcomes = sent(server, [message, *mails(8)], connections=1)
    assert kinds(outcomes) == ["Accepted"] * 2
    assert [line for line in server.log if line.startswith("MAIL FROM:<x")] == []


def test_what_is_not_one_plain_address_is_never_written(offer: Sequence[str]) -> None:
    wrong = [
        "a@b.example>\r\nRCPT TO:<x@y.example",
        "a b@c.example",
        "a@b.example\n",
        "",
        "a",
        "@b",
        "a@b,c@d",
        "<a@b>",
    ]
    wrong += ["a\x00@b.example", "a\x85@b.example", "a\u2028@b.example", "\udcff@b.example"]
    server = Server(offer)
    outcomes = sent(server, [email(number, to=to) for number, to in enumerate(wrong)] + mails(99))
    assert kinds(outcomes) == ["MessageRejected"] * len(wrong) + ["Accepted"]
    assert not any("@y.example" in line for line in server.log)
    assert "@" not in str(outcomes[:-1])


def test_a_sender_that_is_no_address_is_ours_to_mend() -> None:
    server = Server()
    assert isinstance(sent(server, [replace(email(1), sender="Nobody")])[0], Misconfigured)


def test_texts_are_not_for_a_relay_and_one_that_cannot_be_written_stops_nobody() -> None:
    def broken(message: EmailMessage) -> bytes:
        raise ValueError("words of ana@example.com")

    outcomes = sent(Server(), [sms(1), replace(email(2), assemble=broken), email(3)])
    assert kinds(outcomes) == ["MessageRejected", "MessageRejected", "Accepted"]
    assert "ana" not in str(outcomes)


@pytest.mark.parametrize(
    ("offers", "to", "kind", "parameters"),
    [
        (("SIZE 100",), "ana@example.com", MessageRejected, None),
        (("SIZE 0",), "ana@example.com", Accepted, "SIZE=128"),
        (("8BITMIME",), "ana@example.com", Accepted, ""),
        (("8BITMIME", "SMTPUTF8"), "añá@example.com", Accepted, "BODY=8BITMIME SMTPUTF8"),
        (("8BITMIME",), "añá@example.com", RecipientRejected, None),
        (("DSN",), "ana@example.com", Accepted, "RET=HDRS ENVID=1.0"),
    ],
)
def test_only_what_is_offered_is_used(
    offers: Sequence[str], to: str, kind: type[Outcome], parameters: str | None
) -> None:
    server = Server(offers)
    (outcome,) = sent(server, [email(1, to=to)])
    assert type(outcome) is kind
    assert getattr(outcome, "suppress", None) is None
    if parameters is not None:
        assert server.mails[0].mail_parameters == parameters
        assert server.mails[0].rcpt_parameters == ("NOTIFY=FAILURE,DELAY" if "DSN" in offers else "")


def test_eight_bit_content_is_declared_or_written_in_seven_bits() -> None:
    from email import message_from_bytes, policy

    declared, undeclared = Server(("8BITMIME",)), Server(())
    for server in (declared, undeclared):
        assert kinds(sent(server, [email(1, "Zoë 💛\r\n.\r\n")])) == ["Accepted"]
    assert declared.mails[0].mail_parameters == "BODY=8BITMIME"
    assert undeclared.mails[0].content.isascii()
    read = message_from_bytes(undeclared.mails[0].content, policy=policy.default)
    assert read["Message-ID"] == "<1.0@rekindle.example>"
    assert read.get_content().split() == ["Zoë", "💛", "."]


def test_the_return_path_is_the_envelopes_sender() -> None:
    server = Server()
    sent(server, mails(1), return_path="bounces@rekindle.example")
    assert server.mails[0].sender == "bounces@rekindle.example"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ({"GREET": b"421 4.3.2 Busy"}, ConnectionFailed),
        ({"GREET": b"450 Not yet"}, ConnectionFailed),
        ({"GREET": b"550 No"}, ConnectionFailed),
        ({"GREET": b"554 5.7.1 Your address is listed"}, Misconfigured),
        ({"GREET": b"HTTP/1.1 400 Bad Request"}, ConnectionFailed),
        ({"GREET": Act.CLOSE}, ConnectionFailed),
        ({"EHLO": b"550 5.7.1 Bad helo"}, Misconfigured),
        ({"EHLO": b"451 4.3.0 Not now"}, Throttled),
        ({"EHLO": Act.RESET}, ConnectionFailed),
    ],
)
def test_a_session_that_does_not_come_about_has_sent_nothing(
    script: dict[str | tuple[str, int], bytes | Act], kind: type[Outcome]
) -> None:
    outcomes = sent(Server(CHUNKED, script), mails(*range(1, 11)))
    assert [type(outcome) for outcome in outcomes] == [kind] * 10
