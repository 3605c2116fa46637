"""The tables of rekindle.toml, each as a model: what an operator may write there, and what it means."""

import json
import re
from datetime import date
from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode


def _matching(pattern: str, wanted: str) -> AfterValidator:
    """Refuses what no message could carry: found here it costs nothing, found at a send it costs the delivery."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value) or not value.isprintable():
            raise PydanticCustomError("form", "It is not {wanted}", {"wanted": wanted})
        return value

    return AfterValidator(check)


Line = Annotated[str, _matching(r".*\S.*", "one line of text")]
Mailbox = Annotated[str, _matching(r'[^\s<>()\[\]:;@\\,"]+@[^\s<>()\[\]:;@\\,"]+', "one plain email address")]

# It stands in headers between < and >: ASCII, and no other sign of either.
WebAddress = Annotated[str, _matching(r"https?://[!-;=?-~]+", "an address that begins with https://")]
Currency = Annotated[str, _matching(r"[A-Z]{3}", "a currency's three capital letters, such as USD")]


class SenderSettings(BaseModel):
    """Who messages are from."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field("Rekindle", description="The display name of emails.")
    email: Mailbox = Field("hello@rekindle.example", description="The mailbox that emails come from.")
    postal_address: Line = Field(
        "Rekindle, 1 Example Street, Exampletown", description="Printed in every email, as CAN-SPAM and CASL ask."
    )
    sms_name: Line = Field("Rekindle", description="How the first text of an enrollment says who is writing.")


def _shares(value: object) -> object:
    """One name, a list in order of preference, or shares by name: always shares, and 0 is a stand-by."""
    if isinstance(value, str) and value[:1] in ("{", "["):  # as the environment has them
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise PydanticCustomError("shares", "It is neither a name nor JSON") from None
    if isinstance(value, str):
        return {value: 1}
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: int(not place) for place, name in enumerate(value)}
    return value


def _some_share(value: dict[str, int]) -> dict[str, int]:
    if not value or not any(value.values()):
        raise PydanticCustomError("shares", "No transport has a share above 0")
    return value


Shares = Annotated[
    dict[str, Annotated[int, Field(ge=0, le=1000)]], BeforeValidator(_shares), AfterValidator(_some_share), NoDecode
]


class ChannelSettings(BaseModel):
    """Which transports carry which channel: a name, a list in order of preference, or shares by name."""

    model_config = ConfigDict(extra="forbid")

    email: Shares = Field({"outbox": 1}, description="For email.")
    sms: Shares = Field({"outbox": 1}, description="For text messages.")
    whatsapp: Shares = Field({"outbox": 1}, description="For WhatsApp messages.")


class WarmUp(BaseModel):
    """A new sending domain or number earns its name slowly."""

    model_config = ConfigDict(extra="forbid")

    start: date = Field(description="The first day, UTC.")
    days: list[Annotated[int, Field(ge=1)]] = Field(
        min_length=1, description="The most messages on each day from the first; after the last day, `per_day` holds."
    )


class PaceSettings(BaseModel):
    """How fast a transport, or a sender on any transport, may send; shared by all processes."""

    model_config = ConfigDict(extra="forbid")

    per_second: float | None = Field(None, gt=0, allow_inf_nan=False, description="The steady rate.")
    unit: Literal["messages", "segments"] = Field("messages", description="What `per_second` counts.")
    burst: int | None = Field(None, ge=1, description="The most at once. Default: a second's worth, at least 1.")
    per_day: int | None = Field(None, ge=1, description="The most messages in a UTC day.")
    warm_up: WarmUp | None = Field(None, description="Lower daily limits at first.")


Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Prefix = Annotated[str, _matching(r"\+\d+", "the beginning of a number, such as +44")]


class PriceSettings(BaseModel):
    """What messages cost, for estimates. Nothing is known of prices unless it is written here."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency = Field("USD", description="In which all prices are.")
    email: Price = Field(0.0, description="An email.")
    sms: Price = Field(0.0, description="A segment of a text message.")
    whatsapp: Price = Field(0.0, description="A WhatsApp message.")
    prefixes: dict[Prefix, Price] = Field(
        default_factory=dict, description='A segment to numbers that begin so, such as "+44" = 0.04; the longest wins.'
    )

    def any(self) -> bool:
        """Whether there is any price at all: without one an estimate of nothing means nothing."""
        return bool(self.email or self.sms or self.whatsapp or self.prefixes)


class AlertSettings(BaseModel):
    """Whom to tell when something is out of order, or somebody's words may speak of danger, and what counts as such."""

    model_config = ConfigDict(extra="forbid")

    email: Mailbox | None = Field(None, description="The operator's own mailbox; it gets no words, only a number.")
    webhook: WebAddress | None = Field(None, description="An address that each incident is posted to as JSON.")
    webhook_secret: SecretStr | None = Field(None, description="What those posts are signed with.")
    queue_minutes: int = Field(30, ge=1, description="How long what is due may wait before it is an incident.")
    doubt_minutes: int = Field(60, ge=1, description="How long a message may be in doubt before it is an incident.")
    complaint_percent: float = Field(
        0.1, gt=0, le=100, description="The share of delivered emails marked as spam from which it is an incident."
    )
    complaint_least: int = Field(1000, ge=1, description="Delivered emails in seven days below which no share counts.")

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.webhook is not None and not (self.webhook_secret and self.webhook_secret.get_secret_value().strip()):
            raise PydanticCustomError("signed", "`webhook` needs `webhook_secret`, which its posts are signed with")
        return self


