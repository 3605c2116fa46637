"""`python -m bench [NAME…] [--json|--markdown] [--large]`: run every benchmark, or those named."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import chain
from typing import Any

from bench import claims, dashboard, importing, rendering, safety, simulating, ticks, whole_path
from bench.figures import Figure, as_json, as_markdown, show
from bench.transports import memory, sendgrid, smtp, twilio


def _scale(name: str) -> Any:
    """A benchmark on PostgreSQL, whose packages are loaded when it runs."""
    return import_module(f"bench.scale.{name}")


def _importing() -> Iterator[Figure]:
    found = importing.run(20_000)
    for name in ("import rows/s", "import again rows/s"):
        yield Figure(name.removesuffix(" rows/s"), float(found[name]), "rows/s")


def _faults(deliveries: int | None = None, seed: int | None = None, *, large: bool = False) -> Iterator[Figure]:
    faults: Any = import_module("bench.faults")
    found: Iterator[Figure] = faults.run(deliveries or (faults.LARGE if large else faults.DELIVERIES), seed)
    return found


BENCHMARKS: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "path": whole_path.run,
    "claims": claims.run,
    "ticks": ticks.run,
    "simulate": simulating.run,
    "render": rendering.run,
    "import": _importing,
    "safety": safety.run,
    "dashboard": dashboard.run,
}
TRANSPORTS: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "smtp": smtp.run,
    "sendgrid": sendgrid.run,
    "twilio": twilio.run,
    "memory": memory.run,
}
"""Run when named, alone or all together as `transports`: they take minutes."""
SCALE: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "scale-path": lambda: _scale("path").run(),
    "scale-engine": lambda: _scale("engine").run(),
    "scale-ticks": lambda: _scale("ticks").run(),
    "scale-import": lambda: _scale("importing").run(),
}
"""The same, as `scale`; they start a PostgreSQL server."""
FAULTS: Mapping[str, Callable[[], Iterator[Figure]]] = {"faults": _faults}
"""The same: everything fails at random, and what became of it is counted."""
KNOWN = {**BENCHMARKS, **TRANSPORTS, **SCALE, **FAULTS}
LARGE: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "ticks": ticks.run_large,
    "simulate": simulating.run_large,
    "memory": memory.run_large,
    "scale-path": lambda: _scale("path").run(40_000),
    "scale-engine": lambda: _scale("engine").run_large(),
    "scale-ticks": lambda: _scale("ticks").run_large(),
}
GROUPS = {"transports": TRANSPORTS, "scale": SCALE}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(KNOWN)}; or transports, or scale"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--markdown", action="store_true", help="for a page")
    parser.add_argument(
        "--large", action="store_true", help="10,000,000 partners, 10,000 couples, 300,000 emails: many minutes"
    )
    parser.add_argument("--deliveries", type=int, metavar="N", help="of faults: how many there are, 10,000 otherwise")
    parser.add_argument("--seed", type=int, metavar="N", help="of faults: which of them happen, as a run said it")
    given = parser.parse_args()
    names = list(chain.from_iterable(GROUPS.get(name, [name]) for name in given.names))
    unknown = set(names) - set(KNOWN)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(KNOWN)}, transports and scale")
    figures: list[Figure] = []
    for name in names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        if name in FAULTS:
            figures.extend(_faults(given.deliveries, given.seed, large=given.large))
        else:
            figures.extend((LARGE.get(name, KNOWN[name]) if given.large else KNOWN[name])())
    if given.json:
        print(as_json(figures))
    elif given.markdown:
        print(as_markdown(figures))
    else:
        show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
