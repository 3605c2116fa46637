"""Turns what is due into messages that are sent once: due -> dispatch -> retry or reconcile."""
