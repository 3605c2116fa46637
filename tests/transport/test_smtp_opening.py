"""A session is opened safely or not at all, and what stands in its way names the setting to mend."""

import asyncio
import base64
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from rig_smtp import free_port, mails, smtp
from smtp_server import CHUNKED, Act, Answer, Server, serving

from engine.errors import SettingsError
from engine.testing import certificate
from engine.transport.base import Accepted, ConnectionFailed, Finding, Misconfigured, Outcome
from engine.transport.setup import Setup
from engine.transport.smtp import SmtpTransport
from engine.transport.smtp_connection import Session
from engine.transport.smtp_opening import Security
from engine.transport.smtp_settings import relay_of

SECRET = "open sesame"
LOGIN_LINES = ["AUTH LOGIN", base64.b64encode(b"us").decode(), base64.b64encode(SECRET.encode()).decode()]
PLAIN_LINE = "AUTH PLAIN " + base64.b64encode(b"\0us\0" + SECRET.encode()).decode()
XOAUTH2_LINE = "AUTH XOAUTH2 " + base64.b64encode(b"user=us\x01auth=Bearer " + SECRET.encode() + b"\x01\x01").decode()


def outcome(server: Server, **options: object) -> Outcome:
    async def run() -> Outcome:
        async with serving(server):
            transport = smtp(server, **options)
            (one,) = await transport.send(mails(1))
            await transport.aclose()
        return one

    return asyncio.run(run())


def checked(server: Server, **options: object) -> Sequence[Finding]:
    async def run() -> Sequence[Finding]:
        async with serving(server):
            return await smtp(server, **options).check()

    return asyncio.run(run())


@pytest.mark.parametrize("implicit", [True, False], ids=["tls", "starttls"])
@pytest.mark.parametrize(("name", "good"), [("127.0.0.1", True), ("other.example", False)])
def test_the_certificate_must_be_the_hosts(tmp_path: Path, implicit: bool, name: str, good: bool) -> None:
    tls, authority = certificate.serving(tmp_path, name)
    server = Server((*CHUNKED, "STARTTLS"), tls=tls, implicit=implicit)
    one = outcome(server, security="tls" if implicit else "starttls", ca_file=str(authority))
    assert isinstance(one, Accepted if good else Misconfigured)
    assert good or "certificate" in str(one)


@pytest.mark.parametrize("implicit", [True, False], ids=["tls", "starttls"])
def test_an_authority_that_nobody_trusts_is_not_trusted(tmp_path: Path, implicit: bool) -> None:
    tls, _ = certificate.serving(tmp_path)
    server = Server((*CHUNKED, "STARTTLS"), tls=tls, implicit=implicit)
    one = outcome(server, security="tls" if implicit else "starttls")
    assert isinstance(one, Misconfigured)
    assert server.mails == []


def test_starttls_that_is_not_offered_is_never_done_without() -> None:
    server = Server((*CHUNKED, "AUTH PLAIN"))
    one = outcome(server, security="starttls", username="us", password=SECRET)
    assert isinstance(one, Misconfigured)
    assert "STARTTLS" in one.detail
    assert [line.split()[0] for line in server.log] == ["EHLO"]


@pytest.mark.parametrize("extra", [b"220 go\r\n250 injected", b"220 go\r\n250-inj"])
def test_what_is_said_before_tls_is_not_taken_for_the_relays_words(tmp_path: Path, extra: bytes) -> None:
    tls, authority = certificate.serving(tmp_path)
    server = Server((*CHUNKED, "STARTTLS"), {"STARTTLS": extra}, tls=tls)
    assert isinstance(outcome(server, security="starttls", ca_file=str(authority)), ConnectionFailed)
    assert server.mails == []


@pytest.mark.parametrize(("refused", "kind"), [(b"454 4.7.0 Not now", "Throttled"), (b"502 5.5.1 No", "Misconfigured")])
def test_a_relay_that_refuses_starttls_gets_no_message(refused: bytes, kind: str) -> None:
    one = outcome(Server((*CHUNKED, "STARTTLS"), {"STARTTLS": refused}), security="starttls")
    assert type(one).__name__ == kind


