"""What `rekindle transports check` can know of a Twilio set-up without sending: each finding names its own mend."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from engine.transport.base import Finding
from engine.transport.http import Answer, HttpClient
from engine.transport.twilio_log import json_object
from engine.transport.twilio_options import NUMBER, SERVICE, SHORT_CODE, WHATSAPP, Options

_NOWHERE = (".example", ".invalid", ".test", ".localhost", ".local", ".internal")  # RFC 6761, 6762; ICANN for the last


async def findings(options: Options, api: HttpClient, services: HttpClient) -> list[Finding]:
    """The key first: with a wrong one nothing of the account can be seen."""
    key = await _key(options, api)
    found = [key]
    if key.good:
        found += await _sender(options, api, services)
    if not options.token:
        found.append(
            Finding(False, "Webhooks cannot be told from forged ones.", "Give auth_token too: they are signed with it.")
        )
    return [*found, _public_url(options)]


async def _key(options: Options, api: HttpClient) -> Finding:
    # A standard API key may not read the account itself (twilio.com/docs/iam/api-keys), so it is tried on the log.
    keyed = options.user != options.account
    answer, given = (
        await _ask(api, options.path("/Messages"), {"PageSize": "1"}) if keyed else await _ask(api, options.path(""))
    )
    if isinstance(answer, Finding):
        return answer
    if answer in (401, 403):
        secret = "api_key and api_secret" if keyed else "auth_token"
        return Finding(False, "Twilio refuses the key.", f"Compare account_sid, {secret} with the Console.")
    if answer != 200:
        mend = "Compare account_sid with the Console, and leave base_url out unless Twilio told you another."
        return Finding(False, f"Twilio knows no such account (HTTP {answer}).", mend)
    if given.get("status", "active") != "active":
        return Finding(False, "The account is suspended or closed.", "Ask Twilio, or pay its bill.")
    trial = " It is a trial account: it writes to verified numbers only." if given.get("type") == "Trial" else ""
    return Finding(True, f"Twilio takes the key.{trial}")


async def _sender(options: Options, api: HttpClient, services: HttpClient) -> list[Finding]:
    sender = options.sender
    if sender.startswith(WHATSAPP):
        return [Finding(True, "Whether the WhatsApp sender is approved is not asked: see the Console.")]
    if SERVICE.fullmatch(sender):
        answer, given = await _ask(services, f"/v1/Services/{sender}")
        return _owned(answer, given if answer == 200 else None, options, "messaging service")
    if NUMBER.fullmatch(sender):
        answer, given = await _ask(api, options.path("/IncomingPhoneNumbers"), {"PhoneNumber": sender})
        return _owned(answer, _first(given, "incoming_phone_numbers"), options, "number")
    if SHORT_CODE.fullmatch(sender):
        answer, given = await _ask(api, options.path("/SMS/ShortCodes"), {"ShortCode": sender})
        return _owned(answer, _first(given, "short_codes"), options, "short code")
    return [Finding(True, "Nobody can answer a sender that is a name: offer another way to stop.")]


def _owned(answer: "int | Finding", given: Mapping[str, object] | None, options: Options, what: str) -> list[Finding]:
    if isinstance(answer, Finding):
        return [answer]
    if answer not in (200, 404):
        return [Finding(False, f"Twilio does not show the {what} (HTTP {answer}).", "Give the key leave to read it.")]
    if given is None:
        return [Finding(False, f"The account has no such {what}.", "Compare `sender` with the Console.")]
    able = given.get("capabilities")
    if isinstance(able, dict) and able.get("sms") is False:
        return [Finding(False, f"The {what} cannot send texts.", "Choose one with the capability SMS.")]
    return [Finding(True, f"The account has the {what}."), _inbound(options, given, what)]


def _inbound(options: Options, given: Mapping[str, object], what: str) -> Finding:
    """Whether texts to the sender come here: STOP is heard by Twilio alone otherwise, and answers are lost."""
    if given.get("use_inbound_webhook_on_number") is True:
        return Finding(True, "The service leaves inbound texts to its numbers' own webhooks: see the Console.")
    wanted = options.hook("inbound")
    if wanted in (given.get("sms_url"), given.get("inbound_request_url")):
        return Finding(True, f"Texts to the {what} come here.")
    return Finding(False, f"Texts to the {what} do not come here.", f"Set its webhook for messages to {wanted} (POST).")


def _public_url(options: Options) -> Finding:
    where = urlsplit(options.public_url)
    host = where.hostname or ""
    if where.scheme != "https":
        return Finding(False, "Twilio should not call public_url without TLS.", "Set public_url to https://… .")
    if not _reachable(host):
        return Finding(False, "Twilio cannot call public_url.", "Set public_url to where this engine is reached.")
    return Finding(True, "public_url is one that Twilio can call.")


def _reachable(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not f".{host}".endswith(_NOWHERE)


async def _ask(
    client: HttpClient, path: str, query: Mapping[str, str] | None = None
) -> "tuple[int | Finding, dict[str, object]]":
    """The status and the JSON object of an answer, or the finding that there is none."""
    answer = await client.get(path, query or {})
    if not isinstance(answer, Answer):
        return Finding(
            False, f"Twilio cannot be reached. {answer.detail}".strip(), "Check base_url and this network."
        ), {}
    return answer.status, json_object(answer.body)


def _first(given: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    some = given.get(name)
    return some[0] if isinstance(some, list) and some and isinstance(some[0], dict) else None
