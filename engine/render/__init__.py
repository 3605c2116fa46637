"""Turns a step and a recipient into a message: sandboxed Jinja, compiled once, specialised by tracing."""