def test_clear_text_where_tls_is_asked_for_says_so() -> None:
    one = outcome(Server(), security="tls")
    assert isinstance(one, Misconfigured)
    assert "starttls" in checked(Server(), security="tls")[-1].fix


@pytest.mark.parametrize(
    ("offered", "options", "lines"),
    [
        ("AUTH PLAIN LOGIN", {"password": SECRET}, [PLAIN_LINE]),
        ("AUTH=LOGIN PLAIN", {"password": SECRET}, [PLAIN_LINE]),
        ("AUTH LOGIN", {"password": SECRET}, LOGIN_LINES),
        ("AUTH PLAIN LOGIN", {"password": SECRET, "auth": "login"}, LOGIN_LINES),
        ("AUTH LOGIN XOAUTH2", {"token": SECRET}, [XOAUTH2_LINE]),
    ],
)
def test_it_signs_in_with_what_is_wanted_and_offered(
    tmp_path: Path, offered: str, options: dict[str, str], lines: list[str]
) -> None:
    tls, authority = certificate.serving(tmp_path)
    server = Server((*CHUNKED, offered), tls=tls, implicit=True)
    one = outcome(server, security="tls", ca_file=str(authority), username="us", **options)
    assert isinstance(one, Accepted)
    assert server.log[1 : 1 + len(lines)] == lines


@pytest.mark.parametrize(
    ("offered", "options"),
    [("AUTH CRAM-MD5", {"password": SECRET}), ("SIZE", {"password": SECRET}), ("AUTH PLAIN", {"token": SECRET})],
)
def test_no_way_to_sign_in_is_ours_to_mend(offered: str, options: dict[str, str]) -> None:
    one = outcome(Server((offered,)), username="us", **options)
    assert isinstance(one, Misconfigured)
    assert "sign in" in one.detail


@pytest.mark.parametrize(("offered", "key"), [("AUTH PLAIN", "password"), ("AUTH XOAUTH2", "token")])
def test_a_wrong_key_is_named_and_not_shown(offered: str, key: str) -> None:
    script: dict[str | tuple[str, int], Answer] = {"AUTH": b"535 5.7.8 Bad credentials for us@example.com"}
    one = outcome(Server((offered,), script), username="us", **{key: SECRET})
    assert isinstance(one, Misconfigured)
    assert "example.com" not in one.detail
    assert f"`{key}`" in checked(Server((offered,), script), username="us", **{key: SECRET})[-1].fix


def test_a_sign_in_that_is_refused_for_now_is_tried_again_later() -> None:
    one = outcome(Server(("AUTH PLAIN",), {"AUTH": b"454 4.7.0 Busy"}), username="us", password=SECRET)
    assert type(one).__name__ == "Throttled"


def test_a_token_is_read_anew_for_each_session(tmp_path: Path) -> None:
    server, token = Server(("AUTH XOAUTH2",)), tmp_path / "token"

    async def run() -> None:
        token.write_text("first\n")
        async with serving(server):
            transport = smtp(server, username="us", token_file=str(token))
            for word in ("second", "third"):
                token.write_text(word)
                assert isinstance((await transport.send(mails(1)))[0], Accepted)
                await transport.aclose()
            token.unlink()
            assert isinstance((await transport.send(mails(1)))[0], Misconfigured)

    asyncio.run(run())
    said = [base64.b64decode(line.split()[2]) for line in server.log if line.startswith("AUTH")]
    assert [word in line for word, line in zip((b"second", b"third"), said, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("script", "options", "good", "last"),
    [
        ({}, {}, [True] * 4, "Extensions: PIPELINING, CHUNKING"),
        ({}, {"return_path": "bounces@rekindle.example"}, [True] * 4, "Extensions"),
        ({"MAIL": b"550 5.7.1 No"}, {"return_path": "bounces@rekindle.example"}, [True, True, False, True], ""),
        ({"GREET": b"554 5.7.1 Listed"}, {}, [True, False], "greets with 554"),
        ({"GREET": Act.CLOSE}, {}, [True, False], "closed the connection"),
    ],
)
def test_a_check_says_what_was_tried_and_what_to_mend(
    script: dict[str | tuple[str, int], Answer], options: dict[str, str], good: list[bool], last: str
) -> None:
    server = Server(CHUNKED, script)
    findings = checked(server, **options)
    assert [finding.good for finding in findings] == good
    assert last in findings[-1].what
    assert all(finding.good or finding.fix for finding in findings)
    assert server.mails == []
    assert "@" not in str(findings)


def test_a_check_does_not_keep_who_watches_waiting_and_says_what_silence_may_mean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.transport.smtp_check.PATIENCE", 0.2)
    connected, silent = checked(Server(CHUNKED, {"GREET": Act.SILENT}), answer_seconds=60)
    assert (connected.good, silent.good) == (True, False)
    assert 'security = "tls"' in silent.fix


def test_an_expired_certificate_is_not_mended_by_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "DAYS", timedelta(days=1))
    tls, authority = certificate.serving(tmp_path)
    server = Server((*CHUNKED, "STARTTLS"), tls=tls)
    finding = checked(server, security="starttls", ca_file=str(authority))[-1]
    assert "expired" in finding.what
    assert "renew" in finding.fix


