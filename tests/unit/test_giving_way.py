"""Long work is nice to everybody, also where Linux weighs whole sessions against each other."""

import os
import subprocess
import sys
from pathlib import Path

from infra.giving_way import COURTESY

_GROUP = Path("/proc/self/autogroup")
"""Empty where sessions are not weighed, or this one stands among the system's own."""
_TELL = """
import os
from pathlib import Path
from infra.giving_way import give_way

give_way()
group = Path("/proc/self/autogroup")
weight = group.read_text().split()[-1:] if group.exists() else []
print(os.nice(0), len(os.sched_getaffinity(0)), *weight)
"""


def told(*, own_session: bool) -> list[str]:
    command = [sys.executable, "-c", _TELL]
    done = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=own_session)
    return done.stdout.split()


def test_it_is_nice_and_may_use_every_core_whatever_core_it_was_started_on() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        nice, cores, *_ = told(own_session=True)
    finally:
        os.sched_setaffinity(0, allowed)
    assert int(nice) == min(19, os.nice(0) + COURTESY)
    assert int(cores) == len(allowed)


def weight_of_this_session() -> list[str]:
    return _GROUP.read_text().split()[-1:] if _GROUP.exists() else []


def test_a_session_of_its_own_is_nice_as_a_whole() -> None:
    assert told(own_session=True)[2:] in ([str(COURTESY)], [])
    assert not weight_of_this_session() or told(own_session=True)[2:] == [str(COURTESY)]


def test_a_session_that_it_shares_is_left_alone() -> None:
    assert told(own_session=False)[2:] == weight_of_this_session()
