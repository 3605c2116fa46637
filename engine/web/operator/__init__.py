"""The dashboard at /operator: for who runs this, signed in; served only where the settings say who that is."""
