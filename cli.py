"""The command line: parse, call the engine, print. Each group of commands is a file in engine/console."""

import errno
import os
import sys

from engine.console.root import for_these
from engine.errors import DefinitionError, RekindleError, StoreError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What writing to a disk says that has no room, or fails."""


def _let_go_of_output() -> None:
    """What still waits to be written is given up: at the end of the process it would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main() -> None:
    """Run the command line; exit 0 done, 1 found problems, 2 wrong use."""
    from engine.console.say import complain

    try:
        for_these(sys.argv[1:])()
    except RekindleError as error:
        complain(error)
        sys.exit(1 if isinstance(error, DefinitionError | StoreError) else 2)
    except KeyboardInterrupt:
        sys.exit(130)
    except UnicodeEncodeError:
        complain(RekindleError("An argument holds bytes that are not UTF-8.", fix="Type it again."))
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            if error.errno not in FULL:
                raise
            complain(RekindleError(f"A file cannot be written: {error.strerror}.", fix="Free some disk space."))
            _let_go_of_output()
            sys.exit(1)
        # A file or folder that an operator named, or that stands where one of ours belongs.
        complain(RekindleError(f"{error.filename}: {error.strerror}.", fix="Check the path, and who may use it."))
        sys.exit(2)


if __name__ == "__main__":
    main()
