"""Folding without the garbage collector: what is kept is much, and holds no cycles for it to find."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Hold the collector off for one page or batch: walking all that is kept costs as much as folding.

    Freezing and thawing at the end makes what was made old without a walk; it is still looked through when the
    collector next walks everything, which is seldom. So is what other threads left to it meanwhile: not for a process
    that answers requests all the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        if was_enabled:
            gc.enable()
