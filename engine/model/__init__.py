"""Frozen values that every part speaks in. Standard library only: no SQL, Jinja, HTTP or files."""
