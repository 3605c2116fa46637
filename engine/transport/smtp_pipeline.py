"""The way of messages over one session: how far each has gone is known at any moment, and so what a lost one means.

A message whose last octet was given to the socket and that has no answer is in doubt; one that had not come so far is
known not to have been accepted. No message has a task, a timer or an await of its own:

    CHUNKING      RSET MAIL RCPT BDAT and the content in one write, several messages on their way at once (RFC 3030)
    PIPELINING    the content of one message and MAIL RCPT DATA of the next in one write (RFC 2920 section 3.1)
    neither       one command at a time
"""

from engine.transport.base import ConnectionFailed, Outcome, OutcomeUnknown
from engine.transport.smtp_envelope import Ready, Sign, prepare, stuffed
from engine.transport.smtp_reply import Heard, Reply, Stage, queue_id, refusal
from engine.transport.smtp_transaction import Feed, Transaction, Wire

MOST_ON_THEIR_WAY = 8
"""Messages without an answer, with CHUNKING: as many as a lost connection may leave in doubt."""
OCTETS_ON_THEIR_WAY = 262_144


class Pipeline:
    """Sends what a feed gives, until it is empty, the session has had its `most` messages, or the relay says 421."""

    def __init__(self, wire: Wire, *, most: int, return_path: str, sign: Sign | None) -> None:
        self.answered = 0  # messages of this run that the relay has judged
        self._wire = wire
        self._due = wire.due
        self._return_path = return_path
        self._sign = sign
        self._left = most
        self._feed: Feed | None = None
        self._out: list[bytes] = []
        self._contents = 0  # written and not answered
        self._octets = 0
        self._runs = 0
        self._proven = False  # the session is known to be alive in this run
        self._unclean = False  # the relay may hold half a transaction
        self._leaving = False  # it said 421: it is about to close
        self._turned_away = False  # it said so before a content: none that followed was taken

    @property
    def open(self) -> bool:
        """Whether another message may begin."""
        return not self._leaving and self._left > 0

    def begin(self, feed: Feed) -> None:
        """Start on a feed. A session that lay idle may have died unseen: its first message waits for an answer."""
        self._feed = feed
        self.answered = 0
        self._runs += 1
        self._proven = self._runs == 1
        self.go_on()

    def go_on(self) -> None:
        """Write, in one piece, what answers led to and whatever more can begin now."""
        offer, wire, due = self._wire.offer, self._wire, self._due
        if offer.pipelining and offer.chunking:
            if self._proven:
                while self._contents < MOST_ON_THEIR_WAY and self._octets < OCTETS_ON_THEIR_WAY and self._next():
                    pass
            elif not due:
                self._next()
        elif not due or (offer.pipelining and due[-1][0] is Stage.BODY):
            self._next()
        if self._out:
            octets = b"".join(self._out)
            self._out.clear()
            wire.write(octets)
        elif not due:
            wire.finished()

    def _next(self) -> bool:
        """Begin the next message that can be sent here; those that cannot be are settled on the way."""
        feed = self._feed
        while feed is not None and self.open and (taken := feed.take()) is not None:
            number, message = taken
            ready = prepare(message, self._wire.offer, self._return_path, self._sign)
            if isinstance(ready, Ready):
                self._left -= 1
                self._open(Transaction(number, message.to, ready))
                return True
            feed.settle(number, ready)
        return False

    def _open(self, sending: Transaction) -> None:
        offer = self._wire.offer
        if self._unclean:
            self._unclean = False
            self._say(Stage.RSET, sending, b"RSET\r\n")
            if not offer.pipelining:
                return
        self._say(Stage.MAIL, sending, sending.ready.mail)
        if offer.pipelining:
            self._say(Stage.RCPT, sending, sending.ready.rcpt)
            if not offer.chunking:
                self._say(Stage.DATA, sending, b"DATA\r\n")
            elif self._proven:
                self._say_chunk(sending)

    def _say(self, stage: Stage, sending: Transaction, octets: bytes) -> None:
        self._out.append(octets)
        self._due.append((stage, sending))

    def _say_chunk(self, sending: Transaction) -> None:
        self._out.append(b"BDAT %d LAST\r\n" % len(sending.ready.content))
        self._say_content(sending, sending.ready.content)
        # Were this recipient refused, its transaction would stay open, refuse the next MAIL, and still take the next
        # recipient and content: a message accepted that we hold for refused. RSET goes before each.
        self._unclean = True

    def _say_content(self, sending: Transaction, octets: bytes) -> None:
        sending.written = True
        self._contents += 1
        self._octets += len(sending.ready.content)
        self._say(Stage.BODY, sending, octets)

    def hear(self, stage: Stage, sending: Transaction, heard: Heard) -> None:
        """Take one answer about a message; what follows from it is written by `go_on`."""
        code = heard[0]
        if code >= 400:
            self._hear_no(stage, sending, Reply.of(heard))
        elif (code >= 300) is not (stage is Stage.DATA):
            self._out_of_turn(stage, sending, f"The relay said {code} to {stage}, which is no answer to it.")
        elif stage is Stage.BODY:
            self._judged(sending, queue_id(heard))
        elif stage is Stage.DATA:
            self._say_content_or_nothing(sending)
        elif stage is Stage.RCPT and sending.refusal is not None:
            sending.refusal = None
            self._out_of_turn(stage, sending, "The relay refused the sender and took the recipient.")
        elif not self._written_ahead(stage, sending):
            self._step(stage, sending)

    def _hear_no(self, stage: Stage, sending: Transaction, reply: Reply) -> None:
        if reply.code == 421:
            self._leaving = True
            self._turned_away = self._turned_away or stage is not Stage.BODY
        if sending.refusal is None and stage is not Stage.RSET:
            # The first refusal is the reason; those after it follow from it.
            sending.refusal = refusal(stage, reply, signed_in=self._wire.signed_in, to=sending.to)
        if stage is Stage.BODY:
            self._judged(sending)
        elif stage is Stage.DATA or not self._written_ahead(stage, sending):
            self._step(stage, sending)

    def _out_of_turn(self, stage: Stage, sending: Transaction, why: str) -> None:
        self._due.append((stage, sending))  # it is still without an answer
        self._wire.end(why)

    def _written_ahead(self, stage: Stage, sending: Transaction) -> bool:
        """Whether the command after `stage` has been written already, so that its answer decides."""
        offer = self._wire.offer
        return offer.pipelining and (stage is not Stage.RCPT or not offer.chunking or sending.written)

    def _step(self, stage: Stage, sending: Transaction) -> None:
        """The command after `stage`, where that waited for an answer; the end of a message that was refused."""
        if sending.refusal is not None:
            self._unclean = self._proven = True
            self._settled(sending, sending.refusal)
        elif stage is Stage.RSET:
            self._say(Stage.MAIL, sending, sending.ready.mail)
        elif stage is Stage.MAIL:
            self._say(Stage.RCPT, sending, sending.ready.rcpt)
        elif self._wire.offer.pipelining:
            self._proven = True
            self._say_chunk(sending)
        else:
            self._say(Stage.DATA, sending, b"DATA\r\n")

    def _say_content_or_nothing(self, sending: Transaction) -> None:
        """After 354: the content, or none for a message that was refused before (RFC 2920 section 3.1)."""
        if sending.refusal is None:
            self._out.append(stuffed(sending.ready.content))
            self._say_content(sending, b".\r\n")
        else:
            self._unclean = True
            self._say(Stage.BODY, sending, b".\r\n")

    def _judged(self, sending: Transaction, queued_as: str = "") -> None:
        """The answer to the content is in: an acceptance, unless something before it was refused."""
        if sending.written:
            self._contents -= 1
            self._octets -= len(sending.ready.content)
        if sending.refusal is not None:
            self._settled(sending, sending.refusal)
        elif self._feed is not None:
            self.answered += 1
            self._feed.accepted(sending.number, queued_as)

    def _settled(self, sending: Transaction, outcome: Outcome) -> None:
        self.answered += not self._leaving
        if self._feed is not None:
            self._feed.settle(sending.number, outcome)

    def lost(self, why: str) -> None:
        """The session has ended: each message comes to what is known of it."""
        feed, self._feed = self._feed, None
        on_their_way = dict.fromkeys(about for _, about in self._due if isinstance(about, Transaction))
        self._due.clear()
        self._out.clear()
        if feed is None:
            return
        for sending in on_their_way:
            if sending.refusal is not None:
                feed.settle(sending.number, sending.refusal)
            elif self._turned_away:
                # A relay that closes after so many messages says it to the next one's MAIL (RFC 5321 section 4.2.2:
                # closing transmission channel); those behind that one go over the next session.
                if not (self.answered and feed.give_back(sending.number)):
                    feed.settle(sending.number, ConnectionFailed(f"{why} It had said 421 before it came to this one."))
            elif sending.written:
                feed.settle(sending.number, OutcomeUnknown(f"{why} It had the whole message."))
            elif not (self._runs > 1 and self.answered == 0 and feed.give_back(sending.number)):
                feed.settle(sending.number, ConnectionFailed(f"{why} It did not have the whole message."))
