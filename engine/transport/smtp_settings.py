"""Reads the table of an SMTP relay: what is wrong with it is refused here, before anything is sent.

host, port, security      "starttls" (587, the default), "tls" (465, and its default) or "none" (25)
ca_file                   an authority of your own to trust
username                  with the secret `password`, or `token` for XOAUTH2; each may be in a file, `…_file`
auth                      "auto", "plain", "login" or "xoauth2"
return_path               where bounces go; the campaign's own sender if it is left out
helo                      our name; this machine's, or its address, if it is left out
connections               4 at most at a time, each replaced after `messages_per_connection` (1000)
connect_seconds           10 to connect, and again for TLS; `answer_seconds` (60) for each answer
dkim_domain               sign for it with `dkim_selector` and the secret `dkim_key`, or the PEM in `dkim_key_file`
bounce_token              the secret that whoever hands bounces to the webhook shows
"""

import ipaddress
import ssl

from engine.errors import SettingsError
from engine.transport.setup import Setup
from engine.transport.smtp_envelope import Sign, is_path
from engine.transport.smtp_opening import Relay, Security, is_domain

PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}  # RFC 8314 section 7.3, RFC 5321
OPTIONS = (
    "host", "port", "security", "ca_file", "username", "password", "password_file", "token", "token_file", "auth",
    "connections", "connect_seconds", "answer_seconds", "messages_per_connection", "return_path", "helo",
    "dkim_domain", "dkim_selector", "dkim_key", "dkim_key_file", "bounce_token", "bounce_token_file",
)  # fmt: skip


def relay_of(setup: Setup) -> Relay:
    """The relay that `setup` describes; SettingsError for what cannot work or is not safe."""
    usual = Security.TLS if setup.whole("port", 0) == PORTS[Security.TLS] else Security.STARTTLS
    security = Security(setup.choice("security", usual, *Security))
    host = setup.text("host")
    key = next((key for key in ("token", "password") if given(setup, key)), None)
    if key is not None and security is Security.NONE and not _on_this_machine(host):
        raise _wrong(setup, "security", "would send a secret in clear text", 'Use "starttls" or "tls".')
    if setup.has("username") and key is None:
        setup.secret("password")  # says how to give one
    auth = setup.choice("auth", "auto", "auto", "plain", "login", "xoauth2")
    if key is not None and auth != "auto" and (auth == "xoauth2") is not (key == "token"):
        raise _wrong(setup, "auth", f"is {auth!r}, which does not go with a {key}", 'Leave it out, or "auto".')
    if key is not None:
        setup.secret(key)  # a file that cannot be read is known now and not when the first message is due
    return Relay(
        host=host,
        port=setup.whole("port", PORTS[security], least=1, most=65_535),
        security=security,
        context=None if security is Security.NONE else _context(setup),
        username=setup.text("username") if key is not None else "",
        secret=None if key is None else lambda: setup.secret(key),
        auth=auth,
        is_token=key == "token",
        connect_seconds=setup.number("connect_seconds", 10, least=0.01, most=600),
        answer_seconds=setup.number("answer_seconds", 60, least=0.01, most=3600),
        messages_per_connection=setup.whole("messages_per_connection", 1000, least=1),
        return_path=_return_path(setup),
        mailbox=setup.mailbox,
        helo=_helo(setup),
        sign=_signer(setup),
    )


def given(setup: Setup, key: str) -> bool:
    """Whether a secret is given, itself or in a file."""
    return setup.has(key) or setup.has(f"{key}_file")


def _context(setup: Setup) -> ssl.SSLContext:
    context = ssl.create_default_context()  # verifies the chain and the name
    if setup.has("ca_file"):
        try:
            context.load_verify_locations(setup.folder / setup.text("ca_file"))
        except (OSError, ssl.SSLError) as error:
            mend = "Name a PEM file of the authority that signed the relay's certificate."
            raise _wrong(setup, "ca_file", "holds no certificate that can be read", mend) from error
    return context


def _return_path(setup: Setup) -> str:
    path = setup.text("return_path", "-")
    if path != "-" and not is_path(path):
        raise _wrong(setup, "return_path", "is not one plain address", 'Write it as "bounces@example.com".')
    return "" if path == "-" else path


def _helo(setup: Setup) -> str:
    name = setup.text("helo", "-")
    if name != "-" and not is_domain(name):
        raise _wrong(setup, "helo", "is not a full host name", 'Write it as "mail.example.com".')
    return "" if name == "-" else name


def _signer(setup: Setup) -> Sign | None:
    """DKIM, when it is asked for; the key file is read whole, being PEM."""
    asked = [key for key in ("dkim_domain", "dkim_selector") if setup.has(key)]
    if not asked and not given(setup, "dkim_key"):
        return None
    domain, selector = setup.text("dkim_domain"), setup.text("dkim_selector")
    for key, value in (("dkim_domain", domain), ("dkim_selector", f"{selector}.example")):
        if not is_domain(value) or value.startswith("["):
            raise _wrong(setup, key, "is not a name that DNS knows", "Write it in ASCII, without a final dot.")
    if setup.has("dkim_key_file"):
        try:
            pem = (setup.folder / setup.text("dkim_key_file")).read_bytes()
        except OSError as error:
            raise _wrong(setup, "dkim_key_file", "cannot be read", "Check the path and its owner.") from error
    else:
        pem = setup.secret("dkim_key").replace("\\n", "\n").encode()  # in an environment variable on one line
    from engine.transport.dkim import Signer

    try:
        return Signer(domain, selector, pem).sign
    except ValueError as error:
        mend = "Give an RSA key of at least 1024 bits (better 2048), or an Ed25519 key, as PEM without a pass phrase."
        raise _wrong(setup, "dkim_key", "is no key to sign with", mend) from error


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _wrong(setup: Setup, key: str, what: str, mend: str) -> SettingsError:
    return SettingsError(f"transports.{setup.name}.{key} {what}.", fix=mend)
