"""A watched preview is made anew when a file is saved, says what is wrong until it is mended, and is for us alone."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine.define.findings import Finding, FindingsError
from engine.errors import RekindleError, SettingsError
from engine.web.watching import HERE, Watched, create_app, watch


class Bench:
    """A gallery made of one file: it shows the file's words, or refuses a file that says `bad`."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "campaign.yaml"
        self.file.write_text("first", encoding="utf-8")
        self.templates = folder / "templates"
        self.made: list[str] = []
        self.told: list[RekindleError | None] = []
        self.watched = Watched(self.make, [self.file], [self.templates], self.told.append)

    def make(self, out: Path, made: str) -> None:
        self.made.append(made)
        words = self.file.read_text(encoding="utf-8")
        if words == "bad":
            raise FindingsError([Finding("campaign.yaml", 3, 7, "tusday is not a day", "did you mean tuesday?")])
        if words == "worse":
            raise SettingsError("It cannot be <read>.", fix="Mend it.")
        (out / "gallery" / "mail").mkdir(parents=True)
        (out / "index.html").write_text(f"<p>{words}", encoding="utf-8")
        (out / "gallery" / "mail" / "000001.html").write_text("<p>Hello", encoding="utf-8")

    def save(self, words: str) -> None:
        """Save other words, at another moment as the file system tells it."""
        at = self.file.stat().st_mtime_ns + 1_000_000_000
        self.file.write_text(words, encoding="utf-8")
        os.utime(self.file, ns=(at, at))


class Client:
    """Asks the app as this machine's browser would, one call after another."""

    def __init__(self, watched: Watched) -> None:
        self._app = create_app(watched)

    def get(self, path: str, host: str = HERE) -> httpx.Response:
        return self.call("GET", path, host)

    def call(self, method: str, path: str, host: str = HERE) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HERE}") as client:
                return await client.request(method, path, headers={"Host": host})

        return asyncio.run(ask())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.watched.close()


@pytest.fixture
def client(bench: Bench) -> Client:
    bench.watched.look()
    return Client(bench.watched)


def test_it_is_made_once_until_something_is_saved(bench: Bench) -> None:
    assert [bench.watched.look() for _ in range(3)] == [True, False, False]
    bench.save("second")
    assert [bench.watched.look() for _ in range(2)] == [True, False]
    assert len(bench.made) == 2
    assert bench.told == [None, None]


def test_each_gallery_has_a_mark_of_its_own_which_made_tells(bench: Bench, client: Client) -> None:
    assert client.get("/made").text == bench.made[-1]
    bench.save("second")
    bench.watched.look()
    assert client.get("/made").text == bench.made[-1] != bench.made[0]
    assert client.get("/").text == "<p>second"


@pytest.mark.parametrize("name", ["templates/email/prompt.html", "templates/sms/es/prompt.txt", "templates/style.css"])
def test_a_file_that_comes_or_goes_in_a_folder_makes_it_anew(bench: Bench, tmp_path: Path, name: str) -> None:
    bench.watched.look()
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    assert bench.watched.look()
    (tmp_path / name).unlink()
    assert bench.watched.look()


@pytest.mark.parametrize("name", ["templates/.prompt.html.swp", "templates/.#prompt.html", "templates/notes.md"])
def test_what_no_gallery_is_made_of_changes_nothing(bench: Bench, tmp_path: Path, name: str) -> None:
    bench.watched.look()
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    assert not bench.watched.look()


def test_a_mistake_is_shown_with_its_place_and_goes_with_the_next_save(bench: Bench, client: Client) -> None:
    bench.save("bad")
    bench.watched.look()
    page = client.get("/")
    assert page.status_code == 200
    for words in ("campaign.yaml:3:7", "tusday is not a day", "did you mean tuesday?", 'src="gallery/watching.js"'):
        assert words in page.text
    assert bench.made[-1] in page.text
    assert client.get("/gallery/watching.js").status_code == client.get("/gallery/gallery.css").status_code == 200
    assert isinstance(bench.told[-1], FindingsError)
    bench.save("mended")
    bench.watched.look()
    assert client.get("/").text == "<p>mended"
    assert bench.told[-1] is None


def test_a_mistake_without_a_place_is_shown_with_its_mend_and_as_text(bench: Bench, client: Client) -> None:
    bench.save("worse")
    bench.watched.look()
    assert "It cannot be &lt;read&gt;.</b> Mend it." in client.get("/").text


def test_a_mistake_at_the_very_start_is_shown_too(bench: Bench) -> None:
    bench.save("bad")
    client = Client(bench.watched)
    bench.watched.look()
    assert "campaign.yaml:3:7" in client.get("/").text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.2"])
def test_a_page_elsewhere_that_takes_this_address_is_refused(client: Client, host: str) -> None:
    for path in ("/", "/made", "/gallery/mail/000001.html"):
        assert client.get(path, host).status_code == 400
    assert client.get("/", "localhost:1234").status_code == 200


@pytest.mark.parametrize("path", ["/../campaign.yaml", "/gallery/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/nothing.html"])
def test_nothing_outside_the_gallery_is_served(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_pages_may_load_nothing_from_elsewhere_and_messages_may_run_nothing(client: Client) -> None:
    page, mail = client.get("/"), client.get("/gallery/mail/000001.html")
    for answer in (page, mail):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src ")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "script-src" not in mail.headers["content-security-policy"]


def test_nothing_can_be_changed_from_outside(client: Client) -> None:
    assert {client.call(method, "/").status_code for method in ("POST", "PUT", "DELETE")} == {405}


def test_it_serves_until_it_is_told_to_end_and_leaves_nothing(bench: Bench) -> None:
    asked: list[str] = []

    def ready(address: str) -> None:
        def ask() -> None:
            try:
                asked.append(httpx.get(address, timeout=10).text)
            finally:
                os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=ask).start()

    asyncio.run(watch(bench.watched, 0, ready))
    assert asked == ["<p>first"]
    assert not bench.watched.folder.exists()


def test_a_port_that_is_taken_is_explained(bench: Bench) -> None:
    import socket

    with (
        socket.create_server((HERE, 0)) as taken,
        pytest.raises(SettingsError, match="address already in use") as error,
    ):
        asyncio.run(watch(bench.watched, taken.getsockname()[1], lambda address: None))
    assert "--port" in error.value.fix
    assert bench.made == []
