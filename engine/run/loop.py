"""The event loop of a process that sends for a living: uvloop's, where there is one."""

import asyncio


def runner() -> asyncio.Runner:
    """What runs the process's one coroutine."""
    try:
        from uvloop import new_event_loop
    except ImportError:  # not on Windows
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=new_event_loop)
