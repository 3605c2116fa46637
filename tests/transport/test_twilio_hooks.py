"""Twilio's webhooks: only what Twilio signed is believed, and each call says what the table says it says."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig_twilio import ACCOUNT, PUBLIC_URL, SENDER, TOKEN, configured
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from engine.model.campaign import Channel
from engine.model.event import Command, Event, EventType, Inbound, Unreadable
from engine.model.suppression import SuppressReason
from engine.transport.source import Conversational, EventSource, Forged, Hook, NotOurs

NOW = datetime(2026, 3, 3, 9, 0, 40, tzinfo=UTC)
STATUS_URL = f"{PUBLIC_URL}/webhooks/twilio/status?delivery=7.0"
INBOUND_URL = f"{PUBLIC_URL}/webhooks/twilio/inbound"
SID = "SM" + "a" * 32
PHONE = "+12025550123"
SENT = {"AccountSid": ACCOUNT, "From": SENDER, "To": PHONE, "MessageSid": SID, "MessageStatus": "sent", "SmsSid": SID}
WROTE = {"AccountSid": ACCOUNT, "From": PHONE, "To": SENDER, "MessageSid": SID, "Body": "Très bien 💛 & you?"}

Pairs = list[tuple[str, str]]


def hook(url: str, pairs: Pairs, token: str = TOKEN) -> Hook:
    """A call as Twilio signs it, by its own package."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)

    class Many(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    signature = RequestValidator(token).compute_signature(url, Many(values))
    kind = url.partition("?")[0].rpartition("/")[2]
    return Hook(kind, url, {"x-twilio-signature": signature}, urlencode(pairs).encode(), NOW)


def json_hook(url: str, said: object) -> Hook:
    """A call with a JSON body, signed by its hash."""
    body = json.dumps(said).encode()
    url = f"{url}{'&' if '?' in url else '?'}bodySHA256={sha256(body).hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    kind = url.partition("?")[0].rpartition("/")[2]
    headers = {"x-twilio-signature": signature, "content-type": "application/json"}
    return Hook(kind, url, headers, body, NOW)


def test_it_is_an_event_source_that_can_answer() -> None:
    assert isinstance(configured(), EventSource)
    assert isinstance(configured(), Conversational)


@pytest.mark.parametrize(
    "call",
    [
        hook(STATUS_URL, list(SENT.items())),
        hook(INBOUND_URL, list(WROTE.items())),
        hook(INBOUND_URL, [*WROTE.items(), ("MediaUrl0", ""), ("Empty", "")]),
        hook(INBOUND_URL, [*WROTE.items(), ("Twice", "b"), ("Twice", "a"), ("Twice", "b")]),
        hook(STATUS_URL.replace(".org/", ".org:443/"), list(SENT.items())),
        json_hook(STATUS_URL, SENT),
        json_hook(INBOUND_URL, WROTE),
    ],
)
def test_what_twilio_signed_is_believed(call: Hook) -> None:
    configured().verify(call)


@pytest.mark.parametrize("port", [":443", ":8443"])
def test_whether_twilio_signs_with_or_without_our_port_is_left_to_it(port: str) -> None:
    """Its own package says that its back end is of two minds; the host is ours either way."""
    with_port = STATUS_URL.replace(".org/", f".org{port}/")
    configured().verify(replace(hook(STATUS_URL, list(SENT.items())), url=with_port))
    configured().verify(hook(with_port, list(SENT.items())))


def test_a_signature_by_sha256_is_believed_and_one_of_another_kind_is_not() -> None:
    call = hook(STATUS_URL, list(SENT.items()))
    signature = RequestValidator(TOKEN).compute_signature(STATUS_URL, SENT, "HMAC_SHA256")
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    named = {"x-twilio-signature": signature, "x-twilio-webhooks-signature-settings": settings}
    configured().verify(replace(call, headers=named))
    for changed in (settings.replace("256", "1"), settings.replace("256", "512"), "algorithm=none", ""):
        with pytest.raises(Forged):
            configured().verify(replace(call, headers=named | {"x-twilio-webhooks-signature-settings": changed}))


GOOD = hook(STATUS_URL, list(SENT.items()))
GOOD_JSON = json_hook(STATUS_URL, SENT)


@pytest.mark.parametrize(
    "forged",
    [
        replace(GOOD, headers={}),
        replace(GOOD, headers={"x-twilio-signature": ""}),
        replace(GOOD, headers={"x-twilio-signature": "no base64 ☃"}),
        replace(GOOD, headers={"x-twilio-signature": GOOD.headers["x-twilio-signature"].swapcase()}),
        replace(GOOD, url=GOOD.url.replace("7.0", "8.0")),
        replace(GOOD, url=GOOD.url.replace("https", "http")),
        replace(GOOD, url=GOOD.url.replace("couples.org", "couples.net")),
        replace(GOOD, url=GOOD.url.partition("?")[0]),
        replace(GOOD, body=GOOD.body.replace(b"sent", b"delivered")),
        replace(GOOD, body=GOOD.body + b"&ErrorCode=21610"),
        replace(GOOD, body=b""),
        replace(GOOD, body=GOOD.body + b"\xff"),
        replace(GOOD, body=GOOD.body + b"&Odd=%FF"),
        replace(GOOD, body=b"&".join(b"a%d=b" % number for number in range(2_000))),
        hook(STATUS_URL, list(SENT.items()), token="another"),
        replace(GOOD_JSON, body=GOOD_JSON.body.replace(b"sent", b"read")),
        replace(GOOD_JSON, body=GOOD_JSON.body + b" "),
        replace(GOOD_JSON, body=b""),
        replace(GOOD_JSON, body=b"\xff"),
        replace(GOOD_JSON, body=urlencode(SENT).encode()),
        replace(GOOD_JSON, url=STATUS_URL),
        replace(GOOD_JSON, url=GOOD_JSON.url[:-1] + "0"),
        replace(GOOD, url=f"{STATUS_URL}&bodySHA256={sha256(GOOD.body).hexdigest()}"),
    ],
)
def test_what_is_changed_in_any_part_is_forged(forged: Hook) -> None:
    with pytest.raises(Forged) as raised:
        configured().verify(forged)
    assert PHONE not in str(raised.value)


def test_nothing_is_believed_without_the_token_that_it_is_signed_with() -> None:
    keyed = configured(auth_token="", api_key="SK" + "1" * 32, api_secret="hush")
    signed_with_nothing = hook(STATUS_URL, list(SENT.items()), token="")
    with pytest.raises(Forged):
        keyed.verify(signed_with_nothing)


@pytest.mark.parametrize("kind", ["events", "bounce", "", "voice"])
def test_a_webhook_that_twilio_does_not_call_is_not_ours(kind: str) -> None:
    with pytest.raises(NotOurs):
        configured().verify(replace(GOOD, kind=kind))


@given(pairs=st.lists(st.tuples(st.text(min_size=1), st.text())), url=st.text())
def test_every_form_that_twilio_can_sign_is_read_as_it_was_signed(pairs: Pairs, url: str) -> None:
    safe = f"{INBOUND_URL}?{urlencode({'x': url.encode('utf-8', 'ignore').decode()})}"
    clean = [
        (name.encode("utf-8", "ignore").decode(), value.encode("utf-8", "ignore").decode()) for name, value in pairs
    ]
    configured().verify(hook(safe, [(name, value) for name, value in clean if name]))


def heard(url: str, said: dict[str, str]) -> Event | Inbound | Unreadable:
    (one,) = configured().parse(hook(url, list(said.items())))
    return one


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("accepted", EventType.QUEUED),
        ("scheduled", EventType.QUEUED),
        ("queued", EventType.QUEUED),
        ("sending", EventType.QUEUED),
        ("sent", EventType.SENT),
        ("delivered", EventType.DELIVERED),
        ("read", EventType.OPENED),
        ("undelivered", EventType.BOUNCED),
        ("failed", EventType.FAILED),
        ("canceled", EventType.FAILED),
        ("partially_delivered", EventType.UNKNOWN),
        ("anything new", EventType.UNKNOWN),
    ],
)
def test_a_status_is_an_event_with_our_reference_and_their_receipt(status: str, kind: EventType) -> None:
    assert heard(STATUS_URL, SENT | {"MessageStatus": status}) == Event(
        source="twilio",
        key=f"{SID}:{status}",
        type=kind,
        at=NOW,
        channel=Channel.SMS,
        reference="7.0",
        receipt=SID,
        address=PHONE,
    )


