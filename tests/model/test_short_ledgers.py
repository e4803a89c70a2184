"""What a shortened ledger decides is what the whole one decides, over random lives; what it cannot decide it says."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given

from domain.errors import Invalid, Refused
from domain.member import events as e
from domain.times import day_start_us
from infra.recording.concerning import ABOUT_EVENTS
from infra.recording.desk import decide_fact
from infra.recording.members import Ledger, NotWhole
from tests.model.desked_lives import IN_FORCE, Desked
from tests.model.feed_model import Terms
from tests.model.lives import STEPS, live
from tests.model.test_feed_model import InTurn
from tests.model.test_member_model import deterministic

if TYPE_CHECKING:
    from domain.fact import Fact
    from tests.model.lives import Step

MAY_JOIN = (e.DepartureReported, e.Departed, e.CheckedIn)


class Shortened(Desked):
    """Each fact is decided by a shortened ledger first, which must say the same, or that it cannot tell.

    One that could tell takes in what comes next as well.
    """

    short: Ledger | None = None

    def _recorded(self, fact: Fact) -> Fact:
        if not self.ledger.facts:
            return super()._recorded(fact)
        if (short := self.short) is None:
            short = self.ledger.shortened()
            short.state = deepcopy(short.state)
        plain = self.ledger.comes_last(fact) and not isinstance(fact.body, (*ABOUT_EVENTS, *MAY_JOIN))
        by_short, refused_short = self._asked(short, fact)
        by_whole, refused = self._asked(self.ledger, fact)
        if by_short is None and refused_short is None:
            assert not plain, fact
            self.short = None
        else:
            self.short = short
            assert by_short == by_whole
            assert code(refused_short) == code(refused)
            self._must_stand_alike(short)
        if refused is not None:
            raise refused
        assert by_whole is not None
        recorded = self._append(by_whole)
        if by_short is not None:
            by_short.position, by_short.recorded_us = recorded.position, recorded.recorded_us
        return recorded

    def _asked(self, ledger: Ledger, fact: Fact) -> tuple[Fact | None, Refused | Invalid | None]:
        """Decide; nothing at all where the ledger cannot tell."""
        try:
            return decide_fact(ledger, replace(fact), self.reference, day_start_us(IN_FORCE)), None
        except NotWhole:
            return None, None
        except (Refused, Invalid) as error:
            return None, error

    def _must_stand_alike(self, short: Ledger) -> None:
        self.ledger.state.tallies.clear()
        short.state.tallies.clear()
        self.ledger.state.ended_duties.clear()
        short.state.ended_duties.clear()
        assert short.state == self.ledger.state
        assert short.version == self.ledger.version


def code(error: Refused | Invalid | None) -> tuple[type, str] | None:
    """Return what an error says, whoever raises it."""
    return None if error is None else (type(error), error.code)


def lived(steps: list[Step]) -> Shortened:
    """Live a life whose facts are decided twice."""
    stream = Shortened(terms=Terms("MQ", "JJ", ("CONTACTS",)), chance=InTurn(*[IN_FORCE] * 1_000))
    live(steps, stream=stream)
    return stream


@deterministic
@given(steps=STEPS)
def test_a_shortened_ledger_decides_as_the_whole_one_does(steps: list[Step]):
    lived(steps)
