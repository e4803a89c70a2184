"""Threads of one interpreter stay on one core, and move to a better one."""

import os
import subprocess
import sys
import threading

from infra.one_core import better_core, on_one_core

_STARTED = "import os; print(sorted(os.sched_getaffinity(0)))"


def _cores_of_new_thread() -> set[int]:
    found: list[set[int]] = []
    thread = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
    thread.start()
    thread.join()
    return found[0]


def test_all_threads_stay_on_the_same_core_and_have_their_cores_back_afterwards():
    allowed = os.sched_getaffinity(0)
    told, asked, answered, ended = (threading.Event() for _ in range(4))
    earlier: list[set[int]] = []

    def work() -> None:
        told.set()
        asked.wait()
        earlier.append(os.sched_getaffinity(0))
        answered.set()
        ended.wait()

    thread = threading.Thread(target=work)
    thread.start()
    told.wait()
    with on_one_core():
        core = os.sched_getaffinity(0)
        asked.set()
        answered.wait()
        later = _cores_of_new_thread()
    ended.set()
    thread.join()
    assert len(core) == 1
    assert earlier == [core]
    assert later == core
    assert os.sched_getaffinity(0) == allowed


def test_a_program_can_take_all_cores_again():
    allowed = sorted(os.sched_getaffinity(0))
    freed = f"import os; os.sched_setaffinity(0, range(os.cpu_count())); {_STARTED}"
    with on_one_core():
        told = subprocess.run([sys.executable, "-c", freed], check=True, capture_output=True, text=True).stdout
    assert set(allowed) <= set(map(int, told.strip("[]\n").split(",")))


def test_a_core_that_is_ours_alone_is_kept():
    assert better_core(0, 0.95, {0: 1.0, 1: 0.1}) == 0


def test_a_core_shared_with_somebody_busy_is_left_for_an_idle_one():
    assert better_core(0, 0.5, {0: 1.0, 1: 0.1, 2: 0.05}) == 2


def test_nobody_moves_for_a_little():
    assert better_core(1, 0.5, {0: 0.1, 1: 0.8}) == 1


def test_nobody_moves_to_a_core_that_is_as_busy():
    assert better_core(1, 0.5, {0: 0.5, 1: 1.0}) == 1
