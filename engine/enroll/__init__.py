"""How couples come in: addresses in normal form, rows read from a file, a million of them put in once."""
