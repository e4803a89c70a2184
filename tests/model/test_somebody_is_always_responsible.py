"""Whatever is recorded, in any order: somebody is responsible at every moment, and what is owed has an owner."""

from __future__ import annotations

import datetime as dt
import os
import random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.errors import Invalid, Refused
from domain.member import events as e
from domain.member.fold import fold, steps
from domain.member.transfer import events as t
from tests.model.comparing import told_by_the_domain
from tests.model.lives import FIRST_DAY, HOMES, command
from tests.model.recording import Stream
from tests.model.reordering import recorded_in_another_order

LIVES = int(os.environ.get("KITELINE_TEST_LIVES", "250")) // 5
DAYS = st.integers(-40, 420)
CHOICES = st.integers(0, 99)
LETTER = ("approve-transfer", "issue-transfer-letter", "accept-transfer", "return-receipt")


class Member(RuleBasedStateMachine):
    """One member, of whom things are told for any day, as they come in."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = Stream()
        self.stream.register(category="PROBATIONARY")
        self.numbers = 0

    def tell(self, verb: str, day: dt.date, organisation: str | None, **payload: Any) -> None:
        """Record a command, or let it be refused."""
        try:
            self.stream.command(verb, day.isoformat(), organisation, **payload)
        except (Refused, Invalid):
            return

    @rule(on=DAYS, what=CHOICES, which=CHOICES, one=CHOICES, two=CHOICES)
    def something_happens(self, on: int, what: int, which: int, one: int, two: int) -> None:
        """Tell what may well have happened on that day, or anything at all."""
        day = FIRST_DAY + dt.timedelta(days=on)
        verb, payload, organisation = command(self.stream, day, (what, which, one, two))
        self.tell(verb, day, organisation, **payload)

    @rule(on=DAYS, to=st.sampled_from(HOMES), upto=st.integers(0, 4), order=st.randoms(use_true_random=False))
    def a_transfer_is_told(self, on: int, to: str, upto: int, order: random.Random) -> None:
        """Tell a transfer, whole or in part, each step on its day, in any order."""
        day = FIRST_DAY + dt.timedelta(days=on)
        self.numbers += 1
        told: list[tuple[str, dt.date, str | None, dict[str, Any]]] = [
            ("request-transfer", day, None, {"to_organisation": to})
        ]
        own: tuple[dict[str, Any], ...] = ({}, {"letter_number": f"样例{self.numbers}号"}, {"document": "补记1号"}, {})
        for index, verb in enumerate(LETTER[:upto]):
            told.append((verb, day + dt.timedelta(days=3 * index + 2), None, dict(own[index])))
        if order.random() < 0.3:
            order.shuffle(told)
        for verb, at, organisation, payload in told:
            self.tell(verb, at, organisation, **payload)

    @rule(which=CHOICES, on=DAYS, void=st.booleans())
    def something_is_put_right(self, which: int, on: int, *, void: bool) -> None:
        """Void a fact, or say that it happened on another day."""
        target = self.stream.facts[which % len(self.stream.facts)]
        today = FIRST_DAY + dt.timedelta(days=500)
        if void:
            self.tell("void-event", today, "MQ", event_id=target.event_id)
        elif not isinstance(target.body, e.MemberRegistered):
            at = (FIRST_DAY + dt.timedelta(days=on)).isoformat()
            self.tell("correct-event", today, "MQ", event_id=target.event_id, changes={"occurred_at": at})

    @invariant()
    def one_organisation_is_responsible_at_every_moment(self) -> None:
        affiliation = None
        for fact, state, _ in steps(self.stream.facts, self.stream.reference):
            assert state.affiliation is not None
            assert state.responsible is not None
            if state.movement is None or state.movement.stage != "settled":
                assert state.responsible == state.affiliation
            if affiliation is not None and state.affiliation != affiliation:
                assert isinstance(fact.body, t.TransferAccepted), "nothing else moves the affiliation"
            affiliation = state.affiliation

    @invariant()
    def whatever_is_owed_has_an_owner(self) -> None:
        for fact, state, _ in steps(self.stream.facts, self.stream.reference):
            assert all(duty.organisation is not None for duty in state.duties.values()), fact.fact
            of_transfer = {duty.kind for duty in state.duties.values()} & {"accept_transfer", "return_receipt"}
            assert len(of_transfer) <= 1, "one open transfer at most"
            assert {duty.organisation for duty in state.duties.values() if duty.role == "origin"} <= {state.affiliation}

    @invariant()
    def told_in_another_order_it_is_the_same(self) -> None:
        facts = self.stream.facts
        shuffled = recorded_in_another_order(facts, random.Random(len(facts)))
        one, other = fold(facts, self.stream.reference), fold(shuffled, self.stream.reference)
        assert told_by_the_domain(one) == told_by_the_domain(other)


TestSomebodyIsAlwaysResponsible = Member.TestCase
TestSomebodyIsAlwaysResponsible.settings = settings(
    derandomize=True, database=None, deadline=None, max_examples=LIVES, stateful_step_count=12
)
