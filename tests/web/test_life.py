"""The whole life of a couple in a real browser, from the first page to the last message, with nobody's help."""

import email
import email.policy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from browser import Opener, overflows, press, shoot, violations
from served import Site
from wire import Wire, sign, told

from engine.model.campaign import Channel
from engine.transport.outbox import OutboxTransport

if TYPE_CHECKING:
    from playwright.sync_api import Page

ANA, BEN = "ana@example.org", "+12025550143"
HIS, HERS = "The hour after dinner, when nobody wants anything. 🥘", "Sunday mornings, before the phones."


class Life:
    """A site, the folder that emails are written to, and the phone company."""

    def __init__(self, serve: Callable[..., Site], folder: Path) -> None:
        self.outbox = folder / "outbox"
        self.wire = Wire()
        by = {Channel.EMAIL: OutboxTransport(self.outbox), Channel.SMS: self.wire, Channel.WHATSAPP: self.wire}
        self.site = serve(transports=by)
        self.texted = 0

    def until(self, moment: str) -> None:
        self.site.world.live(moment)

    def mails(self) -> list[tuple[str, str]]:
        """(subject, words) of every email so far."""
        found = []
        for file in sorted(self.outbox.glob("*.eml")):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            assert message["To"] == ANA
            body = message.get_body(("plain",))
            assert body is not None
            found.append((str(message["Subject"]), str(body.get_content())))
        return found

    def texts(self) -> list[str]:
        return [message.body for message in self.wire.messages]  # type: ignore[union-attr]

    def text(self, words: str) -> str:
        """Ben texts; what he is answered."""
        self.texted += 1
        now = self.site.world.clock.now()
        body = told({"key": f"t{self.texted}", "at": now.isoformat(), "sender": BEN, "text": words})
        url = f"{self.site.url}/webhooks/wire/inbound"
        answer = httpx.post(url, content=body, headers={"X-Signature": sign(url, body)})
        assert answer.status_code == 200, answer.text
        return answer.text

    def link(self, words: str, page: str) -> str:
        found = re.search(rf"{re.escape(self.site.url)}/{page}/[\w-]+", words)
        assert found is not None, words
        return found[0]


@pytest.fixture
def life(serve: Callable[..., Site], tmp_path: Path) -> Life:
    return Life(serve, tmp_path)


def good(page: "Page", name: str) -> None:
    """Usable by everyone, at any width."""
    assert violations(page) == [], name
    assert overflows(page) == [], name
    shoot(page, f"life-{name}")


@pytest.mark.slow
def test_two_people_live_through_it_without_the_operator(life: Life, open_page: Opener, expect: Any) -> None:
    ana = open_page(locale="en-GB", timezone_id="Europe/Lisbon")
    ben = open_page(locale="en-US", timezone_id="America/New_York", viewport={"width": 375, "height": 800})

    # A joins and confirms.
    ana.goto(f"{life.site.url}/join/eight-weeks")
    good(ana, "join")
    ana.fill("[name=given_name]", "Ana")
    ana.fill("[name=email]", ANA)
    expect(ana.locator("[name=timezone]")).to_have_value("Europe/Lisbon")
    assert not ana.is_checked("[name=agree_email]")
    ana.check("[name=agree_email]")
    press(ana, "main form button >> nth=0")
    good(ana, "sent")
    life.site.world.tick()
    ((_, words),) = life.mails()
    ana.goto(life.link(words, "c"))
    good(ana, "confirm")
    press(ana, "main form button >> nth=0")
    good(ana, "confirmed")
    invitation = ana.locator("#share").input_value()

    # B is invited by a link, and consents for himself.
    ben.goto(invitation)
    expect(ben.locator("h1")).to_contain_text("Ana")
    good(ben, "invitation")
    ben.fill("[name=given_name]", "Ben")
    ben.check("[name=channel][value=sms]")
    ben.fill("[name=phone]", BEN)
    ben.check("[name=agree_sms]")
    ben.check("[name=agree_answers]")
    ben.check("[name=share_texts][value=yes]")
    press(ben, "main form button >> nth=0")
    life.site.world.tick()
    (confirm,) = life.texts()
    ben.goto(life.link(confirm, "c"))
    press(ben, "main form button >> nth=0")
    good(ben, "joined")

    # Both get week one, each at seven in their own evening.
    life.until("2026-03-04T01:00")
    subject, question = life.mails()[-1]
    assert subject.startswith("This week: ")
    assert "Ben" not in subject
    assert len(life.texts()) == 3  # confirm, welcome, question

    # B answers by text; A on the page, and reloads on the way: the draft is there.
    assert "both" in life.text(HIS)
    ana.goto(life.link(question, "a"))
    assert HIS not in ana.content()
    good(ana, "answer")
    ana.check("[name=consent]")
    ana.fill("[name=answer]", HERS)
    ana.check("[name=share][value=share]")
    press(ana, "main form button >> nth=0")
    ana.goto(life.link(question, "a"))
    expect(ana.locator("main")).to_contain_text(HIS)
    expect(ana.locator("main")).to_contain_text(HERS)
    good(ana, "revealed")

    # Each is told once, in their own hours, and B reads them too.
    life.until("2026-03-04T20:00")
    assert [subject for subject, _ in life.mails()].count("Something to read, when it suits you") == 1
    revealed = [text for text in life.texts() if "both answered" in text]
    assert len(revealed) == 1
    ben.goto(life.link(revealed[0], "a"))
    expect(ben.locator("main")).to_contain_text(HERS)
    good(ben, "revealed-phone")

    # Something to try; then how the week felt: A by a link that chooses and does not yet rate, B by a number.
    life.until("2026-03-08T23:30")
    subject, words = life.mails()[-1]
    assert subject == "One small number"
    ana.goto(life.link(words, "pulse") + "?n=4")
    good(ana, "pulse")
    press(ana, "main form button >> nth=0")
    expect(ana.locator("main svg")).to_be_visible()
    good(ana, "pulse-rated")
    life.text("5")
    tried = next(words for subject, words in life.mails() if subject.startswith("To try this week"))
    ana.goto(life.link(tried, "n"))
    good(ana, "activity")
    press(ana, ana.get_by_role("button", name=re.compile("did it")))
    good(ana, "activity-did")

    # A looks after her own part: nothing there is about B.
    ana.goto(life.link(words, "p"))
    good(ana, "preferences")
    before = ana.locator("main").inner_text()

    # B leaves quietly, by the link that MENU brings.
    ben.goto(life.link(life.text("MENU"), "p"))
    good(ben, "preferences-phone")
    press(ben, "form[action$='/leave'] button")
    good(ben, "left")

    # A sees nothing but her own weeks, and at their end the goodbye.
    ana.reload()
    assert ana.locator("main").inner_text() == before
    sent_to_ben = len(life.texts())
    life.until("2026-05-10T00:00")
    assert len(life.texts()) == sent_to_ben
    later = life.mails()
    assert later[-1][0] == "The last one, for now"
    assert {subject.partition(":")[0] for subject, _ in later[-20:]} == {
        "This week", "To try this week", "One small number", "The last one, for now",
    }  # fmt: skip
    assert len([subject for subject, _ in later if subject.startswith("This week: ")]) == 8
    assert json.loads(httpx.get(f"{life.site.url}/health").text)["status"] == "ok"
