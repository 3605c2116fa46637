"""Processes forked off one that has loaded the engine and has done nothing: loading takes longer than what many do."""

import os
import sys
from collections.abc import Callable
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext, ForkServerProcess
from unittest.mock import patch

LOADED = "crashing", "faults.staged", "engine.run.worker", "engine.console.worker", "engine.web.server"


def forked(do: Callable[..., None], *given: object) -> ForkServerProcess:
    """A process that does this, and ends with 0, or with the code that it leaves by; it has begun."""
    process = _forks().Process(target=do, args=given)
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        process.start()
    return process


@cache
def _forks() -> ForkServerContext:
    made = get_context("forkserver")
    made.set_forkserver_preload([*LOADED])
    return made
