"""Keeps the engine going: the only APScheduler file."""
