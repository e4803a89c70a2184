"""Gives up root's rights before a program that refuses them is run, and keeps only the right to reach its files."""

import contextlib
import ctypes
import os
import signal
import struct
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


def become(uid: int, gid: int) -> None:
    """Turn this process into the given user, for good.

    Folders above our files may be closed to that user (root's home is 0700), and their rights are not ours to change.
    So the one capability that looks through folders is kept across `exec` where the system allows it: reading first,
    because containers often lack it, overriding second. Nothing is kept when neither is there.
    """
    if os.geteuid() != 0 or uid == 0:
        return
    libc = _libc()
    if libc is not None:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if libc is not None:
        for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
            if _keep(libc, capability):
                break


def end_with_parent(parent: int) -> None:
    """Have the kernel ask this process to stop (fast shutdown) when its parent is gone; call after `become`."""
    libc = _libc()
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGINT)


def _libc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    return ctypes.CDLL(None, use_errno=True)


def _keep(libc: ctypes.CDLL, capability: int) -> bool:
    bit = 1 << capability
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    sets = ctypes.create_string_buffer(struct.pack("=6I", bit, bit, bit, 0, 0, 0))
    with contextlib.suppress(AttributeError):
        if libc.capset(header, sets) != 0:
            return False
        return bool(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)
    return False


def main() -> None:
    """Run as `python -m infra.database.unprivileged UID GID PROGRAM ARGUMENT...`."""
    uid, gid, *command = sys.argv[1:]
    become(int(uid), int(gid))
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
