"""Lives of couples by seed: the real engine among faults, and a checker that knows nothing of it (docs/promises.md)."""
