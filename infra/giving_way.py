"""Long work that lets whoever else needs the processor come first."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

COURTESY: Final = 10
"""As in nice(1)."""
_GROUP: Final = Path("/proc/self/autogroup")


def give_way() -> None:
    """Be nice from here on, this process and all that it starts, and use any core.

    Linux may weigh sessions against each other first and then the processes of each (sched(7), autogroup): there a nice
    process is nice to its own session only, and a server is in another. So whoever starts one starts it in a session of
    its own, which is made nice as a whole; one that shares its session leaves that alone.
    """
    os.nice(COURTESY)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # not only the core of a service that started it
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # a system without, or one that lets nobody
            _GROUP.write_text(str(COURTESY))
