"""Turns: one at a time, first come first served, and nobody who gave up holds up the others."""

from __future__ import annotations

from uuid import UUID

import pytest

from infra.recording.turns import HeldTurns, Turns

POST, OTHER = UUID(int=1), UUID(int=2)


def test_the_first_has_it_at_once_and_the_next_when_the_first_has_left():
    turns = Turns()
    first, second, third = (turns.take(POST) for _ in range(3))
    assert [turn.done() for turn in (first, second, third)] == [True, False, False]
    turns.leave(POST, first)
    assert [turn.done() for turn in (second, third)] == [True, False]
    turns.leave(POST, second)
    assert third.done()


def test_streams_do_not_wait_for_each_other():
    turns = Turns()
    assert turns.take(POST).done()
    assert turns.take(OTHER).done()


def test_who_gave_up_waiting_is_passed_over():
    turns = Turns()
    first, second, third = (turns.take(POST) for _ in range(3))
    second.cancel()
    turns.leave(POST, first)
    assert third.done()
    turns.leave(POST, second)
    turns.leave(POST, third)
    assert turns.take(POST).done()


def test_who_leaves_the_queue_takes_nobodys_turn():
    turns = Turns()
    first, second, third = (turns.take(POST) for _ in range(3))
    turns.leave(POST, second)
    assert not third.done()
    turns.leave(POST, first)
    assert third.done()


def test_what_is_held_is_given_back_however_it_ends():
    turns = Turns()

    def record() -> None:
        with HeldTurns(turns) as held:
            assert held.take(POST).done()
            assert held.take(OTHER).done()
            raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        record()
    assert turns.take(POST).done()
    assert turns.take(OTHER).done()
