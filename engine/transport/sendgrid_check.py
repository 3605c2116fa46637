"""What `rekindle transports check` can know of a SendGrid set-up without sending: each finding names its own mend."""

import json
from collections.abc import Mapping
from email.utils import parseaddr

from engine.transport.base import Finding
from engine.transport.http import Answer, HttpClient
from engine.transport.sendgrid_events import verification_key

MAIL = "mail.send"


async def findings(api: HttpClient, mailbox: str, webhook_key: str) -> list[Finding]:
    """The key first: with a wrong one nothing of the account can be seen."""
    key = await _key(api)
    found = [key]
    if key.good:
        found.append(await _sender(api, parseaddr(mailbox)[1]))
    return [*found, _webhook(webhook_key)]


async def _key(api: HttpClient) -> Finding:
    said = await api.get("/v3/scopes")  # twilio.com/docs/sendgrid/api-reference/api-key-permissions
    if not isinstance(said, Answer):
        return Finding(False, f"SendGrid cannot be reached. {said.detail}", "Check base_url and this network.")
    if said.status == 401:
        return Finding(False, "SendGrid refuses the key.", "Compare api_key, and that base_url is of the same region.")
    if said.status in (403, 429) or said.status >= 500:
        return Finding(False, f"SendGrid does not say what the key may do (HTTP {said.status}).", "Try again later.")
    given = _json(said.body)
    scopes = given.get("scopes") if isinstance(given, dict) else None
    if said.status != 200 or not isinstance(scopes, list):
        return Finding(
            False, "base_url does not lead to SendGrid's API.", "Leave it out, or give its European address."
        )
    if MAIL not in scopes:
        return Finding(False, "The key may not send mail.", "Give it the permission Mail Send (mail.send).")
    return Finding(True, "SendGrid takes the key, and it may send mail.")


async def _sender(api: HttpClient, address: str) -> Finding:
    """Whether the sender's domain is authenticated, or else its address verified, as far as the key may see."""
    domain = address.rpartition("@")[2].lower()
    domains = await _listed(api, "/v3/whitelabel/domains", {"domain": domain, "limit": "50"})
    for each in domains or ():
        if str(each.get("domain", "")).lower() == domain and each.get("valid") is True:
            return Finding(True, "The sender's domain is authenticated.")
    senders = await _listed(api, "/v3/verified_senders", {"limit": "200"})
    for each in senders or ():
        if str(each.get("from_email", "")).lower() == address.lower() and each.get("verified") is True:
            what = "The sender's address is verified, its domain is not: mail may land in spam."
            return Finding(True, what, "Authenticate the domain.")
    if domains is None or senders is None:
        return Finding(True, "Whether the sender is verified is not known: the key may not read it.")
    return Finding(False, "SendGrid does not know the sender.", "Authenticate its domain under Sender Authentication.")


def _webhook(key: str) -> Finding:
    if not key:
        return Finding(False, "No event is believed without webhook_key.", "Sign the Event Webhook, and copy its key.")
    try:
        verification_key(key)
    except ValueError:
        return Finding(False, "webhook_key is not a key that SendGrid shows.", "Copy the Verification Key as a whole.")
    return Finding(True, "Events can be told from forged ones.")


async def _listed(api: HttpClient, path: str, query: Mapping[str, str]) -> list[Mapping[str, object]] | None:
    """The entries of an answer that is a list, or holds one as `results`; None when it is not given."""
    said = await api.get(path, query)
    given = _json(said.body) if isinstance(said, Answer) and said.status == 200 else None
    listed = given.get("results") if isinstance(given, dict) else given
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else None


def _json(body: bytes) -> object:
    try:
        said: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said
