"""Rekindle: a nudge campaign engine for couples.

The folders follow a message's path: define, enroll, plan, render, deliver, report. `docs/architecture.md` walks it.
"""

__version__ = "0.1.0"
