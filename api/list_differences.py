"""Two knowledges of a roster or a flow matrix, side by side: who and what differs, with before and after."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from anyio import to_thread

from api.asking import Paging, known_position
from api.problems import invalid
from api.read_models import as_known, asked
from domain.errors import Sentence
from projections import roster
from projections.asking import Cursor, Moment, Page
from projections.differences import differing

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.answers import JsonAnswer
    from api.places_asked import PlaceAsked
    from api.service import Service
    from projections.flows import Matrix
    from projections.roster import RosterQuestion

_SCANNED: Final = 1_000
_MOST_SCANS: Final = 5
"""An answer looks at this many thousands of members at most: a page may then be short, and `next` goes on."""
_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"


def must_be_told_of_ids(fields: str | None, form: str) -> None:
    """Raise Problem (422) for `fields` or a file beside `diff_from`: differences are told of ids, in pages."""
    if fields is not None:
        sentence = Sentence("对比不含个人信息；请另查名册", "Differences come without personal data: ask the roster.")
        raise invalid("/query/fields", "unreadable", sentence, "without diff_from")
    if form != "json":
        sentence = Sentence("对比不导出文件", "Differences are not handed out as files.")
        raise invalid("/query/format", "unreadable", sentence, "without diff_from")


async def earlier_position(service: Service, diff_from: str) -> int:
    """Read `diff_from` as a position. Raises Problem (422)."""
    return await to_thread.run_sync(known_position, service, diff_from, "diff_from") or 0


async def roster_differences(
    place: PlaceAsked, question: RosterQuestion, diff_from: str, cursor: str | None, min_position: int | None
) -> JsonAnswer:
    """Answer a page of members whose item differs between two knowledges, in the order of their ids. Raises Problem."""
    service = place.service
    earlier = await earlier_position(service, diff_from)
    named = ("roster differences", question.name, diff_from, place.principal.caller)
    known = question.moment.known_position
    begun = Paging.begin(
        service, named, cursor, question.limit, -1 if known is None else known, question.moment.as_of_us
    )
    later = None if begun.known_position < 0 else begun.known_position

    def found(connection: Connection[TupleRow]) -> tuple[list[dict[str, Any]], str | None, Page]:
        def page_at(position: int | None, after: str | None) -> Page:
            moment = Moment(begun.as_of_us, position)
            text = None if after is None else Cursor(moment, service.now_us, [after]).text(question.name)
            asking = replace(question, moment=moment, limit=_SCANNED, cursor=text, by_member=True)
            return roster.page(connection, asking, as_known(service, position), service.now_us)

        return _scan(page_at, earlier, later, begun.after, question.limit)

    items, after, last = await asked(service, place.principal, min_position, found)
    return begun.knowing(last.known_position).answer(
        items, position=last.position, after=after, diff_from_position=min(earlier, last.position)
    )


def _scan(
    page_at: Callable[[int | None, str | None], Page], earlier: int, later: int | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None, Page]:
    """Walk both rosters abreast, by member id, until a page is full, the rosters end, or much was looked at."""
    found: list[dict[str, Any]] = []
    for _ in range(_MOST_SCANS):
        new = page_at(later, after)
        old = page_at(earlier, after)
        # As far as both pages reach: what lies beyond may stand on the next page of the other.
        upto = min(_LAST if one.next is None else one.items[-1]["member_id"] for one in (old, new))
        was, stands = ([item for item in one.items if item["member_id"] <= upto] for one in (old, new))
        differs = differing(was, stands, itemgetter("member_id"))
        named = [{"member_id": (one["after"] or one["before"])["member_id"], **one} for one in differs]
        found += sorted(named, key=itemgetter("member_id"))
        if len(found) > limit:
            return found[:limit], found[limit - 1]["member_id"], new
        if upto == _LAST:
            return found, None, new
        after = upto
    return found, after, new


def flow_differences(before: Matrix, after: Matrix) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the cells that differ, and what stands beside them: the margins that differ, and the earlier position."""
    cells = _cells(before.items, after.items, ("origin", "destination"))
    totals = {
        "by_origin": _cells(before.by_origin, after.by_origin, ("origin",)),
        "by_destination": _cells(before.by_destination, after.by_destination, ("destination",)),
    }
    return cells, {"totals": totals, "diff_from_position": before.known_position}


def _cells(before: list[dict[str, Any]], after: list[dict[str, Any]], ends: tuple[str, ...]) -> list[dict[str, Any]]:
    found = differing(before, after, lambda cell: tuple(cell[end] for end in ends))
    named = [{**{end: (one["after"] or one["before"])[end] for end in ends}, **one} for one in found]
    return sorted(named, key=lambda cell: [cell[end] for end in ends])
