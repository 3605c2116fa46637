"""`python -m bench [NAME…] [--json] [--large]`: run every benchmark, or those named."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping

from bench import claims, importing, rendering, simulating, ticks, whole_path
from bench.figures import Figure, as_json, show


def _importing() -> Iterator[Figure]:
    found = importing.run(20_000)
    for name in ("import rows/s", "import again rows/s"):
        yield Figure(name.removesuffix(" rows/s"), float(found[name]), "rows/s")


BENCHMARKS: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "path": whole_path.run,
    "claims": claims.run,
    "ticks": ticks.run,
    "simulate": simulating.run,
    "render": rendering.run,
    "import": _importing,
}
LARGE: Mapping[str, Callable[[], Iterator[Figure]]] = {"ticks": ticks.run_large, "simulate": simulating.run_large}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(BENCHMARKS)}")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--large", action="store_true", help="10,000,000 partners, 10,000 couples: many minutes")
    given = parser.parse_args()
    unknown = set(given.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    figures: list[Figure] = []
    for name in given.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        run = LARGE.get(name, BENCHMARKS[name]) if given.large else BENCHMARKS[name]
        figures.extend(run())
    if given.json:
        print(as_json(figures))
    else:
        show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
