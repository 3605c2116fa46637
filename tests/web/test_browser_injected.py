"""Names and answers that hold a script, on every page in a real browser: text, and what is none does not run."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from browser import Opener, press
from joining import CAMPAIGN, joined, sign_up, signup
from opening import POOL, STEPS
from operating import PASSWORD, SETTINGS
from served import Site
from starlette.routing import BaseRoute, Match, Route
from world import VAULT, person

from engine.hear.danger import alarm
from engine.model.campaign import Channel
from engine.model.danger import Danger
from engine.model.event import Inbound
from engine.model.reply import ReadAs
from engine.render.links import Purpose
from engine.store import couples_schema, replies, schema
from engine.web.app import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from playwright.sync_api import Route as Asking

EVIL = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
OPERATORS = (
    *("", "/alerts", "/alerts/1", "/doubts", "/couples", "/couples/1", "/campaigns", "/transports", "/suppressions"),
    *("/replies", "/audit", "/couples/99"),
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
NO_PAGES = {
    *("/healthz", "/readyz", "/health", "/metrics", "/openapi.json"),
    *("/n/{token}/event.ics", "/calendar/{token}.ics"),
    "/webhooks/{name}/{kind}",
}
"""What may be got and is no page: figures, files, and where providers call."""
RULES = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'")


class Evil:
    """A couple whose names and answers are scripts, as are their texts, which the operator has before them."""

    def __init__(self, site: Site) -> None:
        self.site, self.world = site, site.world
        self.world.join("a-b", person("Ana"), person("Ben"))
        self.world.join("c", person("Cleo"))
        self.world.enroll()
        self.world.live("2026-03-23T12:00")
        self.world.go_to("2026-03-23T12:00")
        self.partners = {row.given_name: row.id for row in self.world.rows(schema.partners)}
        for name in self.partners:
            self.world.alter(name, answers_consent=True, given_name=EVIL)
        now, cleo = self.now, self.partners["Cleo"]  # not Ana: what follows a cry for help is never shared
        with self.world.database.begin() as connection:
            danger = Inbound("text", "k1", now, Channel.SMS, "+12025550143", EVIL)
            reply = replies.keep(connection, VAULT, danger, cleo, None, ReadAs.DANGER)
            alarm(connection, self.world.engine.means, cleo, Danger.HARM_BY_PARTNER, "text", now, reply_id=reply)
            stray = Inbound("text", "k2", now, Channel.SMS, "+12025550144", EVIL)
            replies.keep(connection, VAULT, stray, cleo, None, ReadAs.KEPT)
        joined(self.world, EVIL, address="dora@example.com")
        sign_up(self.world, signup(EVIL, address="zed@example.com"))
        self.world.tick()

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def signed(self, page: str, purpose: Purpose, row: int) -> str:
        return f"{self.site.url}/{page}/{self.world.engine.links.sign(purpose, row, 0, self.now.date())}"

    def message(self, name: str, page: str, key: str = "talk") -> str:
        about = next(row.id for row in self.world.rows() if row.partner_id == self.partners[name] and row.step == key)
        return self.signed(page, Purpose.MESSAGE, about)

    def public(self) -> Iterator[str]:
        yield f"{self.site.url}/join"
        yield f"{self.site.url}/join/{CAMPAIGN}"
        yield f"{self.site.url}/nowhere"
        yield f"{self.site.url}/u/x"
        yield f"{self.site.url}/operator/sign-in"
        yield self.world.engine.links.unsubscribe(self.partners["Ana"], Channel.EMAIL)
        yield self.signed("c", Purpose.CONFIRM, max(row.id for row in self.world.rows(couples_schema.confirmations)))
        yield self.signed("i", Purpose.INVITE, self.world.rows(couples_schema.invitations)[0].id)
        yield self.signed("d", Purpose.DECLINE, max(row.id for row in self.world.rows() if row.step == "confirm"))
        yield self.signed("p", Purpose.PREFERENCES, self.partners["Ana"]) + "/data"
        for name in ("Ana", "Ben"):
            yield self.signed("p", Purpose.PREFERENCES, self.partners[name])
            for page, key in (("a", "talk"), ("n", "talk"), ("n", "date"), ("n", "end"), ("pulse", "close")):
                yield self.message(name, page, key)

    def sign_in(self, page: "Page") -> None:
        page.goto(self.site.url + "/operator")
        page.fill("#password", PASSWORD)
        press(page, "main button")

    def operators(self) -> Iterator[str]:
        for path in OPERATORS:
            yield f"{self.site.url}/operator{path}"


@pytest.fixture
def evil(serve: Callable[..., Site]) -> Evil:
    return Evil(serve(*STEPS, activities=POOL, settings=SETTINGS))


def looked_at(page: "Page", url: str) -> None:
    """Sent with every header that keeps it to itself; nothing that it shows has run, or is an element."""
    answer = page.goto(url)
    assert answer is not None
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, url
    policy = answer.headers["content-security-policy"]
    assert all(rule in policy for rule in RULES), (url, policy)
    assert "unsafe" not in policy
    assert "*" not in policy
    nothing_ran(page)


def nothing_ran(page: "Page") -> None:
    assert page.evaluate("window.ran === undefined"), page.url
    assert page.locator("img[src=x]").count() == 0, page.url


def test_a_name_or_an_answer_that_is_a_script_is_text_on_every_page_and_none_is_complained_of(
    evil: Evil, open_page: Opener, expect: Any
) -> None:
    """What the policy forbids would be complained of when the test ends."""
    page = open_page()
    for name in ("Ana", "Ben"):
        page.goto(evil.message(name, "a"))
        page.fill("#answer", EVIL)
        page.check("input[name=share][value=share]")
        press(page, "main form button")
        expect(page.locator("#answer, blockquote").first).to_be_visible()
        nothing_ran(page)
    for url in evil.public():
        looked_at(page, url)
    page.goto(evil.message("Ana", "a"))
    assert page.locator("blockquote").all_inner_texts() == [EVIL, EVIL]
    evil.sign_in(page)
    for url in evil.operators():
        looked_at(page, url)
    page.goto(evil.site.url + "/operator/alerts/1")
    press(page, page.get_by_role("button", name="Open the words"))
    expect(page.get_by_text(EVIL)).to_be_visible()
    nothing_ran(page)


def test_every_route_of_a_page_is_among_those_that_are_tried(evil: Evil) -> None:
    """A new one is tried too, or is said to be no page."""
    app = create_app(evil.world.engine, docs=True)
    got = [route for route in routes_of(app.routes) if "GET" in (route.methods or ())]
    tried = [urlsplit(url).path for url in (*evil.public(), *evil.operators())]
    reached = {first(got, path) for path in tried}
    assert {route.path for route in got} - NO_PAGES == reached - {None}


def routes_of(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    """All of them, those of included routers too; a kind that nobody knew of fails."""
    for each in routes:
        if isinstance(each, Route):
            yield each
        else:
            yield from routes_of(each.original_router.routes)  # type: ignore[attr-defined]


def first(routes: Iterable[Route], path: str) -> str | None:
    """The route that answers at a path."""
    scope = {"type": "http", "method": "GET", "path": path}
    return next((route.path for route in routes if route.matches(scope)[0] is Match.FULL), None)


def test_a_script_among_a_pages_own_bytes_does_not_run_on_any_of_them(evil: Evil, open_page: Opener) -> None:
    """As if a template had forgotten to escape: the policy is the second wall."""
    page = open_page()
    evil.sign_in(page)

    def planted(route: "Asking") -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"{EVIL}</main>"))

    page.route("**/*", planted)
    for url in (*evil.public(), *evil.operators()):
        open_page.watch.complaints.clear()
        page.goto(url)
        assert page.locator("img[src=x]").count() == 1, url
        assert page.evaluate("window.ran === undefined"), url
        said = " ".join(open_page.watch.complaints)
        assert "Content Security Policy" in said, url
    open_page.watch.complaints.clear()
