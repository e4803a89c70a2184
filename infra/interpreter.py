"""Sets the interpreter up for a process that keeps much in memory and answers many at once."""

import ctypes
import gc
import sys
from typing import Final

_SWITCH_SECONDS: Final = 0.0005
_YOUNG, _MIDDLE, _OLD = 20_000, 50, 100
_M_ARENA_MAX: Final = -8
"""The parameter of glibc's mallopt, from its malloc.h."""


def settle_interpreter() -> None:
    """Call once what the process begins with is loaded.

    Threads that fold give the interpreter up after half a millisecond when the event loop wants it back (default 5).
    What is loaded is never looked through by the garbage collector again, and it comes seldom: kept members hold no
    cycles, and walking them cost a quarter of a command's time (bench/s1_recording). All threads share one heap of the
    C library: they hold the interpreter in turn, and heaps of their own keep what large answers of the database left
    free (decision 0059).
    """
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_M_ARENA_MAX, 1)
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
