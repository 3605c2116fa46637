"""The command line: parse, call the engine, print. Each group of commands is a file in engine/console."""

import sys

from engine.console.app import app
from engine.errors import DefinitionError, RekindleError, StoreError


def main() -> None:
    """Run the command line; exit 0 done, 1 found problems, 2 wrong use."""
    from engine.console.say import complain

    try:
        app()
    except RekindleError as error:
        complain(error)
        sys.exit(1 if isinstance(error, DefinitionError | StoreError) else 2)
    except KeyboardInterrupt:
        sys.exit(130)
    except UnicodeEncodeError:
        complain(RekindleError("An argument holds bytes that are not UTF-8.", fix="Type it again."))
        sys.exit(2)
    except OSError as error:
        # A file or folder that an operator named, or that stands where one of ours belongs.
        if error.filename is None:
            raise
        complain(RekindleError(f"{error.filename}: {error.strerror}.", fix="Check the path, and who may use it."))
        sys.exit(2)


if __name__ == "__main__":
    main()
