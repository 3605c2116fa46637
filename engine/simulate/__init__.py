"""The engine on a virtual clock: the same parts, an in-memory database, faults by seed."""
