"""`/operator/sign-in`, `/operator/sign-out`: the password, and the end of a session."""

from datetime import timedelta
from math import ceil

from fastapi import Request, Response

from engine.web.forms import FormRefused, read_form
from engine.web.operator.board import HOME, Asked, Board
from engine.web.operator.password import LONGEST


class SignIn:
    """The routes."""

    def __init__(self, board: Board) -> None:
        self._board = board
        router = board.router
        router.add_route(HOME + "/sign-in", self.show, methods=["GET", "HEAD"])
        router.add_route(HOME + "/sign-in", self.enter, methods=["POST"])
        board.act_at("/sign-out", self.leave)

    async def show(self, request: Request) -> Response:
        """The form."""
        return self._form() if self._board.gate.has_password else self._board.go("")

    async def enter(self, request: Request) -> Response:
        """Let in who knows the password. Nobody is signed in yet: the form has no token, and Origin is looked at."""
        try:
            form = await read_form(request, self._board.engine.settings.public_url)
        except FormRefused as refused:
            return self._board.stranger("refused", refused.status, what="This form was not sent by the dashboard.")
        if not self._board.gate.has_password:
            return self._board.go("")
        password = form.get("password", ("",))[0]
        found = await self._board.gate.sign_in(request, password[:LONGEST])
        if isinstance(found, timedelta):
            seconds = max(1, ceil(found.total_seconds()))
            answer = self._form(429, told="wait", minutes=ceil(seconds / 60))
            answer.headers["Retry-After"] = str(seconds)
            return answer
        if found is None:
            return self._form(403, told="wrong")
        answer = self._board.go("")
        self._board.gate.let_in(answer, found)
        return answer

    def leave(self, asked: Asked) -> str:
        """End the session."""
        self._board.gate.sign_out(asked.visit)
        return "/sign-in"

    def _form(self, status: int = 200, **told: object) -> Response:
        return self._board.stranger("sign-in", status, **told)
