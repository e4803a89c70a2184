"""The processes that help this one to fold, as the operating system knows them."""

import time
from contextlib import suppress

import psutil


def second_processes() -> list[psutil.Process]:
    """Return those at work now."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # or a zombie: it has ended
            if any("second_process" in part for part in child.cmdline()):
                found.append(child)
    return found


def await_second_process(seconds: float = 60) -> psutil.Process:
    """Wait until one is at work."""
    deadline = time.monotonic() + seconds
    while not (found := second_processes()):
        assert time.monotonic() < deadline, "no second process came"
        time.sleep(0.005)
    return found[0]