@pytest.mark.parametrize(
    ("status", "code", "suppress"),
    [
        ("undelivered", "30003", None),
        ("undelivered", "30004", None),
        ("undelivered", "30005", SuppressReason.INVALID),
        ("undelivered", "30006", SuppressReason.INVALID),
        ("undelivered", "30007", None),
        ("undelivered", "30008", None),
        ("undelivered", "30032", None),
        ("undelivered", "30034", None),
        ("failed", "30001", None),
        ("failed", "30002", None),
        ("failed", "30036", None),
        ("failed", "30047", None),
        ("failed", "21610", SuppressReason.STOP),
        ("failed", "63014", SuppressReason.STOP),
        ("failed", "63024", None),
        ("failed", "77777", None),
        ("delivered", "30005", None),
    ],
)
def test_an_error_says_whether_its_address_may_ever_be_tried_again(
    status: str, code: str, suppress: SuppressReason | None
) -> None:
    event = heard(STATUS_URL, SENT | {"MessageStatus": status, "ErrorCode": code})
    assert isinstance(event, Event)
    assert (event.suppress, event.code, event.key) == (suppress, code, f"{SID}:{status}:{code}")
    assert event.detail.startswith(f"Twilio {code}")


@pytest.mark.parametrize("code", ["", "0", "none", "+12025550123", "٣٠٠٠٥", "ana@example.com"])
def test_a_code_that_is_no_code_is_left_out(code: str) -> None:
    event = heard(STATUS_URL, SENT | {"ErrorCode": code, "ErrorMessage": "to +12025550123"})
    assert isinstance(event, Event)
    assert (event.code, event.detail, event.key) == ("", "", f"{SID}:sent")


