"""What a table `[transports.twilio]` may say, refused with the mend where it cannot work."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from engine.errors import SettingsError
from engine.model.campaign import Channel
from engine.transport.setup import Setup

WHATSAPP = "whatsapp:"
"""What stands before a number when it is meant on WhatsApp, ours and theirs (twilio.com/docs/whatsapp/api)."""

NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
SHORT_CODE = re.compile(r"\d{3,8}", re.ASCII)
# twilio.com/docs/messaging/api/alphasender-resource: up to 11 of these, and not digits alone.
NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}")

_KNOWN = (
    "account_sid",
    "auth_token",
    "auth_token_file",
    "api_key",
    "api_secret",
    "api_secret_file",
    "sender",
    "content_sid",
    "status_callback",
    "in_flight",
    "base_url",
    "messaging_url",
    "ca_file",
    "connect_seconds",
    "answer_seconds",
)


@dataclass(frozen=True, slots=True)
class Options:
    """One set-up. `user` and `password` are what requests are signed in with; `token` is what webhooks are signed with,
    empty when only an API key is given. `public_url` has no slash at its end.
    """

    name: str
    account: str
    user: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    sender: str
    content: str
    public_url: str
    callbacks: bool
    in_flight: int
    base_url: str
    messaging_url: str
    ca_file: Path | None
    connect_seconds: float
    answer_seconds: float

    @classmethod
    def read(cls, setup: Setup) -> Self:
        """The options of `setup`; SettingsError for the first that is missing, unknown or cannot work."""
        setup.refuse_unknown(*_KNOWN)
        account = _formed(setup, "account_sid", r"AC[0-9a-fA-F]{32}", "AC and 32 hexadecimal digits, from the Console")
        keyed = setup.has("api_key")
        token = "" if keyed and not _given(setup, "auth_token") else setup.secret("auth_token")
        return cls(
            name=setup.name,
            account=account,
            user=_formed(setup, "api_key", r"SK[0-9a-fA-F]{32}", "SK and 32 hexadecimal digits") if keyed else account,
            password=setup.secret("api_secret") if keyed else token,
            token=token,
            sender=_sender(setup),
            content=_formed(setup, "content_sid", r"HX[0-9a-fA-F]{32}", "HX and 32 hexadecimal digits")
            if setup.has("content_sid")
            else "",
            public_url=setup.public_url.rstrip("/"),
            callbacks=setup.flag("status_callback", True),
            in_flight=setup.whole("in_flight", 32, least=1, most=1_000),
            base_url=_url(setup, "base_url", "https://api.twilio.com"),
            messaging_url=_url(setup, "messaging_url", "https://messaging.twilio.com"),
            ca_file=setup.folder / setup.text("ca_file") if setup.has("ca_file") else None,
            connect_seconds=setup.number("connect_seconds", 10, least=0.01, most=120),
            answer_seconds=setup.number("answer_seconds", 30, least=0.01, most=300),
        )

    @property
    def channel(self) -> Channel:
        """The one channel that the sender writes on."""
        return Channel.WHATSAPP if self.sender.startswith(WHATSAPP) else Channel.SMS

    def addressed(self, number: str) -> str:
        """A recipient's number, in E.164, as `To` has it on this channel."""
        return f"{WHATSAPP}{number}" if self.channel is Channel.WHATSAPP else number

    def path(self, resource: str) -> str:
        """Where a resource of the account is: `/Messages` to `…/Accounts/AC…/Messages.json`."""
        return f"/2010-04-01/Accounts/{self.account}{resource}.json"

    def hook(self, kind: str) -> str:
        """The public URL of one of our webhooks."""
        return f"{self.public_url}/webhooks/{self.name}/{kind}"


def _given(setup: Setup, key: str) -> bool:
    return setup.has(key) or setup.has(f"{key}_file")


def _formed(setup: Setup, key: str, form: str, wanted: str) -> str:
    value = setup.text(key)
    if not re.fullmatch(form, value):
        raise SettingsError(f"transports.{setup.name}.{key} is not one.", fix=f"It is {wanted}.")
    return value


def _sender(setup: Setup) -> str:
    value = setup.text("sender")
    if value.startswith(WHATSAPP):
        good = NUMBER.fullmatch(value.removeprefix(WHATSAPP)) is not None
    else:
        good = any(form.fullmatch(value) for form in (NUMBER, SERVICE, SHORT_CODE, NAME))
    if not good:
        raise SettingsError(
            f"transports.{setup.name}.sender is not one.",
            fix="Give a number as +15555550100, a messaging service (MG…), a short code, a name of up to 11 letters, "
            "or whatsapp:+15555550100.",
        )
    return value


def _url(setup: Setup, key: str, default: str) -> str:
    value = setup.text(key, default).rstrip("/")
    if urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname:
        raise SettingsError(f"transports.{setup.name}.{key} is no URL.", fix=f'Leave it out for "{default}".')
    return value
