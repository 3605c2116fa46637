"""What is said to SendGrid: as the official package would say it, and so that everybody reads their own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig_sendgrid import SHAPE, Mail, emails, joined, mail_of, shaped
from sendgrid.helpers import mail as package

from engine.testing.transports import email
from engine.transport.base import EmailMessage, Shape
from engine.transport.sendgrid_request import MOST_FORMS, Forms, Manner, free_stem

Json = dict[str, object]
USUAL = Manner()


def calls(messages: Sequence[EmailMessage], manner: Manner = USUAL) -> list[Json]:
    """The requests that carry `messages`, as SendGrid reads them."""
    return [json.loads(call.body()) for call in Forms(manner).calls(list(enumerate(messages)))]


def mails(messages: Sequence[EmailMessage]) -> list[Mail]:
    """What recipients would read, in the order of the deliveries."""
    got = [mail_of(call, own) for call in calls(messages) for own in people(call)]
    return sorted(got, key=lambda mail: mail.delivery_id)


def people(call: Json) -> list[Mapping[str, object]]:
    personal = call["personalizations"]
    assert isinstance(personal, list)
    return personal


def sizes(messages: Sequence[EmailMessage]) -> list[int]:
    return [len(people(call)) for call in calls(messages)]


def test_one_message_is_said_as_the_official_package_says_it() -> None:
    message = replace(email(7, "Grüße"), sender='"Zoë, of Rekindle" <hello@rekindle.example>')
    mail = package.Mail(
        from_email=package.From("hello@rekindle.example", "Zoë, of Rekindle"),
        plain_text_content=message.text,
        html_content=message.html,
    )
    own = package.Personalization()
    own.add_to(package.To("ana@example.com"))
    own.subject = "A subject"
    own.add_header(package.Header("List-Unsubscribe", "<https://rekindle.example/u/token>"))
    own.add_header(package.Header("Message-ID", "<7.0@rekindle.example>"))
    own.add_custom_arg(package.CustomArg("delivery", "7.0"))
    mail.add_personalization(own)
    mail.tracking_settings = package.TrackingSettings(
        package.ClickTracking(False, False), package.OpenTracking(False), package.SubscriptionTracking(False)
    )
    assert calls([message]) == [mail.get()]


def test_a_message_with_a_shape_says_its_slots_as_the_package_says_substitutions() -> None:
    (call,) = calls([shaped(1), shaped(2, slots=("Bo", "B&amp;o", "u/2"))])
    content = call["content"]
    assert isinstance(content, list)
    said = []
    for number, slots in ((1, ("Ana", "Ana", "https://x.example/u/1")), (2, ("Bo", "B&amp;o", "u/2"))):
        own = package.Personalization()
        own.add_to(package.To(f"ana{number}@example.com"))
        own.subject = "A subject"
        own.add_header(package.Header("List-Unsubscribe", "<https://rekindle.example/u/token>"))
        own.add_header(package.Header("Message-ID", f"<{number}.0@rekindle.example>"))
        own.add_custom_arg(package.CustomArg("delivery", f"{number}.0"))
        for place, slot in enumerate(slots):
            own.add_substitution(package.Substitution(f"^rk{place}-", slot))
        said.append(own.get())
    assert call["personalizations"] == said
    assert [part["type"] for part in content] == ["text/plain", "text/html"]
    assert content[0]["value"] == "Hello ^rk0-,\n"
    assert content[1]["value"] == '<p>Hello ^rk1-</p><a href="^rk2-">Leave</a>'


@pytest.mark.parametrize(
    ("manner", "name", "value"),
    [
        (Manner(sandbox=True), "mail_settings", {"sandbox_mode": {"enable": True}}),
        (Manner(ip_pool="nudges"), "ip_pool_name", "nudges"),
        (
            Manner(open_tracking=True, click_tracking=True),
            "tracking_settings",
            {
                "click_tracking": {"enable": True, "enable_text": True},
                "open_tracking": {"enable": True},
                "subscription_tracking": {"enable": False},
            },
        ),
        (USUAL, "mail_settings", None),
        (USUAL, "ip_pool_name", None),
    ],
)
def test_what_sendgrid_does_to_an_email_is_asked_for(manner: Manner, name: str, value: object) -> None:
    assert calls([email(1)], manner)[0].get(name) == value


def test_every_recipient_is_alone() -> None:
    for call in calls([shaped(number) for number in range(1, 8)]):
        assert all(len(own["to"]) == 1 and not {"cc", "bcc"} & set(own) for own in people(call))  # type: ignore[arg-type]


def test_messages_of_one_shape_travel_together_up_to_a_thousand_a_call() -> None:
    assert sizes([shaped(number) for number in range(2_300)]) == [1_000, 1_000, 300]


def test_shapes_and_senders_have_calls_of_their_own() -> None:
    other = Shape(("Bye ", ""), ("<p>Bye ", "</p>", ""))
    messages = [
        shaped(1),
        shaped(2, shape=other),
        shaped(3),
        replace(shaped(4), sender="Another <other@rekindle.example>"),
        shaped(5, shape=other),
    ]
    assert [[own["to"] for own in people(call)] for call in calls(messages)] == [
        [[{"email": f"ana{number}@example.com"}] for number in numbers] for numbers in ((1, 3), (2, 5), (4,))
    ]


def test_an_equal_shape_that_is_another_object_is_another_shape() -> None:
    assert sizes([shaped(1), shaped(2, shape=Shape(SHAPE.text, SHAPE.html))]) == [1, 1]


def test_an_address_comes_once_a_call_as_sendgrid_demands() -> None:
    messages = [shaped(number, to=to) for number, to in enumerate(("a@x.example", "A@x.example", "b@x.example"), 1)]
    assert sizes([*messages, shaped(4, to="a@x.example")]) == [2, 1, 1]


def test_messages_without_a_shape_have_calls_to_themselves() -> None:
    assert sizes(emails(1, 2, 3)) == [1, 1, 1]


@pytest.mark.parametrize(
    ("slot", "together"),
    [("a" * 9_980, True), ("a" * 9_999, False), ("ü" * 4_985, True), ("ü" * 5_000, False), ("💛" * 2_500, False)],
)
def test_slots_of_more_than_ten_thousand_bytes_have_a_call_to_themselves(slot: str, together: bool) -> None:
    shape = Shape(("", ""), ("<p></p>",))
    (call,) = calls([shaped(1, shape=shape, slots=(slot,))])
    assert ("substitutions" in people(call)[0]) is together
    assert mails([shaped(1, shape=shape, slots=(slot,))])[0].text == slot


def test_a_call_of_long_slots_stays_far_below_thirty_megabytes() -> None:
    shape = Shape(("", ""), ("<p></p>",))
    messages = [shaped(number, shape=shape, slots=("優" * 3_000,)) for number in range(2_000)]
    lengths = [len(call.body()) for call in Forms(USUAL).calls(list(enumerate(messages)))]
    assert max(lengths) < 20_000_000
    assert len(lengths) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"slots": ("^", "Ana", "u")},
        {"subject": "A ^rk1- for you"},
        {"slots": ("Ana",)},
        {"slots": ("a", "b", "c", "d")},
    ],
)
def test_a_message_that_could_be_mistaken_for_a_tag_or_has_another_number_of_slots_goes_by_itself(
    change: Mapping[str, object],
) -> None:
    message = replace(shaped(1), **change)  # type: ignore[arg-type]
    (call,) = calls([message])
    assert "substitutions" not in people(call)[0]
    (mail,) = mails([message])
    assert (mail.subject, mail.text, mail.html) == (message.subject, message.text, message.html)


@pytest.mark.parametrize(
    ("text", "html", "sent"),
    [
        ("", "<p>a</p>", ["text/html"]),
        ("a", "", ["text/plain"]),
        ("", "", ["text/plain"]),
        ("a", "<p>", ["text/plain", "text/html"]),
    ],
)
def test_an_empty_part_is_left_out_for_sendgrid_takes_none(text: str, html: str, sent: list[str]) -> None:
    content = calls([replace(email(1), text=text, html=html)])[0]["content"]
    assert isinstance(content, list)
    assert [part["type"] for part in content] == sent
    assert all(part["value"] for part in content)


def test_the_constant_part_of_a_shape_is_encoded_once_and_not_kept_for_ever() -> None:
    forms = Forms(USUAL)
    (first,) = forms.calls([(0, shaped(1))])
    (second,) = forms.calls([(0, shaped(2))])
    assert first.head is second.head
    for _ in range(MOST_FORMS + 10):
        forms.calls([(0, shaped(1, shape=Shape(SHAPE.text, SHAPE.html)))])
    assert len(forms._kept) == MOST_FORMS


def test_half_a_surrogate_pair_harms_nobody_else() -> None:
    assert sizes([shaped(1, slots=("\ud83d", "a", "b")), shaped(2)]) == [2]


NASTY = st.text(st.sampled_from("^|~`rkqz01-a "), max_size=12)
"""Words made of what tags are made of."""


@st.composite
def campaigns(draw: st.DrawFn) -> list[EmailMessage]:
    """Messages of one shape, whose constants, slots and subjects look like tags."""
    text = draw(st.lists(NASTY, min_size=1, max_size=4))
    html = draw(st.lists(NASTY, min_size=1, max_size=4))
    shape = Shape(tuple(text), tuple(html))
    count = len(text) + len(html) - 2
    return [
        replace(
            shaped(number, shape=shape, slots=draw(st.lists(NASTY, min_size=count, max_size=count))),
            subject=draw(NASTY) or "A subject",
        )
        for number in range(1, 4)
    ]


@given(campaigns())
def test_nobody_reads_a_tag_or_anothers_words_whatever_the_words_are(messages: list[EmailMessage]) -> None:
    for message, mail in zip(messages, mails(messages), strict=True):
        assert (mail.text, mail.html, mail.subject) == (
            message.text if message.text or message.html else " ",
            message.html,
            message.subject,
        )


@given(st.lists(NASTY, max_size=6))
def test_a_stem_occurs_in_no_constant_and_is_begun_by_no_constants_end(constants: list[str]) -> None:
    stem = free_stem(constants)
    if stem is not None:
        assert stem not in joined([*constants, ""], ["-"] * len(constants))
        assert not any(constant.endswith(stem[:length]) for constant in constants for length in (1, len(stem) - 1))


def test_a_shape_in_which_every_tag_would_be_mistaken_goes_one_a_call() -> None:
    shape = Shape(("^", "|"), ("~", "`"))
    assert sizes([shaped(number, shape=shape, slots=("a", "b")) for number in (1, 2)]) == [1, 1]
