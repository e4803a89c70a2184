"""A small program that keeps one embedded PostgreSQL running for as long as any process uses it.

Whoever uses the server holds a shared lock on `users.lock`; the kernel releases it when the holder ends, however it
ends. When this program gets the lock for itself nobody is left, and it stops the server. A server that dies while it
is in use is started again. Standard library only: it is run without the site packages, and stays small.
"""

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from infra.database.unprivileged import become, end_with_parent

_LOOK_SECONDS = 0.25
_FAST_STOP_SECONDS = 60.0
_ATTEMPTS_BEFORE_FIRST_READY = 3
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1}


class Supervisor:
    """The life of one server: start, start again when it dies, stop when nobody uses it."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._command: list[str] = spec["command"]
        self._data = Path(spec["data"])
        self._log = Path(spec["log"])
        self._uid: int = spec["uid"]
        self._gid: int = spec["gid"]
        self._users = os.open(spec["users_lock"], os.O_RDWR)
        self._held = os.open(spec["server_lock"], os.O_RDWR)
        self._child = 0

    def run(self) -> int:
        """Return the exit code: 0 after an orderly stop, 1 when the server never became ready, 2 when one runs."""
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return 2
        os.ftruncate(self._held, 0)
        os.pwrite(self._held, str(os.getpid()).encode(), 0)
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        was_ready = False
        failures = 0
        self._start()
        while True:
            received = signal.sigtimedwait(_SIGNALS, _LOOK_SECONDS)
            if received is not None and received.si_signo in (signal.SIGTERM, signal.SIGINT):
                self._stop()
                return 0
            if self._nobody_uses_it():
                self._stop()
                return 0
            was_ready = was_ready or self._is_ready()
            if self._has_ended():
                failures += 1
                if not was_ready and failures >= _ATTEMPTS_BEFORE_FIRST_READY:
                    return 1
                # The children of a killed server need a moment to notice and let go of its memory.
                time.sleep(min(0.2 * failures, 3.0))
                self._start()
            elif was_ready:
                failures = 0

    def _start(self) -> None:
        me = os.getpid()
        self._child = os.fork()
        if self._child:
            return
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.setsid()
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            become(self._uid, self._gid)
            end_with_parent(me)
            os.execv(self._command[0], self._command)  # noqa: S606
        except OSError as error:
            os.write(2, f"{self._command[0]}: {error}\n".encode())
        finally:
            os._exit(127)

    def _has_ended(self) -> bool:
        pid, _ = os.waitpid(self._child, os.WNOHANG)
        return pid != 0

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(self._child) and lines[7].strip() == "ready"
        return False

    def _nobody_uses_it(self) -> bool:
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _stop(self) -> None:
        for how, patience in ((signal.SIGINT, _FAST_STOP_SECONDS), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, how)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                if self._has_ended():
                    return
                signal.sigtimedwait({signal.SIGCHLD}, 0.1)


def main() -> None:
    """Run as `python -m infra.database.supervisor SPEC`, SPEC being JSON."""
    os.chdir("/")
    sys.exit(Supervisor(json.loads(sys.argv[1])).run())


if __name__ == "__main__":
    main()
