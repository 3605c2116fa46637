"""Benchmarks: what the engine's way costs against the plain way, both measured in the same run on the same data."""