def _hard_to_guess(token: SecretStr) -> SecretStr:
    if len(token.get_secret_value().strip()) < 16:
        raise PydanticCustomError("short", "It is shorter than 16 characters")
    return token


class MetricsSettings(BaseModel):
    """Where `/metrics` is served: nowhere, unless there is a token or a port of its own."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[SecretStr, AfterValidator(_hard_to_guess)] | None = Field(
        None, description="Whoever shows it as a Bearer token may read `/metrics`; 16 characters or more."
    )
    host: str = Field("127.0.0.1", min_length=1, description="The address that `port` is opened on.")
    port: int | None = Field(None, ge=0, le=65535, description="A port of its own for `/metrics`; 0 for any free one.")


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise PydanticCustomError("network", "It is not an IP address or network, such as 10.0.0.0/8") from None


def _hashed(given: SecretStr) -> SecretStr:
    if not re.fullmatch(
        r"\$argon2id\$v=19\$m=\d{1,7},t=\d{1,2},p=\d{1,2}\$[\w+/]{1,200}\$[\w+/]{1,200}",
        given.get_secret_value(),
        re.ASCII,
    ):
        raise PydanticCustomError("hashed", "It is not what `rekindle operator hash-password` prints")
    return given


_LEAST = {"deliveries_days": 90, "events_days": 31, "answers_days": 90, "replies_days": 31, "audit_days": 90}


class RetentionSettings(BaseModel):
    """How long what is over is kept, in days; 0: for ever. Once an hour, what is older is forgotten."""

    model_config = ConfigDict(extra="forbid")

    deliveries_days: int = Field(
        0,
        ge=0,
        description="Deliveries of ended campaigns, with all that was heard of them. 0, or 90 and more.",
    )
    events_days: int = Field(
        400,
        ge=0,
        description="What providers told us, but for why an address is stopped. 0, or 31 and more.",
    )
    attempts_days: int = Field(400, ge=0, description="Attempts that were not accepted.")
    answers_days: int = Field(
        0, ge=0, description="Answers in campaigns that have ended, for their authors too. 0, or 90 and more."
    )
    replies_days: int = Field(400, ge=0, description="Texts that people wrote. 0, or 31 and more.")
    audit_days: int = Field(0, ge=0, description="What operators did. 0, or 90 and more.")

    @model_validator(mode="after")
    def _not_too_short(self) -> Self:
        for name, least in _LEAST.items():
            if 0 < getattr(self, name) < least:
                raise PydanticCustomError(
                    "days", "{name} must be 0 or at least {least}", {"name": name, "least": least}
                )
        return self


class OperatorSettings(BaseModel):
    """Who may use the dashboard at `/operator`: nobody, unless there is a password or a proxy that says who it is."""

    model_config = ConfigDict(extra="forbid")

    password_hash: Annotated[SecretStr, AfterValidator(_hashed)] | None = Field(
        None, description="The password's hash, as `rekindle operator hash-password` prints it."
    )
    proxy_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z-]+$",
        description="Where a proxy that asks people who they are says who it is, such as X-Remote-User.",
    )
    proxy_from: list[Annotated[str, AfterValidator(_network)]] = Field(
        ["127.0.0.1/32", "::1/128"], min_length=1, description="The addresses from which that header is believed."
    )

    def any(self) -> bool:
        """Whether there is a dashboard at all."""
        return self.password_hash is not None or self.proxy_header is not None


class JoinSettings(BaseModel):
    """Who may sign up on the page /join/CAMPAIGN."""

    model_config = ConfigDict(extra="forbid")

    open: bool = Field(True, description="Whether anybody may.")
    campaigns: list[str] = Field(
        default_factory=list, description="The campaigns with a page; empty: every one in the campaign folders."
    )
    starts: Literal["next-monday", "tomorrow"] = Field(
        "next-monday", description="When a campaign starts for who confirms, on their own calendar."
    )


class WebSettings(BaseModel):
    """Where `rekindle web` and `rekindle run` listen. Put a proxy that speaks TLS for `public_url` in front."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field("127.0.0.1", min_length=1, description="The address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="The port to listen on; 0 for any free one.")
    client_header: str | None = Field(
        None,
        pattern=r"[A-Za-z-]+",
        description="Where the proxy in front says who calls, such as X-Real-IP; for rate limits.",
    )
