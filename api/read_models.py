"""Asking the read models: as the reader's role, within the caller's reach, in one snapshot, for a bounded time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from anyio import to_thread

from api import problem_list as kinds
from api.actions import Action
from api.asking import known_position, reach_views
from api.authorisation import MAY, ROLE_MAY_NOT, is_ours, reach
from api.problems import Problem, invalid
from domain.agreement import PERSONAL_DATA
from domain.errors import Sentence
from domain.times import local_day
from projections.asking import CursorExpired, CursorUnreadable, Moment
from projections.member import members_of
from projections.position import reflected

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.service import Service
    from domain.reference import Reference
    from infra.tokens.principal import Principal

T = TypeVar("T")
_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# A plan made for any question at once is a bad one for most: one statement is asked of a branch and of the country.
_SCOPE: Final = """
SELECT set_config('kiteline.regions', %s, true), set_config('kiteline.organisations', %s, true),
       set_config('kiteline.partners', %s, true), set_config('statement_timeout', %s, true),
       set_config('plan_cache_mode', 'force_custom_plan', true)
"""
_PARTNERS: Final = "SELECT set_config('kiteline.partners', %s, true)"
_NOBODY: Final = "-"
"""What no code begins with: an empty setting would let nothing through either, but looks like one forgotten."""


@contextmanager
def reading(service: Service, principal: Principal) -> Iterator[Connection[TupleRow]]:
    """Lend a connection that sees what the principal may see, in one snapshot."""
    regions, organisations = scope_of(service, principal)
    milliseconds = str(round(service.settings.request_timeout_seconds * 1000))
    with service.readers.connection() as connection:
        connection.execute(_BEGIN)
        try:
            partners = partners_of(service, principal)
            connection.execute(_SCOPE, (regions, organisations, partners, milliseconds))
            yield connection
        finally:
            if not connection.broken:
                connection.execute("ROLLBACK")


def scope_of(service: Service, principal: Principal) -> tuple[str, str]:
    """Return what row-level security lets through: beginnings of region codes, and codes of organisations."""
    reference = service.kiteline.reference()
    far = reach(principal, reference.organisations)
    places = [far.region] if far.region is not None else list(far.here)
    if "" in places:
        return "*", "*"
    beginnings: list[str] = []
    for place in places:
        beginnings += _stored(reference, place, service.now_us)
    below = reference.organisations.below(far.organisation) if far.organisation is not None else []
    # A token may name what nobody registered: only codes that are known, and mean nothing else in a list, are let in.
    known = [code for code in below if reference.organisations.get(code) and "," not in code and code not in "*-"]
    return ",".join(_shortest(beginnings)) or _NOBODY, ",".join(known) or _NOBODY


def partners_of(service: Service, principal: Principal, what: str | None = None) -> str:
    """Return whose members away from home a caller may see by agreements in force today, for row-level security.

    `what`: only those of whom this may be seen.
    """
    reference = service.kiteline.reference()
    tree, far = reference.organisations, reach(principal, reference.organisations)
    owners = {
        owner
        for agreement in reference.agreements.in_force(local_day(service.now_us))
        for owner in agreement.terms.parties
        for party, seen in agreement.shown(owner)
        if what in (None, seen) and is_ours(far, party, tree)
    }
    codes = sorted({code for owner in owners for code in tree.below(owner) if "," not in code})
    return ",".join(codes) or _NOBODY


def _shortest(beginnings: list[str]) -> list[str]:
    """Leave out what begins with another: row-level security looks at each beginning for each row."""
    kept: list[str] = []
    for one in sorted(set(beginnings)):
        if not kept or not one.startswith(kept[-1]):
            kept.append(one)
    return kept


def _stored(reference: Reference, beginning: str, now_us: int) -> list[str]:
    """Return what codes recorded at any time begin with that stand in a region of today."""
    region = beginning.ljust(6, "0")
    prefixes, exact = reference.regions.stored_codes(region, local_day(now_us))
    return [beginning, *prefixes, *exact]


async def asked(
    service: Service, principal: Principal, min_position: int | None, question: Callable[[Connection[TupleRow]], T]
) -> T:
    """Answer a question in a thread, once the read models have reached a position. Raises Problem."""

    def answered() -> T:
        with reading(service, principal) as connection:
            return question(connection)

    await reach_views(lambda: position_shown(service), min_position)
    try:
        return await to_thread.run_sync(answered, limiter=service.questions)
    except CursorExpired:
        sentence = Sentence(
            "游标有效一小时，请从第一页重新开始", "Cursors live an hour: begin again from the first page."
        )
        raise Problem(kinds.CURSOR_EXPIRED, sentence) from None
    except CursorUnreadable:
        sentence = Sentence("游标不是由此问题的上一页给出的", "This cursor was not given by a page of this question.")
        raise invalid(
            "/query/cursor", "unreadable", sentence, "`next` of the page before, with the same question"
        ) from None


async def moment_of(service: Service, as_of_us: int, known_at: str | None) -> Moment:
    """Return the two clocks of a question."""
    if known_at is None:
        return Moment(as_of_us)
    known = await to_thread.run_sync(known_position, service, known_at)
    return Moment(as_of_us, known)


def as_known(service: Service, position: int | None) -> Reference:
    """Return organisations and regions as known at a position; reads the log for one before the last change."""
    kiteline = service.kiteline
    return kiteline.reference() if position is None else kiteline.reference_at(position)


def position_shown(service: Service) -> int:
    """Tell what the read models reflect; blocks."""
    with service.readers.connection() as connection:
        return reflected(connection).position


def must_tell_personal_data(principal: Principal, fields: str | None, purpose: str | None) -> None:
    """Let a question with `fields` pass. Raises Problem: 422 without a purpose, 403 for a role without them."""
    if fields is None:
        return
    if purpose is None:
        sentence = Sentence("查看个人信息须写明用途", "Personal data is told for a purpose: name it.")
        raise invalid("/query/purpose", "missing", sentence, "what it is for, in a few words")
    if Action.READ_PERSONAL_DATA not in MAY[principal.role]:
        raise Problem(kinds.FORBIDDEN, ROLE_MAY_NOT.sentence, code=ROLE_MAY_NOT.code)


def within_reach(
    service: Service, principal: Principal, connection: Connection[TupleRow], items: Sequence[dict[str, Any]]
) -> set[UUID]:
    """Return whose personal data may be told beside a list: those in reach today, whatever the list's own day."""
    connection.execute(_PARTNERS, (partners_of(service, principal, PERSONAL_DATA),))
    return set(
        members_of(connection, sorted({UUID(item["member_id"]) for item in items if item["member_id"] is not None}))
    )
