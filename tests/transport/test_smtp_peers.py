"""Servers that others wrote take our mail: aiosmtpd always, Postfix where it is installed."""

import asyncio
import gc
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from rig_smtp import free_port
from smtp_server import Server, serving

from engine.testing.transports import CHECKS, Check, email
from engine.transport.base import Accepted, Outcome, RecipientRejected
from engine.transport.setup import Setup
from engine.transport.smtp import SmtpTransport

BODY = "Zoë’s café\r\n.\r\n..two\r\n.one\r\nQUIT\r\n" + "x" * 400 + "\r\n"


class Mailbox:
    """Keeps what aiosmtpd took, as it took it."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"


class Patient(SMTP):
    """Takes the suite's line of 1,500 characters, which no message of the engine's own has."""

    line_length_limit = 10_000


class Peer(Controller):
    def factory(self) -> SMTP:
        return Patient(self.handler, **self.SMTP_kwargs)


@pytest.fixture
def aiosmtpd() -> Iterator[tuple[int, Mailbox]]:
    mailbox = Mailbox()
    controller = Peer(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port, mailbox
    controller.stop()


def transport(port: int, **options: object) -> SmtpTransport:
    return SmtpTransport.configure(
        Setup("smtp", {"host": "127.0.0.1", "port": port, "security": "none", "answer_seconds": 30, **options})
    )


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_contract_of_transports(check: Check, aiosmtpd: tuple[int, Mailbox]) -> None:
    asyncio.run(check(lambda: transport(aiosmtpd[0])))


def test_aiosmtpd_gets_octet_for_octet_what_we_sent(aiosmtpd: tuple[int, Mailbox]) -> None:
    port, mailbox = aiosmtpd
    batch = [email(number, BODY * number) for number in range(1, 6)]

    async def run() -> None:
        smtp = transport(port, connections=1)
        assert all(isinstance(outcome, Accepted) for outcome in await smtp.send(batch))
        await smtp.aclose()

    asyncio.run(run())
    assert [envelope.content for envelope in mailbox.envelopes] == [message.mime() for message in batch]


def test_a_loop_that_ends_closes_what_nobody_closed(aiosmtpd: tuple[int, Mailbox]) -> None:
    smtp = transport(aiosmtpd[0])
    for number in (1, 2):
        (outcome,) = asyncio.run(_send(smtp, number))
        assert isinstance(outcome, Accepted)
    del smtp
    gc.collect()  # a socket left open would be found now, and warnings are errors


async def _send(smtp: SmtpTransport, number: int) -> Sequence[Outcome]:
    return await smtp.send([email(number)])


MAIN = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = {root}/log
maillog_file_prefixes = {root}
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = relay.rekindle.example
mydestination =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = rekindle.example example.com
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = inline:{{ {{ana@example.com=ana/}}, {{bounces@rekindle.example=bounces/}} }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
transport_maps = inline:{{ {{bounced.example=smtp:[127.0.0.1]:{next_hop}}} }}
smtpd_discard_ehlo_keywords = {without}
smtputf8_enable = no
"""


class Postfix:
    """A Postfix of our own, in a folder of its own, on ports of its own."""

    def __init__(self, root: Path, without: str) -> None:
        self.root = root
        self.port, self.next_hop = free_port(), free_port()
        for name, owner in (("conf", ""), ("queue", ""), ("data", "postfix"), ("mail", "nobody")):
            (root / name).mkdir()
            if owner:
                shutil.chown(root / name, owner)
        main = MAIN.format(root=root, next_hop=self.next_hop, without=without)
        (root / "conf" / "main.cf").write_text(main, encoding="utf-8")
        master = Path("/usr/share/postfix/master.cf.dist").read_text(encoding="utf-8")
        master = re.sub(r"(?m)^smtp +inet.*$", f"127.0.0.1:{self.port} inet n - n - - smtpd", master)
        master = re.sub(r"(?m)^([a-z]+ +(?:unix|inet) +[-yn] +[-yn] +)y", r"\1n", master)
        (root / "conf" / "master.cf").write_text(master, encoding="utf-8")

    def order(self, what: str) -> None:
        done = subprocess.run(["postfix", "-c", self.root / "conf", what], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"Postfix is installed but does not {what} here")

    def mails(self, box: str, wanted: int) -> list[bytes]:
        """The mails in a mailbox, as soon as there are so many."""
        for _ in range(300):
            found = list((self.root / "mail" / box / "new").glob("*"))
            if len(found) >= wanted:
                break
            time.sleep(0.1)
        return [path.read_bytes() for path in found]


@pytest.fixture(params=["", "chunking", "chunking pipelining 8bitmime dsn"])
def postfix(request: pytest.FixtureRequest) -> Iterator[Postfix]:
    if shutil.which("postfix") is None:
        pytest.skip("Postfix is not installed: our SMTP is not tried against it")
    root = Path(f"/tmp/rekindle-postfix-{free_port()}")  # its daemons may not enter a folder that only root may
    root.mkdir()
    server = Postfix(root, request.param)
    try:
        server.order("start")
        yield server
    finally:
        subprocess.run(["postfix", "-c", root / "conf", "abort"], capture_output=True, check=False)
        shutil.rmtree(root, ignore_errors=True)


@pytest.mark.slow
def test_postfix_takes_what_it_says_it_takes_once_and_bounces_with_our_reference(postfix: Postfix) -> None:
    strangers = {3, 4, 11}
    batch = [email(number, BODY, f"{'nobody' if number in strangers else 'ana'}@example.com") for number in range(30)]

    async def run() -> None:
        smtp = transport(postfix.port, return_path="bounces@rekindle.example")
        outcomes = await smtp.send(batch)
        assert [number for number, one in enumerate(outcomes) if isinstance(one, RecipientRejected)] == [3, 4, 11]
        assert sum(isinstance(one, Accepted) for one in outcomes) == 27
        next_hop = Server(("8BITMIME", "DSN"), {"RCPT": b"550 5.1.1 No such user"}, port=postfix.next_hop)
        async with serving(next_hop):
            (one,) = await smtp.send([email(77, "Hello", "gone@bounced.example")])
            assert isinstance(one, Accepted)
            (bounce,) = await asyncio.to_thread(postfix.mails, "bounces", 1)
        await smtp.aclose()
        assert b"77.0" in bounce
        assert b"Status: 5.1.1" in bounce

    asyncio.run(run())
    arrived = [message_from_bytes(content, policy=policy.default) for content in postfix.mails("ana", 27)]
    assert sorted(mail["Message-ID"] for mail in arrived) == sorted(
        message.message_id for message in batch if message.delivery_id not in strangers
    )
    for content in postfix.mails("ana", 27):
        sevenbit = b"base64" in content
        assert sevenbit or BODY.replace("\r\n", "\n").encode() in content
