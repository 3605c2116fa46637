"""People who press "unsubscribe" in messages that they have got, while web servers that hear them end and begin."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from urllib.parse import urlsplit

from faults.hands import Hand, Hands
from faults.place import Place

from engine.model.campaign import Channel
from engine.parts import load_vault
from engine.render.links import Links
from engine.settings import load

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAUSE_SECONDS = 0.05


class Callers:
    """They call one after another, each again and again until they are heard; who was may call again.

    `heard`: partners who got a 200. Of several web servers they call the next where one does not answer, as they would
    through a proxy.
    """

    def __init__(self, place: Place, hands: Hands, most: int, webs: int = 1) -> None:
        self.heard: list[int] = []
        self.refused = 0  # calls that came to nothing, with any server
        settings = load(place.workspace, environment={})
        self._links = Links(settings.public_url, load_vault(settings).subkey("links"))
        self._place, self._most = place, most
        self._ended = Event()
        self._hands = hands
        self._ports = _free_ports(webs)
        self._webs = [self._begin(port) for port in self._ports]
        self._thread = Thread(target=self._call)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def open(self) -> bool:
        """Whether every server takes calls."""
        return all(_answers(port) for port in self._ports)

    def restart(self, number: int) -> int:
        """Tell one of the servers to end, and start it again; its exit code."""
        code = self._hands.stop(self._webs[number])
        self._webs[number] = self._begin(self._ports[number])
        return code

    def _begin(self, port: int) -> Hand:
        return self._hands.begin("web", "--port", str(port))

    def forgotten(self) -> int:
        """How many were told that they are unsubscribed and are not."""
        stopped = "SELECT p.id FROM partners p JOIN suppressions s ON s.address_index = p.email_index"
        return len(set(self.heard) - {number for (number,) in self._place.ask(stopped)})

    def _call(self) -> None:
        called, people = 0, self._place.size.deliveries
        while called < self._most and not self._ended.wait(PAUSE_SECONDS):
            partners = self._written_to(called % people)
            if partners and self._hears(partners[0]):
                self.heard.append(partners[0])
                called += 1

    def _written_to(self, after: int) -> Sequence[int]:
        try:
            rows = self._place.ask(
                f"SELECT partner_id FROM deliveries WHERE status = 'sent' ORDER BY id OFFSET {after} LIMIT 1"
            )
        except Exception:  # the server is down
            return []
        return [number for (number,) in rows]

    def _hears(self, partner: int) -> bool:
        path = urlsplit(self._links.unsubscribe(partner, Channel.EMAIL)).path
        heard = any(_heard(port, path) for port in self._ports)
        self.refused += not heard
        return heard


def _heard(port: int, path: str) -> bool:
    """Whether the server at a port says that it has unsubscribed whom this is about."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, ONE_CLICK, FORM)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _free_ports(many: int) -> list[int]:
    """Ports of which none is another's now."""
    with ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(many)]
        return [each.getsockname()[1] for each in free]
