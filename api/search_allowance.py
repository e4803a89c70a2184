"""How often somebody may search for people, or try numbers out: counted for all processes together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api import problem_list as kinds
from api.problems import Problem
from domain.errors import Sentence

if TYPE_CHECKING:
    from api.service import Service
    from infra.tokens.principal import Principal

_MINUTE: Final = 60
_DAY: Final = 86_400
# One statement, which does not wait for the disk: a few searches forgotten by a crash give nobody the register.
_COUNT: Final = """
INSERT INTO search_allowance AS a (reader, seconds, began_at, searches)
SELECT %s, w.seconds, clock_timestamp(), 1
FROM set_config('synchronous_commit', 'off', true) CROSS JOIN unnest(%s::integer[]) AS w (seconds)
ORDER BY w.seconds
ON CONFLICT (reader, seconds) DO UPDATE SET
    searches = CASE WHEN a.began_at + make_interval(secs => a.seconds) <= clock_timestamp() THEN 1
                    ELSE a.searches + 1 END,
    began_at = CASE WHEN a.began_at + make_interval(secs => a.seconds) <= clock_timestamp() THEN clock_timestamp()
                    ELSE a.began_at END
RETURNING seconds, searches,
    ceil(extract(epoch FROM began_at + make_interval(secs => seconds) - clock_timestamp()))::integer
"""
_CLASHES: Final = """
SELECT seconds, searches,
    ceil(extract(epoch FROM began_at + make_interval(secs => seconds) - clock_timestamp()))::integer
FROM search_allowance
WHERE reader = %s AND began_at + make_interval(secs => seconds) > clock_timestamp()
"""
_FORGET: Final = "DELETE FROM search_allowance WHERE began_at + make_interval(secs => seconds) < clock_timestamp()"
_TOO_MANY: Final = Sentence(
    "查找过于频繁：每分钟至多 {minute} 次、每日至多 {day} 次，请 {wait} 秒后再试；名册可按地区或组织分页查看",
    "Too many searches: {minute} a minute, {day} a day are allowed; try again in {wait} s. Rosters list whole regions.",
)


def must_not_search_too_often(service: Service, principal: Principal) -> None:
    """Count one search of the caller. Raises Problem 429 with Retry-After (seconds)."""
    counted = _count(service, principal.subject)
    _must_have_left(service, [(seconds, searches - 1, left) for seconds, searches, left in counted])


def must_not_have_clashed_too_often(service: Service, principal: Principal) -> None:
    """Let nobody register who was told too often whom others have. Raises Problem 429 with Retry-After (seconds)."""
    with service.kiteline.log.reading() as connection:
        _must_have_left(service, connection.execute(_CLASHES, (_clashing(principal),)).fetchall())


def count_clash(service: Service, principal: Principal) -> None:
    """Count that a caller was told of somebody that another organisation has them."""
    _count(service, _clashing(principal))


def _clashing(principal: Principal) -> str:
    """Return what clashes are counted by: apart from searches, so that neither uses up the other's allowance."""
    return f"clashes of {principal.subject}"


def _count(service: Service, reader: str) -> list[tuple[int, int, int]]:
    with service.kiteline.log.reading() as connection:
        return connection.execute(_COUNT, (reader, list(_allowed(service)))).fetchall()


def _allowed(service: Service) -> dict[int, int]:
    return {_MINUTE: service.settings.searches_per_minute, _DAY: service.settings.searches_per_day}


def _must_have_left(service: Service, counted: list[tuple[int, int, int]]) -> None:
    """`counted`: the length of a window in seconds, how many were before in it, and seconds until it ends."""
    allowed = _allowed(service)
    wait = max((left for seconds, before, left in counted if before >= allowed[seconds]), default=0)
    if wait:
        told = _TOO_MANY.filled(minute=allowed[_MINUTE], day=allowed[_DAY], wait=wait)
        raise Problem(kinds.TOO_MANY_SEARCHES, told, headers={"Retry-After": str(wait)})


def forget_windows_past(service: Service) -> None:
    """Delete what was counted in windows that have ended."""
    with service.kiteline.log.reading() as connection:
        connection.execute(_FORGET)
