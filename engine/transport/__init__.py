"""Hands messages to providers: one provider, one file. Transports know neither the store nor one another."""