def test_the_carriers_clock_is_not_believed() -> None:
    event = heard(STATUS_URL, SENT | {"RawDlrDoneDate": "2603031259"})
    assert isinstance(event, Event)
    assert event.at == NOW


@pytest.mark.parametrize(
    ("url", "reference"),
    [
        (STATUS_URL, "7.0"),
        (STATUS_URL.partition("?")[0], None),
        (f"{PUBLIC_URL}/webhooks/twilio/status?delivery=", None),
        (f"{PUBLIC_URL}/webhooks/twilio/status?delivery={'9' * 300}", None),
        (f"{PUBLIC_URL}/webhooks/twilio/status?delivery=9.1&delivery=8.0", "9.1"),
    ],
)
def test_the_reference_is_the_one_in_the_url(url: str, reference: str | None) -> None:
    event = heard(url, SENT)
    assert isinstance(event, Event)
    assert event.reference == reference


def test_a_status_that_names_no_recipient_still_tells_of_its_delivery() -> None:
    event = heard(STATUS_URL, {"MessageSid": SID, "MessageStatus": "sent"})
    assert isinstance(event, Event)
    assert (event.address, event.reference) == (None, "7.0")


@pytest.mark.parametrize("prefixed", [{"To": f"whatsapp:{PHONE}"}, {"ChannelPrefix": "whatsapp"}])
def test_a_whatsapp_status_is_of_the_same_phone_on_its_own_channel(prefixed: dict[str, str]) -> None:
    event = heard(STATUS_URL, SENT | prefixed)
    assert isinstance(event, Event)
    assert (event.channel, event.address) == (Channel.WHATSAPP, PHONE)


