"""Lint: reads campaigns, strategies and templates as the engine will, and says what would go wrong before it does."""
