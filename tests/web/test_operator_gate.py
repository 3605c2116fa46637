"""Who may use the dashboard: who knows the password, or is named by a proxy we believe; no other, and no other site."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operating import HASH, PASSWORD, SETTINGS, AtDesk, signed_in, town
from world import World, at

from engine.errors import SettingsError
from engine.settings import load
from engine.store import audit
from engine.web.operator.password import fits, hashed
from engine.web.operator.session import Signer

PROXY = {"operator": {"proxy_header": "X-Remote-User"}}
PATHS = (
    *("", "/alerts", "/alerts/1", "/doubts", "/couples", "/couples/1", "/campaigns", "/transports", "/suppressions"),
    *("/replies", "/audit"),
)
ACTS: dict[str, dict[str, str]] = {
    "/pause": {"kind": "everything"},
    "/resume": {"kind": "everything"},
    "/couples": {"q": "ana@example.com"},
    "/couples/1/reveal": {"partner": "1"},
    "/couples/1/pause": {},
    "/couples/1/resume": {},
    "/couples/1/stop": {"sure": "yes"},
    "/doubts": {"delivery": "2", "verdict": "drop"},
    "/suppressions": {"address": "gone@example.com", "sure": "yes"},
    "/alerts/1/open": {},
    "/alerts/1/seen": {},
    "/replies/2/open": {},
    "/replies/2/seen": {},
}


def acts(world: World) -> list[tuple[str, str]]:
    with world.database.read() as connection:
        return [(each.actor, each.act) for each in audit.read(connection)]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["", "/sign-in", "/couples/1", "/pause"])
def test_without_a_password_or_a_proxy_there_is_no_dashboard_at_all(method: str, path: str) -> None:
    answer = AtDesk(World()).ask(method, path)
    elsewhere = AtDesk(World()).ask(method, "s-of-nothing")
    assert answer.status_code == 404
    assert answer.text == elsewhere.text


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_is_asked_to_sign_in_and_sees_nothing(path: str) -> None:
    answer = AtDesk(town()).get(path)
    assert (answer.status_code, answer.headers["location"], answer.text) == (303, "/operator/sign-in", "")


@pytest.mark.parametrize(("path", "fields"), ACTS.items())
def test_a_stranger_does_nothing(path: str, fields: dict[str, str]) -> None:
    world = town()
    before = acts(world), world.rows()
    answer = AtDesk(world).post(path, token="", **fields)
    assert answer.status_code == 403
    assert (acts(world), world.rows()) == before
    assert "ana@example.com" not in answer.text


@pytest.mark.parametrize(("path", "fields"), ACTS.items())
@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_its_own_token_does_nothing(path: str, fields: dict[str, str], token: str) -> None:
    desk = signed_in(town())
    before = acts(desk.world), desk.world.rows()
    assert desk.post(path, token=token, **fields).status_code == 403
    assert (acts(desk.world), desk.world.rows()) == before


@pytest.mark.parametrize("path", ACTS)
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_a_form_that_another_sites_page_sent_does_nothing(path: str, headers: dict[str, str]) -> None:
    desk = signed_in(town())
    token = desk.token()
    answer = desk.ask("POST", path, data={"token": token, **ACTS[path]}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ACTS)
def test_no_act_is_done_by_a_get(path: str) -> None:
    desk = signed_in(town())
    before = acts(desk.world), desk.world.rows()
    desk.get(path)
    assert (acts(desk.world), desk.world.rows()) == before


def test_one_operators_token_is_worthless_in_anothers_session() -> None:
    world = town()
    assert signed_in(world).post("/pause", token=signed_in(world).token(), kind="everything").status_code == 403


def test_the_cookie_is_for_this_site_over_tls_alone_and_for_no_script() -> None:
    answer = AtDesk(town()).sign_in()
    cookie = answer.headers["set-cookie"].lower()
    for part in ("__secure-", "httponly", "samesite=strict", "secure", "path=/operator"):
        assert part in cookie


def test_a_session_ends_after_an_hour_without_use() -> None:
    desk = signed_in(town())
    for _ in range(5):
        desk.world.clock.fast_forward(timedelta(minutes=59))
        assert desk.get().status_code == 200
    desk.world.clock.fast_forward(timedelta(minutes=60))
    assert desk.get().status_code == 303


def test_a_session_ends_after_twelve_hours_however_much_it_is_used() -> None:
    desk = signed_in(town())
    seen = []
    for _ in range(25):
        desk.world.clock.fast_forward(timedelta(minutes=30))
        seen.append(desk.get().status_code)
    assert seen == [200] * 23 + [303] * 2


def test_a_new_password_ends_every_session() -> None:
    desk = signed_in(town())
    desk.world.settings.operator.password_hash = type(desk.world.settings.operator.password_hash)(  # type: ignore[misc]
        hashed("another password")
    )
    desk.world.restart()
    after = AtDesk(desk.world)
    after.cookies = desk.cookies
    assert after.get().status_code == 303


def test_signing_out_ends_the_session_also_for_whoever_has_a_copy_of_the_cookie() -> None:
    desk = signed_in(town())
    copy = dict(desk.cookies)
    assert desk.post("/sign-out").headers["location"] == "/operator/sign-in"
    desk.cookies = copy
    assert desk.get().status_code == 303
    assert [act for _, act in acts(desk.world)][:2] == ["sign out", "sign in"]


def test_a_wrong_password_is_audited_and_too_many_of_them_wait() -> None:
    desk = AtDesk(town())
    assert [desk.sign_in("nope").status_code for _ in range(11)] == [403] * 10 + [429]
    assert desk.sign_in().status_code == 429  # the right one too: else it could be told from the wrong ones
    assert ("operator", "sign-in failed") in acts(desk.world)
    desk.world.clock.fast_forward(timedelta(minutes=15))
    assert desk.sign_in().status_code == 303


def test_a_proxy_says_who_it_is_and_the_audit_says_so_too() -> None:
    world = town(settings=PROXY)
    desk = AtDesk(world, **{"X-Remote-User": "eve"})
    assert desk.get().status_code == 200
    assert desk.post("/pause", kind="everything").status_code == 303
    assert acts(world)[0] == ("eve", "pause")


@pytest.mark.parametrize(
    ("peer", "name"), [("203.0.113.9", "eve"), ("127.0.0.1", ""), ("127.0.0.1", "x" * 81), ("testclient", "eve")]
)
def test_whoever_the_proxy_does_not_name_or_is_no_proxy_of_ours_stays_outside(peer: str, name: str) -> None:
    desk = AtDesk(town(settings=PROXY), peer, **({"X-Remote-User": name} if name else {}))
    assert desk.get().status_code == 403
    assert desk.sign_in().headers.get("location") == "/operator"
    assert desk.cookies == {}


def test_where_both_are_set_the_header_of_a_stranger_opens_nothing_and_the_password_still_does() -> None:
    both = {"operator": {**SETTINGS["operator"], **PROXY["operator"]}}
    desk = AtDesk(town(settings=both), "203.0.113.9", **{"X-Remote-User": "eve"})
    assert desk.get().status_code == 303
    assert desk.sign_in().status_code == 303
    assert desk.get().status_code == 200


def test_pages_load_nothing_run_nothing_and_are_kept_nowhere() -> None:
    answer = signed_in(town()).get("/couples/1")
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in answer.text
    assert " style=" not in answer.text


def test_a_password_fits_its_own_hash_and_no_other() -> None:
    made = hashed(PASSWORD)
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert fits(PASSWORD, made)
    assert not fits(PASSWORD + " ", made)
    assert not fits("", HASH)
    assert hashed(PASSWORD) != made  # each has its own salt


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"password_hash": "hunter2hunter2"}, "hash-password"),
        ({"proxy_header": "X-Remote-User", "proxy_from": ["the proxy"]}, "network"),
        ({"proxy_header": "X Remote"}, "proxy_header"),
    ],
)
def test_settings_that_would_let_nobody_in_are_refused(tmp_path: Any, given_: dict[str, Any], said: str) -> None:
    lines = "\n".join(f"{name} = {value!r}" for name, value in given_.items())
    (tmp_path / "rekindle.toml").write_text(f"[operator]\n{lines}\n")
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, environment={})
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


NOW = at("2026-03-03T09:00")
SIGNER = Signer(b"key", "hash")
COOKIE = SIGNER.written(SIGNER.begin("0123456789abcdef", NOW))


@given(st.text() | st.builds(lambda cut, more: COOKIE[:cut] + more, st.integers(0, len(COOKIE)), st.text(max_size=5)))
def test_no_cookie_but_ours_is_a_session(value: str) -> None:
    assert (SIGNER.read(value, NOW) is None) == (value != COOKIE)


@pytest.mark.parametrize("other", [Signer(b"other", "hash"), Signer(b"key", "other")])
def test_a_cookie_of_another_key_or_password_is_no_session(other: Signer) -> None:
    assert other.read(COOKIE, NOW) is None
    assert SIGNER.token("x") != other.token("x")
