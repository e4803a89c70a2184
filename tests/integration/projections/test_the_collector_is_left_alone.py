"""Close behind the log, folding leaves what others left to the collector young, so that it is found soon."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

from tests.integration.projections.lives import Lives

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.event_store.recorder import KitelineRecorder
    from projections.runner import Runner


class Ring:
    """Garbage that only the collector finds: it holds itself."""

    def __init__(self) -> None:
        """Close the ring."""
        self.own = self


def test_what_others_leave_while_pages_are_folded_is_found_among_the_young(
    recorder: KitelineRecorder, make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(43)
    lives.reference()
    lives.play(members=5, steps=40)
    lives.record(recorder)
    runner = make_runner(afresh=None)
    gc.collect()
    gc.disable()
    try:
        left = weakref.ref(Ring())
        assert runner.catch_up() == lives.head
        assert left() is not None
        gc.collect(0)
        assert left() is None
    finally:
        gc.enable()
