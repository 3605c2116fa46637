"""All of the dashboard: its routes, for the app to serve where the settings say who may use it."""

from fastapi import APIRouter

from engine.app import Engine
from engine.web.operator.alerts import Alerts
from engine.web.operator.board import Board
from engine.web.operator.campaigns import Campaigns
from engine.web.operator.couples import Couples
from engine.web.operator.doubts import Doubts
from engine.web.operator.history import History
from engine.web.operator.replies import Replies
from engine.web.operator.sign_in import SignIn
from engine.web.operator.suppressions import Suppressions
from engine.web.operator.today import Today
from engine.web.operator.transports import Transports
from engine.web.turn import Turn

PAGES = (Today, Alerts, Doubts, Couples, Campaigns, Transports, Suppressions, Replies, History)


def dashboard(engine: Engine, turn: Turn) -> APIRouter:
    """The routes under /operator."""
    board = Board(engine, turn)
    SignIn(board)
    for pages in PAGES:
        pages(board)
    return board.router
