"""Looks a workspace over before it matters, and names what is wrong with its mend."""
