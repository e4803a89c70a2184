"""Sets the interpreter up for a process that keeps much in memory and answers many at once."""

import gc
import sys
from typing import Final

_SWITCH_SECONDS: Final = 0.0005
_YOUNG, _MIDDLE, _OLD = 20_000, 50, 100


def settle_interpreter() -> None:
    """Call once what the process begins with is loaded.

    Threads that fold give the interpreter up after half a millisecond when the event loop wants it back (default 5).
    What is loaded is never looked through by the garbage collector again, and it comes seldom: kept members hold no
    cycles, and walking them cost a quarter of a command's time (bench/s1_recording).
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
