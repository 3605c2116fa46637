"""Hearing back: what providers and people tell us, verified, stored once, then acted upon."""