def test_a_text_is_an_inbound_from_a_number_in_normal_form() -> None:
    assert heard(INBOUND_URL, WROTE) == Inbound(
        source="twilio", key=SID, at=NOW, channel=Channel.SMS, sender=PHONE, text="Très bien 💛 & you?"
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"OptOutType": "STOP"}, {"handled": Command.STOP}),
        ({"OptOutType": "START"}, {"handled": Command.START}),
        ({"OptOutType": "HELP"}, {"handled": Command.HELP}),
        ({"OptOutType": "WHAT"}, {"handled": None}),
        ({"OriginalRepliedMessageSid": "SM7"}, {"in_reply_to": "SM7"}),
        ({"Body": "", "NumMedia": "1", "MediaUrl0": "https://api.twilio.com/x"}, {"text": "", "media": 1}),
        ({"NumMedia": "0"}, {"media": 0}),
        ({"NumMedia": "11"}, {"media": 10}),
        ({"NumMedia": "-1"}, {"media": 0}),
        ({"NumMedia": "many"}, {"media": 0}),
        ({"From": f"whatsapp:{PHONE}", "To": f"whatsapp:{SENDER}"}, {"channel": Channel.WHATSAPP, "sender": PHONE}),
        ({"MessageSid": "", "SmsSid": "SM9"}, {"key": "SM9"}),
        ({"Body": "", "NumMedia": "1"}, {"text": ""}),
    ],
)
def test_a_text_tells_what_twilio_knows_of_it(more: dict[str, str], expected: dict[str, object]) -> None:
    inbound = heard(INBOUND_URL, WROTE | more)
    assert isinstance(inbound, Inbound)
    assert {name: getattr(inbound, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("url", "without"),
    [(STATUS_URL, ("MessageSid", "SmsSid")), (STATUS_URL, ("MessageStatus",))]
    + [(INBOUND_URL, (name,)) for name in ("MessageSid", "From", "Body")],
)
def test_a_call_that_lacks_what_it_is_about_is_unreadable(url: str, without: tuple[str, ...]) -> None:
    said = {name: value for name, value in (SENT if url == STATUS_URL else WROTE).items() if name not in without}
    assert isinstance(heard(url, said), Unreadable)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("whatsapp:+5215512345678", "+525512345678"),
        ("whatsapp:+525512345678", "+525512345678"),
        ("whatsapp:+555187654321", "+5551987654321"),
        ("whatsapp:+5551987654321", "+5551987654321"),
        ("whatsapp:+555133334444", "+555133334444"),
        ("+5215512345678", "+5215512345678"),
    ],
)
def test_whatsapps_former_numbers_are_those_that_we_write_to(written: str, number: str) -> None:
    inbound = heard(INBOUND_URL, WROTE | {"From": written})
    assert isinstance(inbound, Inbound)
    assert inbound.sender == number


@pytest.mark.parametrize("sender", ["60001", "Twilio", "", "whatsapp:", "+1202 555", "ana@example.com"])
def test_what_comes_from_no_phone_number_is_unreadable_and_not_named(sender: str) -> None:
    unreadable = heard(INBOUND_URL, WROTE | {"From": sender})
    assert isinstance(unreadable, Unreadable)
    assert not sender or sender not in unreadable.detail


def test_a_json_call_says_the_same_as_a_form() -> None:
    assert configured().parse(json_hook(STATUS_URL, SENT | {"ErrorCode": None}))[0] == heard(STATUS_URL, SENT)


@pytest.mark.parametrize("said", [[], "text", 7, None, {"MessageSid": 7}, [[]] * 3])
def test_a_json_call_of_another_shape_is_unreadable(said: object) -> None:
    assert isinstance(configured().parse(json_hook(STATUS_URL, said))[0], Unreadable)


@given(st.binary())
def test_no_body_is_more_than_unreadable(body: bytes) -> None:
    for call in (GOOD, GOOD_JSON):
        (one,) = configured().parse(replace(call, body=body))
        assert isinstance(one, Unreadable | Event)


def tree(document: bytes | str) -> ElementTree.Element:
    return ElementTree.fromstring(document)  # noqa: S314 - ours, or the official package's


@pytest.mark.parametrize("text", ["You are out.", "<Redirect/> & \"quotes\" 'too'", "]]>", "Zoë 💛 نور", "  two  ", ""])
def test_an_answer_says_what_the_official_package_would_have_twilio_say(text: str) -> None:
    official = MessagingResponse()
    official.message(text)
    answer = configured().answer(text)
    ours, theirs = tree(answer.body), tree(str(official))
    assert answer.media_type == "application/xml"
    assert [(part.tag, part.text or "") for part in ours.iter()] == [
        (part.tag, part.text or "") for part in theirs.iter()
    ]
    assert ours.findtext("Message") == text


def test_an_answer_may_say_nothing() -> None:
    answer = configured().answer(None)
    assert list(tree(answer.body)) == []
    assert answer.body.decode() == str(MessagingResponse()).replace("<Response />", "<Response></Response>")


@given(st.text())
def test_any_text_makes_good_xml(text: str) -> None:
    tree(configured().answer(text.encode("utf-8", "ignore").decode()).body)
