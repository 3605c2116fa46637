"""Coverage-guided fuzzing of one parser: `python tests/fuzzing/harnesses/parsers.py NAME [libFuzzer's options]`.

What it finds is written to build/fuzz/NAME/; put it into corpus/NAME/, where the tests read it, and mend the parser.
"""

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[3]), str(HERE.parents[2])]

with atheris.instrument_imports(include=["engine", "csv", "email", "tomllib", "markdown_it", "json"]):
    from fuzzing.parsers import CORPUS, PARSERS


def main() -> None:
    """Run until libFuzzer's options say stop, or something is found."""
    if len(sys.argv) < 2 or sys.argv[1] not in PARSERS:
        sys.exit(f"Name one of: {', '.join(PARSERS)}.")
    name = sys.argv.pop(1)
    found = HERE.parents[3] / "build" / "fuzz" / name
    (found / "corpus").mkdir(parents=True, exist_ok=True)
    options = [f"-artifact_prefix={found}/", "-timeout=10", "-rss_limit_mb=2048", "-max_len=4096"]
    atheris.Setup([sys.argv[0], *options, *sys.argv[1:], str(found / "corpus"), str(CORPUS / name)], PARSERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
