"""Asks Twilio's log of messages whether one of ours, in doubt, was taken: it says no only when nothing else fits. And
has messages deleted from it.

The log is filtered by recipient, and by sender when that is a number. It could be filtered by DateSent too
(twilio.com/docs/messaging/api/message-resource), but what is still queued has none and might be left out.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit

from engine.transport.base import Accepted, Asked, ConnectionFailed, SmsMessage
from engine.transport.http import Answer, HttpClient
from engine.transport.twilio_options import NUMBER, WHATSAPP, Options

SKEW = timedelta(minutes=15)
"""How far Twilio's clock and ours may be apart."""

PAGES, PAGE = 5, 200
"""The most pages that are read, and the messages on each: years of them, for one number."""

TRIAL = "Sent from your Twilio trial account - "
"""What Twilio writes before every text of a trial account."""


_SID = re.compile(r"[SM]M[0-9a-fA-F]{32}")


async def forget(api: HttpClient, options: Options, receipts: Sequence[str]) -> list[bool | None]:
    """Delete messages for good (twilio.com/docs/messaging/api/message-resource, "Delete a Message resource").

    One that is still on its way is refused (error 20009) and can be deleted later; so can all, once a key works again.
    """
    return [await _forget(api, options, receipt) if _SID.fullmatch(receipt) else False for receipt in receipts]


async def _forget(api: HttpClient, options: Options, receipt: str) -> bool | None:
    answer = await api.delete(options.path(f"/Messages/{receipt}"))
    if not isinstance(answer, Answer):
        return None
    return True if answer.status in (204, 404) else None


async def find(api: HttpClient, options: Options, asked: Asked) -> Accepted | ConnectionFailed | None:
    """Accepted when one message to that number since then has the same words; ConnectionFailed when there is none at
    all. With others there, or two alike, it cannot tell: this one may be among them in other words.
    """
    message = asked.message
    if not isinstance(message, SmsMessage):
        return None
    to = options.addressed(message.to)
    path, query = options.path("/Messages"), {"To": to, "PageSize": str(PAGE)}
    if NUMBER.fullmatch(options.sender.removeprefix(WHATSAPP)):
        query["From"] = options.sender
    wanted = on_one_line(message.body)
    receipts: list[str] = []
    others = False
    for _ in range(PAGES):
        answer = await api.get(path, query)
        page = json_object(answer.body) if isinstance(answer, Answer) and answer.status == 200 else {}
        if not isinstance(page.get("messages"), list):
            return None
        for entry in _since(page, asked.since):
            if entry.get("sid") and _says(entry, wanted, templated=bool(options.content)):
                receipts.append(str(entry["sid"]))
            else:
                others = True
        following = urlsplit(str(page.get("next_page_uri") or ""))
        if not following.path:
            break
        path, query = following.path, dict(parse_qsl(following.query, keep_blank_values=True))
    else:
        others = True  # on the pages that were not read, for all we know
    if len(receipts) == 1:
        return Accepted(receipts[0])
    return None if receipts or others else ConnectionFailed("Twilio has had nothing for that number since.")


def on_one_line(text: str) -> str:
    """A text without line breaks, and without the white space that Twilio may change at its ends."""
    return " ".join(text.split())


def json_object(body: bytes) -> dict[str, object]:
    """A JSON object; an empty one when it is none."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _since(page: Mapping[str, object], since: datetime) -> Iterator[Mapping[str, object]]:
    """The entries of a page that may have been created at `since` or later."""
    entries = page["messages"]
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            yield {}
            continue
        try:
            created = parsedate_to_datetime(str(entry.get("date_created")))
        except (ValueError, TypeError):
            yield entry
            continue
        # RFC 2822, 3.3: -0000, which is read as naive, is UTC too.
        if (created if created.tzinfo else created.replace(tzinfo=UTC)) >= since - SKEW:
            yield entry


def _says(entry: Mapping[str, object], wanted: str, *, templated: bool) -> bool:
    """Whether its text is the one wanted; a content template's own words may stand around it."""
    body = on_one_line(str(entry.get("body") or "").removeprefix(TRIAL))
    return bool(wanted) and (wanted in body if templated else wanted == body)
