"""What a process that sends for a living does once it has loaded everything."""

import gc


def settle_in() -> None:
    """Take what is loaded by now off the garbage collector's rounds.

    Code, templates and statements stay as long as the process does; each batch makes tens of thousands of objects, and
    every full round they set off would look at all of it again: a tenth of the time that an email takes.
    """
    gc.freeze()
