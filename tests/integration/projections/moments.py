"""Moments to ask about."""

from __future__ import annotations

import random
from datetime import timedelta

from domain.times import DAY_US, day_end_us
from projections.asking import Moment
from tests.integration.projections.lives import FIRST, LAST, Lives


def moments(lives: Lives, seed: int, count: int) -> list[Moment]:
    """Random moments as known at random positions; the head as known at the head; the head."""
    chance = random.Random(seed)
    last = lives.head
    span = (LAST - FIRST).days + 200
    some = [
        Moment(
            day_end_us(FIRST + timedelta(days=chance.randrange(span))) - chance.randrange(DAY_US),
            chance.randint(40, last),
        )
        for _ in range(count)
    ]
    return [*some, Moment(day_end_us(LAST + timedelta(days=60)), last), Moment(day_end_us(LAST), None)]
