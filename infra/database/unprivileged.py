"""Gives up root's rights before a program that refuses them is run, and keeps only the right to reach its files."""

import ctypes
import os
import signal
import struct
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
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
        # Without this bit access(2), by which PostgreSQL looks at its own programs, would ignore the capability.
        libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if libc is not None and not any(_keep(libc, one) for one in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE)):
        _set_capabilities(libc, 0)


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
    if not _set_capabilities(libc, 1 << capability):
        return False
    return bool(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)


def _set_capabilities(libc: ctypes.CDLL, bits: int) -> bool:
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    sets = ctypes.create_string_buffer(struct.pack("=6I", bits, bits, bits, 0, 0, 0))
    return bool(libc.capset(header, sets) == 0)


def main() -> None:
    """Run as `python -m infra.database.unprivileged UID GID PROGRAM ARGUMENT...`."""
    uid, gid, *command = sys.argv[1:]
    become(int(uid), int(gid))
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
