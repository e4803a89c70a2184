"""A nation's traffic: cohorts of lives played by several processes, each in batches of one member's month."""

from __future__ import annotations

import atexit
import gc
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final

from domain.regions.loading import load_regions
from infra.demo.lives import newcomers
from infra.demo.making import Workshop, opened_workshop
from infra.demo.player import PlayedClock, Player
from infra.demo.world import nation
from infra.recording.desk import Desk
from infra.recording.drafts import Caller
from infra.recording.registration import Registration
from infra.vault.configured import configured_vault

if TYPE_CHECKING:
    from infra.demo.steps import Step
    from infra.demo.world import World
    from infra.settings import Settings

COHORT: Final = 1_000
_FACTS_OF_A_COHORT: Final = 200_000
_MEMBERS_OF_A_COUNTY: Final = 2_500
_FEWEST_COUNTIES, _MOST_COUNTIES = 15, 600


@dataclass(frozen=True, slots=True)
class Crowd:
    """Whose lives: the same members, seed and days give the same commands, however many processes play them."""

    members: int
    seed: int
    first: date
    until: date

    def world(self) -> World:
        """Build the offices that these members leave and go to."""
        counties = min(_MOST_COUNTIES, max(_FEWEST_COUNTIES, self.members // _MEMBERS_OF_A_COUNTY))
        return nation(load_regions(), self.first, counties)

    def cohorts(self) -> list[range]:
        """Return the numbers of the members, in portions that fit into memory whatever their sum is."""
        return [range(at, min(at + COHORT, self.members)) for at in range(0, self.members, COHORT)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one cohort."""

    members: int
    events: int
    refused: Counter[str]


def play_crowd(crowd: Crowd, settings: Settings, url: str, processes: int) -> Iterator[Outcome]:
    """Register the offices, then play cohort after cohort; yields each as it is durable, in no certain order.

    People whom an earlier run registered under the same seed are left as they are.
    """
    vault = configured_vault(settings)
    with opened_workshop(url, vault, facts_kept=1) as shop:
        shop.clock.go_to(crowd.first)
        shop.references.register_many(
            list(crowd.world().organisations), Caller("operator:simulate", None, "SIMULATION")
        )
    waiting = crowd.cohorts()[::-1]
    context = get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_open, initargs=(crowd, settings, url))
    running: set[Future[Outcome]] = set()
    try:
        while waiting or running:
            while waiting and len(running) < 2 * processes:
                running.add(pool.submit(_play, waiting.pop()))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for one in done:
                yield one.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_HERE: list[tuple[Crowd, World, Workshop]] = []
_OPEN: Final = ExitStack()


def _open(crowd: Crowd, settings: Settings, url: str) -> None:
    """Open a worker's own desk; it is closed when the process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    vault = configured_vault(settings)
    shop = _OPEN.enter_context(opened_workshop(url, vault, facts_kept=_FACTS_OF_A_COHORT))
    shop.kiteline.refresh_reference()
    _HERE.append((crowd, crowd.world(), shop))
    atexit.register(_OPEN.close)
    gc.freeze()


def _play(numbers: range) -> Outcome:
    crowd, world, shop = _HERE[0]
    clock = PlayedClock()
    desk = Desk(shop.kiteline, shop.vault, clock)
    player = Player(desk, Registration(desk), clock, keyed=False)
    lives = [(life, None) for life in newcomers(world, crowd.seed, numbers, crowd.first, crowd.until)]
    # What a cohort leaves behind is collected between cohorts: looking for it while playing costs a tenth of the time.
    gc.disable()
    for _ in player.play(lives, batch=_month):
        pass
    gc.enable()
    return Outcome(len(numbers), player.played.recorded, player.played.refused)


def _month(step: Step) -> tuple[int, int, str | None]:
    """One save holds what one organisation recorded of a member in one month."""
    return step.recorded_on.year, step.recorded_on.month, step.organisation
