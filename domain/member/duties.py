"""What is owed, by whom, until when: each duty opens, changes hands and ends here, by the figures of the policy.

A duty may open in the future (a review six months after the last contact): it is put down at once with the moment from
which it stands, and taken away unseen when that moment never comes. Overdue is computed when asked, never stored.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from domain.member.silence import lost_review
from domain.member.state import Duty
from domain.times import day_start_us, local_day

if TYPE_CHECKING:
    from datetime import date

    from domain.member.state import Leg, Movement, State
    from domain.policy import Policy
    from domain.reference import Reference

ORIGIN_ROLE = "origin"
SUPERIOR_ROLE = "superior_of_origin"
DESTINATION_ROLE = "destination"
DEPARTMENT_ROLE = "department"
OTHER_ROLE = "named"
_REVIEW: Final = "lost_contact_review"


def open_duty(  # noqa: PLR0913 - a duty has as many parts
    state: State,
    reference: Reference,
    kind: str,
    *,
    since_us: int,
    due: date | str,
    role: str,
    organisation: str | None = None,
    subject: str = "",
    key: str | None = None,
) -> Duty:
    """Put a duty down.

    `due`: the day itself, or the name of a figure: workdays after the day on which it opens, by the policy in force on
    that day in the region of the organisation that owes it.
    """
    provisional = False
    owner = _owner(state, reference, role) if role != OTHER_ROLE else organisation
    region = reference.region_of(owner) or state.affiliation_region
    if isinstance(due, str):
        opens = local_day(since_us)
        policy = reference.policy(region, opens)
        due, provisional = reference.workdays.add_workdays(opens, getattr(policy, due))
    duty = Duty(
        key or kind,
        kind,
        role,
        owner,
        region,
        subject,
        since_us,
        due,
        provisional,
        from_us=since_us,
    )
    state.duties[duty.key] = duty
    return duty


def end_duty(state: State, key: str, at_us: int) -> None:
    """Take a duty away; the interval during which it stood is kept."""
    duty = state.duties.pop(key, None)
    if duty is not None and duty.from_us < at_us:
        duty.until_us = at_us
        state.ended_duties.append(duty)


def end_duties(state: State, keys: tuple[str, ...], at_us: int) -> None:
    """Take several duties away."""
    for key in keys:
        if key in state.duties:
            end_duty(state, key, at_us)


OF_A_MOVEMENT: Final = frozenset(
    {"pre_departure_talk", "confirm_departure", "prompt_check_in", "escalate_check_in", "answer_check_in"}
    | {"place_in_branch", "decide_claim", "find_a_home", "monthly_contact", "return_education"}
    | {"lost_contact_review", "assign_region", "issue_feedback"}
)
"""What is owed because a member is away, and no longer than that. Transfers, cards and flags are not."""


def end_all_of_movement(state: State, at_us: int) -> None:
    """Take away everything owed for a movement."""
    for key in [key for key, duty in state.duties.items() if duty.kind in OF_A_MOVEMENT]:
        end_duty(state, key, at_us)


def hand_over(state: State, reference: Reference, at_us: int) -> None:
    """Give the origin's duties to the present affiliation, the destination's to who is responsible now."""
    for duty in list(state.duties.values()):
        if duty.role == OTHER_ROLE:
            continue
        owner = _owner(state, reference, duty.role)
        if owner == duty.organisation:
            continue
        state.duties[duty.key] = replace(
            duty, organisation=owner, region=reference.region_of(owner), from_us=max(duty.from_us, at_us)
        )
        if duty.from_us < at_us:
            duty.until_us = at_us
            state.ended_duties.append(duty)


def succeed(state: State, reference: Reference, old: str, new: str, at_us: int) -> None:
    """Give what an organisation owes to its successor, due when it was."""
    for duty in list(state.duties.values()):
        if duty.organisation != old:
            continue
        state.duties[duty.key] = replace(
            duty, organisation=new, region=reference.region_of(new), from_us=max(duty.from_us, at_us)
        )
        if duty.from_us < at_us:
            duty.until_us = at_us
            state.ended_duties.append(duty)


def _owner(state: State, reference: Reference, role: str) -> str | None:
    if role == ORIGIN_ROLE:
        return state.affiliation
    if role == SUPERIOR_ROLE:
        return reference.organisations.parent_of(state.affiliation)
    if role == DEPARTMENT_ROLE:
        return reference.organisations.committee_of(state.affiliation)
    return state.responsible


def policy_of(state: State, reference: Reference, us: int) -> Policy:
    """Return the figures in force for a member on the day of an instant."""
    return reference.policy(state.affiliation_region, local_day(us))


def on_reported(state: State, reference: Reference, movement: Movement, at_us: int) -> None:
    """A planned departure: the talk is due on the day of leaving, and that day, once past, wants confirming.

    A departure that lies before its report was found out afterwards: there is nothing left to talk about beforehand.
    """
    departs_on = movement.departs_on or local_day(at_us)
    if departs_on >= local_day(at_us):
        open_duty(
            state,
            reference,
            "pre_departure_talk",
            since_us=at_us,
            due=departs_on,
            role=ORIGIN_ROLE,
            subject=movement.movement_id,
        )
    confirm_from = departs_on + timedelta(days=1)
    confirm_departure(state, reference, movement, max(at_us, day_start_us(confirm_from)))


def confirm_departure(state: State, reference: Reference, movement: Movement, since_us: int) -> None:
    """The origin confirms that, and when, the member left."""
    days = policy_of(state, reference, since_us).confirm_departure_days
    open_duty(
        state,
        reference,
        "confirm_departure",
        since_us=since_us,
        due=local_day(since_us) + timedelta(days=days),
        role=ORIGIN_ROLE,
        subject=movement.movement_id,
    )


def on_leaving(state: State, reference: Reference, movement: Movement, at_us: int) -> None:
    """On the way to a place: prompt the member, and escalate when nobody sees them there."""
    policy = policy_of(state, reference, at_us)
    left = local_day(at_us)
    open_duty(
        state,
        reference,
        "prompt_check_in",
        since_us=at_us,
        due=left + timedelta(days=policy.prompt_check_in_days),
        role=ORIGIN_ROLE,
        subject=movement.movement_id,
    )
    open_duty(
        state,
        reference,
        "escalate_check_in",
        since_us=day_start_us(left + timedelta(days=policy.escalate_check_in_days)),
        due="escalate_answer_workdays",
        role=SUPERIOR_ROLE,
        subject=movement.movement_id,
    )


def answer_check_in(state: State, reference: Reference, movement: Movement, at_us: int) -> None:
    """The holder accepts or declines."""
    end_duty(state, "answer_check_in", at_us)
    open_duty(
        state,
        reference,
        "answer_check_in",
        since_us=at_us,
        due="answer_check_in_workdays",
        role=ORIGIN_ROLE if movement.leg.holder is None else OTHER_ROLE,
        organisation=movement.leg.holder,
        subject=movement.movement_id,
    )


def place_in_branch(state: State, reference: Reference, movement: Movement, at_us: int) -> None:
    """Accepted by other than a branch: the acceptor places the member in one."""
    responsible = reference.organisations.get(state.responsible)
    if responsible is not None and responsible.kind == "BRANCH":
        return
    open_duty(
        state,
        reference,
        "place_in_branch",
        since_us=at_us,
        due="place_in_branch_workdays",
        role=OTHER_ROLE,
        organisation=movement.leg.accepted_by,
        subject=movement.movement_id,
    )


def return_education(state: State, reference: Reference, at_us: int) -> None:
    """Back home: the affiliation holds or waives the education."""
    due = local_day(at_us) + timedelta(days=policy_of(state, reference, at_us).return_education_days)
    subject = state.movement.movement_id if state.movement is not None else ""
    open_duty(state, reference, "return_education", since_us=at_us, due=due, role=ORIGIN_ROLE, subject=subject)


def restart_lost_review(state: State, reference: Reference, at_us: int) -> None:
    """Put the review of a silence down anew: it opens months after the last contact, and changes nothing by itself."""
    end_duty(state, _REVIEW, at_us)
    review = None if state.lost_contact else lost_review(state, reference)
    if review is None:
        return
    owner = state.affiliation
    region = reference.region_of(owner) or state.affiliation_region
    _, since_us, (due_on, provisional), _ = review
    if since_us < at_us or region != state.affiliation_region:
        _open_review(state, reference, max(since_us, at_us))
        return
    # Told for nearly every sign of life there is: what `open_duty` would say, by the same policy.
    state.duties[_REVIEW] = Duty(
        _REVIEW, _REVIEW, ORIGIN_ROLE, owner, region, _movement_id(state), since_us, due_on, provisional, None, None,
        since_us,
    )  # fmt: skip


def review_from(state: State, reference: Reference, at_us: int) -> None:
    """Open the review of a silence at once, unless it is open; only of a member who is away and not declared lost."""
    movement, standing = state.open_movement, state.duties.get(_REVIEW)
    if movement is None or not movement.is_away or state.lost_contact:
        return
    if standing is None or standing.since_us > at_us:
        end_duty(state, _REVIEW, at_us)
        _open_review(state, reference, at_us)


def _open_review(state: State, reference: Reference, since_us: int) -> None:
    open_duty(
        state,
        reference,
        _REVIEW,
        since_us=since_us,
        due="lost_contact_review_workdays",
        role=ORIGIN_ROLE,
        subject=_movement_id(state),
    )


def _movement_id(state: State) -> str:
    return state.movement.movement_id if state.movement is not None else ""


def watch_for_split(state: State, reference: Reference, leg: Leg, at_us: int) -> None:
    """A place whose code is split: from that day a person must say which successor the member is in."""
    end_duty(state, "assign_region", at_us)
    day = reference.split_day(leg.region or leg.declared_region)
    if day is None:
        return
    since_us = max(day_start_us(day), at_us)
    due = local_day(since_us) + timedelta(days=policy_of(state, reference, since_us).assign_region_days)
    open_duty(state, reference, "assign_region", since_us=since_us, due=due, role=ORIGIN_ROLE)


def look_at_flag(state: State, reference: Reference, event_id: str, organisation: str | None, since_us: int) -> None:
    """Whoever recorded a fact that does not fit looks at it."""
    open_duty(
        state,
        reference,
        "look_at_flag",
        since_us=since_us,
        due="look_at_flag_workdays",
        role=OTHER_ROLE,
        organisation=organisation or state.affiliation,
        subject=event_id,
        key=f"look_at_flag.{event_id}",
    )
