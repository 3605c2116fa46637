"""The server itself, on a real socket: what it hides, what it bounds, how it ends."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from wire import Wire, signed, told
from world import World

import cli
from engine.deliver.due import Planned, Planner
from engine.errors import SettingsError
from engine.store import schema
from engine.web.server import serving

EVENTS = "/webhooks/wire/events"
BODY = told({"key": "e", "type": "opened"})


def exchange(world: World, *requests: bytes) -> list[bytes]:
    """Serve a world, and what the server answers to each request, written as it is."""

    async def one(port: int, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer

    async def run() -> list[bytes]:
        async with serving(world.engine, "127.0.0.1", 0) as port:
            return [await one(port, request) for request in requests]

    return asyncio.run(run())


def raw(method: str, path: str, body: bytes = b"", chunked: bool = False, **headers: str) -> bytes:
    """A request as it goes over the wire."""
    size = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(body))}
    lines = [f"{name}: {value}" for name, value in ({"Host": "x", "Connection": "close"} | size | headers).items()]
    if chunked:
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:9], body[9:])) + b"0\r\n\r\n"
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + body


def test_a_chunked_call_without_a_length_is_heard_and_the_server_does_not_say_what_it_is(tmp_path: Path) -> None:
    world = World(transport=Wire(), database=tmp_path / "r.sqlite3")
    (answer,) = exchange(world, raw("POST", EVENTS, BODY, chunked=True, **signed(EVENTS, BODY)))
    assert answer.startswith(b"HTTP/1.1 204")
    assert b"\r\nserver:" not in answer.lower()
    assert b"uvicorn" not in answer.lower()
    assert len(world.rows(schema.events)) == 1


def test_a_burst_of_calls_is_heard_without_a_refusal(tmp_path: Path) -> None:
    world = World(transport=Wire(), database=tmp_path / "r.sqlite3")

    async def run() -> list[bytes]:
        async with serving(world.engine, "127.0.0.1", 0) as port:
            callers = [await asyncio.open_connection("127.0.0.1", port) for _ in range(150)]
            for _, writer in callers:
                writer.write(raw("POST", EVENTS, BODY, **signed(EVENTS, BODY)))
            answers = [await asyncio.wait_for(reader.readline(), 20) for reader, _ in callers]
            for _, writer in callers:
                writer.close()
            return answers

    assert {answer.split()[1] for answer in asyncio.run(run())} == {b"204"}


def test_a_call_is_answered_while_a_tick_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(transport=Wire(), database=tmp_path / "r.sqlite3")
    planning, answered = threading.Event(), threading.Event()

    def plan_due(_planner: Planner, _now: object) -> Planned:
        planning.set()
        assert answered.wait(5), "nobody was answered meanwhile"
        return Planned()

    monkeypatch.setattr(Planner, "plan_due", plan_due)

    async def run() -> bytes:
        async with serving(world.engine, "127.0.0.1", 0) as port:
            tick = asyncio.create_task(world.engine.tick())
            await asyncio.to_thread(planning.wait, 5)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(raw("POST", EVENTS, BODY, **signed(EVENTS, BODY)))
            answer = await reader.readline()
            answered.set()
            await tick
            writer.close()
            return answer

    assert b"204" in asyncio.run(run())


def test_forwarding_headers_change_nothing(tmp_path: Path) -> None:
    world = World(transport=Wire(), database=tmp_path / "r.sqlite3")
    headers = {**signed(EVENTS, BODY), "X-Forwarded-Proto": "http", "X-Forwarded-For": "10.0.0.1", "Host": "evil"}
    (answer,) = exchange(world, raw("POST", EVENTS, BODY, **headers))
    assert answer.startswith(b"HTTP/1.1 204")


def test_head_has_no_body_and_junk_is_no_request(tmp_path: Path) -> None:
    head, junk = exchange(World(database=tmp_path / "r.sqlite3"), raw("HEAD", "/u/x"), b"\x16\x03\x01 junk\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")
    assert head.endswith(b"\r\n\r\n")
    assert junk.startswith(b"HTTP/1.1 400")


def test_no_path_and_so_no_token_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    exchange(World(database=tmp_path / "r.sqlite3"), raw("GET", "/u/canary"), raw("POST", "/u/canary"))
    assert "canary" not in caplog.text


def test_a_port_that_is_taken_is_named_with_the_setting_to_change(tmp_path: Path) -> None:
    world = World(database=tmp_path / "r.sqlite3")

    async def serve(host: str, port: int) -> None:
        async with serving(world.engine, host, port):
            raise AssertionError("it served")

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=str(port)) as refused:
            asyncio.run(serve("127.0.0.1", port))
    assert "web.port" in refused.value.fix
    with pytest.raises(SettingsError):
        asyncio.run(serve("203.0.113.7", 8080))


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


@pytest.fixture
def rekindle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts a command in a fresh workspace."""
    monkeypatch.setattr(sys, "argv", ["rekindle", "-C", str(tmp_path), "init"])
    with pytest.raises(SystemExit):
        cli.main()

    def start(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "cli", "-C", str(tmp_path), *words]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    return start


def get(port: int, path: str) -> bytes:
    """What is answered, once anybody listens."""
    for _ in range(400):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(raw("GET", path))
                with connection.makefile("rb") as answer:
                    return answer.read()
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError("nobody listens")


@pytest.mark.parametrize("words", [("web", "--port"), ("run",)], ids=["web", "run"])
def test_a_command_that_serves_answers_and_ends_gracefully_on_sigterm(
    rekindle: Callable[..., "subprocess.Popen[str]"],
    free_port: int,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REKINDLE_WEB__PORT", str(free_port))
    process = rekindle(*words, *([str(free_port)] if words[0] == "web" else []))
    try:
        assert b'"status":"ok"' in get(free_port, "/health")
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert "Stopped." in out


def test_run_says_which_port_is_taken_and_serves_nothing_when_told_so(
    rekindle: Callable[..., "subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("REKINDLE_WEB__PORT", str(other.getsockname()[1]))
        process = rekindle("run")
        _, err = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "web.port" in err
        assert "Traceback" not in err
        quiet = rekindle("run", "--no-web")
        assert quiet.stdout is not None
        assert "serving" not in quiet.stdout.readline()
        quiet.send_signal(signal.SIGTERM)
        quiet.communicate(timeout=20)
        assert quiet.returncode in (0, -signal.SIGTERM)  # it may not have come as far as to listen for signals
