"""What one process carries and what several do, on PostgreSQL, against plain ways of doing the same work."""

import sys
from pathlib import Path

# The server is the tests': they know how to start one.
sys.path.append(str(Path(__file__).parents[2] / "tests"))
