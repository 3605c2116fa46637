"""People who press "unsubscribe" in messages that they have got, while the web server that hears them is killed."""

import socket
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from urllib.parse import urlsplit

from faults.hands import Hands
from faults.place import Place

from engine.model.campaign import Channel
from engine.parts import load_vault
from engine.render.links import Links
from engine.settings import load

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAUSE_SECONDS = 0.05


class Callers:
    """They call one after another, each again and again until they are heard. `heard`: partners who got a 200."""

    def __init__(self, place: Place, hands: Hands, most: int) -> None:
        self.heard: list[int] = []
        self.refused = 0  # calls that came to nothing
        settings = load(place.workspace, environment={})
        self._links = Links(settings.public_url, load_vault(settings).subkey("links"))
        self._place, self._most = place, most
        self._ended = Event()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        hands.begin("web", "--port", str(self._port))
        self._thread = Thread(target=self._call)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def forgotten(self) -> int:
        """How many were told that they are unsubscribed and are not."""
        stopped = "SELECT p.id FROM partners p JOIN suppressions s ON s.address_index = p.email_index"
        return len(set(self.heard) - {number for (number,) in self._place.ask(stopped)})

    def _call(self) -> None:
        called = 0
        while called < self._most and not self._ended.wait(PAUSE_SECONDS):
            partners = self._written_to(called)
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
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("POST", path, ONE_CLICK, FORM)
            heard = connection.getresponse().status == 200
        except (OSError, HTTPException):
            heard = False
        finally:
            connection.close()
        self.refused += not heard
        return heard
