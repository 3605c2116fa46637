"""What every test may count on: no network beyond this machine, and hypothesis runs that repeat."""

import gc
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import stores
from hypothesis import HealthCheck, settings
from remembering import remember
from scratch import keep_files_there

settings.register_profile(
    "rekindle", deadline=None, derandomize=True, max_examples=20, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", settings.get_profile("rekindle"), max_examples=2000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "rekindle"))

keep_files_there()
remember()
gc.set_threshold(200_000, 20, 100)  # tests make much, and little of it goes round in circles

KEEPING = (
    *("store", "deliver", "enroll", "hear", "run", "faults"),
    *("report/test_report_figures.py", "report/test_report_page.py"),
)
"""The folders, and files, of tests about what is kept: each of them runs on either store, but for `storeless` ones."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store", choices=[stores.SQLITE, stores.POSTGRESQL], help="run every test on this store alone")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "store(name): about one store, and not to be tried on another")
    config.addinivalue_line("markers", "storeless: about nothing that is kept, whatever it stands beside")
    if not hasattr(config, "workerinput"):  # it is the run's, and its workers inherit where it is
        server = stores.server_of_run()
        server.__enter__()
        config.add_cleanup(lambda: server.__exit__(None, None, None))


def pytest_xdist_auto_num_workers() -> int:
    """More than there are processors: a test often waits, for a browser, a server or another process."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()  # modules and tests stay to the end, and need not be gone through again and again


def pytest_sessionfinish() -> None:
    gc.collect()
    gc.freeze()  # what is left would be gone through five times, for what may be said of it once


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    asked = metafunc.config.getoption("--store")
    of_one = metafunc.definition.get_closest_marker("store")
    path = metafunc.definition.path.relative_to(Path(__file__).parent).as_posix()
    keeping = path in KEEPING or path.partition("/")[0] in KEEPING
    keeping = keeping and not metafunc.definition.get_closest_marker("storeless")
    wanted = [*of_one.args] if of_one else [stores.SQLITE, stores.POSTGRESQL] if keeping or asked else [stores.SQLITE]
    wanted = [each for each in wanted if asked in {None, each}]
    metafunc.parametrize("_store", wanted, indirect=True, ids=[each if keeping else "" for each in wanted])


@pytest.fixture(autouse=True)
def _store(request: pytest.FixtureRequest) -> Iterator[None]:
    """Databases that the test opens are this store's."""
    stores.use(request.param)
    yield
    stores.end_of_test()
    stores.use(stores.SQLITE)


LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for the network fails rather than passes by luck."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = str(address[0]) if isinstance(address, tuple) else ""
        if self.family != socket.AF_UNIX and not host.startswith(LOOPBACK):
            raise RuntimeError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
    for name in [name for name in os.environ if name.startswith("REKINDLE_")]:
        monkeypatch.delenv(name)