@pytest.mark.parametrize(
    ("port", "security"), [(465, Security.TLS), (587, Security.STARTTLS), (2525, Security.STARTTLS)]
)
def test_the_port_for_tls_from_the_start_needs_no_second_option(port: int, security: Security) -> None:
    assert relay_of(Setup("mail", {"host": "relay.example", "port": port})).security is security


def test_a_check_of_a_relay_that_is_not_there_names_host_and_port() -> None:
    (finding,) = asyncio.run(smtp(Server(port=free_port())).check())
    assert not finding.good
    assert "connection refused" in finding.what
    assert "`port`" in finding.fix


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({}, "host"),
        ({"host": ""}, "host"),
        ({"prot": 25}, "prot"),
        ({"port": 0}, "port"),
        ({"security": "ssl"}, "security"),
        ({"security": "none", "username": "us", "password": SECRET}, "security"),
        ({"security": "none", "host": "127.evil.example", "username": "us", "password": SECRET}, "security"),
        ({"username": "us"}, "password"),
        ({"password": SECRET}, "username"),
        ({"username": "us", "password": SECRET, "auth": "xoauth2"}, "auth"),
        ({"username": "us", "token": SECRET, "auth": "plain"}, "auth"),
        ({"username": "us", "password_file": "missing"}, "password_file"),
        ({"ca_file": "missing.pem"}, "ca_file"),
        ({"connections": 0}, "connections"),
        ({"return_path": "a@b.example>\r\nRCPT TO:<c@d.example"}, "return_path"),
        ({"helo": "here\r\nQUIT"}, "helo"),
        ({"helo": "localhost"}, "helo"),
        ({"dkim_domain": "rekindle.example", "dkim_selector": "s"}, "dkim_key"),
        ({"dkim_domain": "rekindle.example", "dkim_selector": "s", "dkim_key": "nonsense"}, "dkim_key"),
        ({"dkim_domain": "x; d=y.example", "dkim_selector": "s", "dkim_key": "nonsense"}, "dkim_domain"),
        ({"dkim_domain": "rekindle.example", "dkim_selector": "s", "dkim_key_file": "missing"}, "dkim_key_file"),
    ],
)
def test_what_cannot_work_or_is_not_safe_is_refused_at_once(options: dict[str, object], key: str) -> None:
    given = {"host": "relay.example"} | options if options else {}
    with pytest.raises(SettingsError) as refused:
        SmtpTransport.configure(Setup("mail", given))
    assert key in str(refused.value)
    assert refused.value.fix
    assert SECRET not in str(refused.value) + refused.value.fix


def test_no_repr_shows_a_secret() -> None:
    transport = SmtpTransport.configure(
        Setup("mail", {"host": "relay.example", "username": "us@example.com", "password": SECRET})
    )
    assert SECRET not in repr(transport._relay)
    assert "us@example.com" not in repr(transport._relay)


def test_a_greeting_that_comes_before_it_is_asked_for_is_heard() -> None:
    """As on uvloop, where whoever connects gets their turn later."""

    async def greeted() -> bool:
        session = Session(answer_seconds=5)
        session.connection_made(asyncio.Transport())
        session.data_received(b"220 relay.example ESMTP\r\n")
        return session.alive and (await session.ask(None)).good

    assert asyncio.run(greeted())
