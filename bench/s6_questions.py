"""What S6 asks: each question as the service asks it, as plain SQL over the same tables, and as a request."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal
from urllib.parse import urlencode

from psycopg import Connection
from psycopg.rows import TupleRow

from bench.cloned_lives import BRANCHES, COUNTY_GROUPS
from bench.searched_people import Searched
from domain.reference import Reference
from domain.times import day_end_us, local_day
from infra.tokens.principal import Principal, Role
from projections import duties, flows, lifecycle, roster
from projections.asking import Moment, spans_of
from projections.duties import WorklistQuestion
from projections.roster import AWAY, RosterQuestion

Ours = Callable[[Connection[TupleRow]], object]
When = Literal["now", "as_of", "known_at"]
WHENS: Final[tuple[When, ...]] = ("now", "as_of", "known_at")

_ROSTER_NOW: Final = """
SELECT m.member_id, m.affiliation, m.responsible, m.stage, m.view, m.origin_region, m.region, m.branch, m.since_us,
    m.last_contact_at, m.first_due_on
FROM member AS m
WHERE m.affiliation_region >= %(low)s AND m.affiliation_region < %(high)s AND m.stage = ANY (%(stages)s)
  AND m.membership <> 'ended'
ORDER BY m.member_id LIMIT 51
"""
_ROSTER_THEN: Final = """
WITH row AS (
    SELECT m.member_id, m.affiliation, m.responsible, m.stage, m.view, m.origin_region, m.region, m.branch, m.since_us
    FROM member AS m
    WHERE m.affiliation_region >= %(low)s AND m.affiliation_region < %(high)s AND m.stage = ANY (%(stages)s)
      AND m.membership <> 'ended' AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.affiliation, r.responsible, r.stage, r.view, r.origin_region, r.region, r.branch, r.since_us
    FROM roster_past AS r
    WHERE r.affiliation_region >= %(low)s AND r.affiliation_region < %(high)s AND r.stage = ANY (%(stages)s)
      AND r.membership <> 'ended' AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s
      AND r.known_to > %(known)s AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
), page AS (
    SELECT * FROM row ORDER BY member_id LIMIT 51
)
SELECT p.*, k.last_contact_at, k.first_due_on
FROM page AS p
LEFT JOIN LATERAL (
    SELECT m.last_contact_at, m.first_due_on FROM member AS m
    WHERE m.member_id = p.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    UNION ALL
    SELECT c.last_contact_at, c.first_due_on FROM clock_past AS c
    WHERE c.member_id = p.member_id AND c.valid_from <= %(as_of)s AND c.known_from <= %(known)s
      AND c.known_to > %(known)s AND (c.valid_to > %(as_of)s OR c.ended_from > %(known)s)
) AS k ON true
ORDER BY p.member_id
"""
_LIFECYCLE_NOW: Final = """
SELECT m.view, m.stage, count(*), count(*) FILTER (WHERE m.first_due_on < %(today)s)
FROM member AS m
WHERE m.affiliation_region >= %(low)s AND m.affiliation_region < %(high)s AND m.view IS NOT NULL
GROUP BY m.view, m.stage
"""
_LIFECYCLE_THEN: Final = """
WITH row AS (
    SELECT m.member_id, m.view, m.stage FROM member AS m
    WHERE m.affiliation_region >= %(low)s AND m.affiliation_region < %(high)s AND m.view IS NOT NULL
      AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.view, r.stage FROM roster_past AS r
    WHERE r.affiliation_region >= %(low)s AND r.affiliation_region < %(high)s AND r.view IS NOT NULL
      AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
)
SELECT r.view, r.stage, count(*), count(*) FILTER (WHERE k.first_due_on < %(today)s)
FROM row AS r
LEFT JOIN LATERAL (
    SELECT m.first_due_on FROM member AS m
    WHERE m.member_id = r.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    UNION ALL
    SELECT c.first_due_on FROM clock_past AS c
    WHERE c.member_id = r.member_id AND c.valid_from <= %(as_of)s AND c.known_from <= %(known)s
      AND c.known_to > %(known)s AND (c.valid_to > %(as_of)s OR c.ended_from > %(known)s)
) AS k ON true
GROUP BY r.view, r.stage
"""
_WORKLIST_NOW: Final = """
SELECT d.member_id, d.kind, d.organisation, d.due_on, d.key FROM duty AS d
WHERE d.organisation = ANY (%(organisations)s) AND d.valid_from <= %(as_of)s
UNION ALL
SELECT m.member_id, 'monthly_contact', m.origin_owner, (s.month + interval '1 month - 1 day')::date, m.subject
FROM member AS m
CROSS JOIN LATERAL generate_series(m.origin_month::timestamp, %(month)s::timestamp, interval '1 month') AS s (month)
WHERE m.origin_owner = ANY (%(organisations)s)
UNION ALL
SELECT m.member_id, 'monthly_contact', m.destination_owner, (s.month + interval '1 month - 1 day')::date, m.subject
FROM member AS m
CROSS JOIN LATERAL generate_series(
    m.destination_month::timestamp, %(month)s::timestamp, interval '1 month'
) AS s (month)
WHERE m.destination_owner = ANY (%(organisations)s)
UNION ALL
SELECT m.member_id, 'lost_contact_review', m.review_owner, m.review_due_on, m.subject
FROM member AS m WHERE m.review_owner = ANY (%(organisations)s) AND m.review_since_us <= %(as_of)s
ORDER BY 4, 5, 1 LIMIT 51
"""
_WORKLIST_THEN: Final = """
WITH owner AS (
    SELECT m.member_id FROM member AS m
    WHERE m.affiliation = ANY (%(organisations)s) OR m.accepted_by = ANY (%(organisations)s)
       OR m.branch = ANY (%(organisations)s)
    UNION
    SELECT r.member_id FROM roster_past AS r
    WHERE (r.affiliation = ANY (%(organisations)s) OR r.accepted_by = ANY (%(organisations)s)
           OR r.branch = ANY (%(organisations)s))
      AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
), clock AS (
    SELECT k.* FROM owner AS o
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.subject, m.origin_owner, m.origin_month, m.destination_owner, m.destination_month,
            m.review_owner, m.review_due_on, m.review_since_us
        FROM member AS m
        WHERE m.member_id = o.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
        UNION ALL
        SELECT c.member_id, c.subject, c.origin_owner, c.origin_month, c.destination_owner, c.destination_month,
            c.review_owner, c.review_due_on, c.review_since_us
        FROM clock_past AS c
        WHERE c.member_id = o.member_id AND c.valid_from <= %(as_of)s AND c.known_from <= %(known)s
          AND c.known_to > %(known)s AND (c.valid_to > %(as_of)s OR c.ended_from > %(known)s)
    ) AS k
)
SELECT d.member_id, d.kind, d.due_on, d.key FROM duty AS d
WHERE d.organisation = ANY (%(organisations)s) AND d.valid_from <= %(as_of)s AND d.known_from <= %(known)s
UNION ALL
SELECT d.member_id, d.kind, d.due_on, d.key FROM duty_past AS d
WHERE d.organisation = ANY (%(organisations)s) AND d.valid_from <= %(as_of)s AND d.known_from <= %(known)s
  AND d.known_to > %(known)s AND (d.valid_to > %(as_of)s OR d.ended_from > %(known)s)
UNION ALL
SELECT c.member_id, 'monthly_contact', (s.month + interval '1 month - 1 day')::date, c.subject
FROM clock AS c
CROSS JOIN LATERAL generate_series(c.origin_month::timestamp, %(month)s::timestamp, interval '1 month') AS s (month)
WHERE c.origin_owner = ANY (%(organisations)s)
UNION ALL
SELECT c.member_id, 'monthly_contact', (s.month + interval '1 month - 1 day')::date, c.subject
FROM clock AS c
CROSS JOIN LATERAL generate_series(
    c.destination_month::timestamp, %(month)s::timestamp, interval '1 month'
) AS s (month)
WHERE c.destination_owner = ANY (%(organisations)s)
UNION ALL
SELECT c.member_id, 'lost_contact_review', c.review_due_on, c.subject
FROM clock AS c WHERE c.review_owner = ANY (%(organisations)s) AND c.review_since_us <= %(as_of)s
ORDER BY 3, 4, 1 LIMIT 51
"""
_FLOWS: Final = """
SELECT left(l.origin_region, %(digits)s), left(l.destination, %(digits)s),
    count(*) FILTER (WHERE l.departed_us >= %(start)s),
    count(*) FILTER (WHERE l.arrived_us >= %(start)s AND l.arrived_us < %(end)s),
    count(*) FILTER (WHERE l.ended_us IS NULL OR l.ended_us >= %(end)s),
    count(*) FILTER (WHERE (l.ended_us IS NULL OR l.ended_us >= %(end)s) AND l.arrived_us < %(end)s),
    count(*) FILTER (WHERE l.ended_us < %(end)s AND l.ended_how = 'returned')
FROM (
    SELECT origin_region, destination, departed_us, arrived_us, ended_us, ended_how FROM leg
    WHERE known_from <= %(known)s AND departed_us < %(end)s AND (ended_us IS NULL OR ended_us >= %(start)s)
    UNION ALL
    SELECT origin_region, destination, departed_us, arrived_us, ended_us, ended_how FROM leg_past
    WHERE known_from <= %(known)s AND known_to > %(known)s AND departed_us < %(end)s
      AND (ended_us IS NULL OR ended_us >= %(start)s)
) AS l
GROUP BY 1, 2
"""
_SEARCH: Final = """
SELECT m.member_id, m.affiliation, m.responsible, m.stage, m.view, m.region, m.lost
FROM vault_token AS t JOIN member AS m ON m.member_id = t.member_id
WHERE t.kind = %(kind)s AND t.token = %(token)s
ORDER BY m.member_id LIMIT 51
"""
_DIGITS: Final = {"province": 2, "city": 4, "county": 6}
_COUNTRY: Final = "000000"
# By name, by telephone, by its last digits, by the name's beginning, by its initials, by its first character.
_TYPED: Final = (0.6, 0.75, 0.8, 0.9, 0.95, 1.0)
_IN_BRANCHES: Final = 0.5
# Nothing in the log happened after mid April: the day after is its present.
_FIRST, _LAST, TODAY = date(2024, 4, 1), date(2025, 3, 15), date(2025, 4, 30)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of somebody: what the service runs for it, the peer's statement, and the request."""

    principal: Principal
    ours: Ours
    peer: str
    parameters: dict[str, Any]
    path: str


@dataclass(frozen=True, slots=True)
class Search:
    """How the service looks for people, and what it makes of a text typed: one kind of token, and the token."""

    found: Callable[[Connection[TupleRow], str], object]
    token: Callable[[str], tuple[str, bytes]]
    people: Sequence[Searched]


@dataclass(frozen=True, slots=True)
class Asking:
    """What questions are drawn from: regions and organisations of the log, its days and positions."""

    reference: Reference
    chance: random.Random
    groups: int
    head: int
    now_us: int
    search: Search | None = None

    def region(self) -> str:
        """Draw a county mostly, sometimes a city or a province, seldom the whole country."""
        county = self.chance.choice(COUNTY_GROUPS[self.chance.randrange(self.groups)])
        drawn = self.chance.random()
        if drawn < 0.02:
            return _COUNTRY
        return county[:2] + "0000" if drawn < 0.1 else county[:4] + "00" if drawn < 0.25 else county

    def organisation(self) -> str:
        """Draw a branch mostly, sometimes the committee of a county."""
        county = self.chance.choice(COUNTY_GROUPS[self.chance.randrange(self.groups)])
        return f"C{county}" if self.chance.random() < 0.25 else f"C{county}-{self.chance.randrange(BRANCHES)}"

    def moment(self, when: When) -> tuple[Moment, dict[str, str]]:
        """Draw a moment and knowledge, and how a request names them; a day is mostly of the last months."""
        if when == "now":
            return Moment(day_end_us(TODAY)), {"as_of": TODAY.isoformat()}
        day = _LAST - timedelta(days=int(self.chance.random() ** 2 * (_LAST - _FIRST).days))
        if when == "as_of":
            return Moment(day_end_us(day)), {"as_of": day.isoformat()}
        known = self.chance.randrange(self.head * 2 // 5, self.head)
        return Moment(day_end_us(day), known), {"as_of": day.isoformat(), "known_at": str(known)}

    def times(self, moment: Moment) -> dict[str, Any]:
        """Return the parameters of a moment as the peers' statements take them."""
        today = local_day(moment.as_of_us)
        known = self.head if moment.known_position is None else moment.known_position
        return {"as_of": moment.as_of_us, "known": known, "today": today, "month": today.replace(day=1)}


def rosters(asking: Asking, when: When) -> Question:
    """Ask for the first page of who is away from a region."""
    region, (moment, named) = asking.region(), asking.moment(when)
    question = RosterQuestion(moment, "outflow", region=region)
    return Question(
        _department(region),
        lambda connection: roster.page(connection, question, asking.reference, asking.now_us),
        _ROSTER_NOW if when == "now" else _ROSTER_THEN,
        {**_range(asking, region, moment), **asking.times(moment), "stages": list(AWAY)},
        _path("/v1/rosters", region=region, side="outflow", **named),
    )


def lifecycles(asking: Asking, when: When) -> Question:
    """Ask for the counts of a region's views and stages."""
    region, (moment, named) = asking.region(), asking.moment(when)
    question = RosterQuestion(moment, "outflow", region=region)
    return Question(
        _department(region),
        lambda connection: lifecycle.counts(connection, question, asking.reference),
        _LIFECYCLE_NOW if when == "now" else _LIFECYCLE_THEN,
        {**_range(asking, region, moment), **asking.times(moment)},
        _path("/v1/lifecycle", region=region, **named),
    )


def worklists(asking: Asking, when: When) -> Question:
    """Ask what an organisation and all below it owe."""
    organisation, (moment, named) = asking.organisation(), asking.moment(when)
    question = WorklistQuestion(moment, organisation)
    below = asking.reference.at(moment.as_of_us).organisations.below(organisation)
    return Question(
        Principal("bench", Role.BRANCH_SECRETARY, organisation=organisation),
        lambda connection: duties.worklist(connection, question, asking.reference, asking.now_us),
        _WORKLIST_NOW if when == "now" else _WORKLIST_THEN,
        {"organisations": below, **asking.times(moment)},
        _path("/v1/worklist", organisation=organisation, **named),
    )


def matrices(asking: Asking, when: When) -> Question:
    """Ask for a month's flows: the last month, an earlier one, or one as known at a position."""
    moment, _ = asking.moment(when)
    month = local_day(moment.as_of_us).replace(day=1)
    region = asking.chance.choice((_COUNTRY, asking.region()))
    level: flows.Level = asking.chance.choice(("province", "city", "county"))
    known = {} if moment.known_position is None else {"known_at": str(moment.known_position)}
    times = asking.times(moment)
    following = (month + timedelta(days=32)).replace(day=1)
    return Question(
        _department(region),
        lambda connection: flows.matrix(connection, level, month, asking.reference, moment.known_position),
        _FLOWS,
        {
            "digits": _DIGITS[level],
            "start": day_end_us(month - timedelta(days=1)) + 1,
            "end": day_end_us(following - timedelta(days=1)) + 1,
            "known": times["known"],
        },
        _path("/v1/flows", level=level, month=f"{month:%Y-%m}", **known),
    )


def searches(asking: Asking, _when: When) -> Question:
    """Look for somebody as people do: mostly by the whole name or a number, at times by its beginning or initials."""
    search = asking.search
    assert search is not None
    drawn, one = asking.chance.random(), asking.chance.choice(search.people)
    typed = next(text for share, text in zip(_TYPED, one.ways, strict=True) if drawn < share)
    kind, token = search.token(typed)
    if asking.chance.random() < _IN_BRANCHES:
        principal = Principal("bench", Role.BRANCH_SECRETARY, organisation=asking.organisation())
    else:
        principal = _department(asking.region())
    return Question(
        principal,
        lambda connection: search.found(connection, typed),
        _SEARCH,
        {"kind": kind, "token": token},
        _path("/v1/members", search=typed),
    )


def questions(asked: Callable[[Asking, When], Question], asking: Asking, when: When, count: int) -> Iterator[Question]:
    """Draw questions of a kind."""
    return (asked(asking, when) for _ in range(count))


def _range(asking: Asking, region: str, moment: Moment) -> dict[str, str]:
    spans = spans_of(asking.reference, region, moment.as_of_us)
    return {"low": spans.lows[0], "high": spans.highs[0]}


def _department(region: str) -> Principal:
    return Principal("bench", Role.ORGANISATION_DEPARTMENT, region=region)


def _path(path: str, **parameters: str) -> str:
    return f"{path}?{urlencode(parameters)}"


KINDS: Final[Sequence[tuple[str, Callable[[Asking, When], Question]]]] = (
    ("roster page", rosters),
    ("lifecycle counts", lifecycles),
    ("worklist", worklists),
    ("flow matrix", matrices),
    ("member search", searches),
)
NOW_ALONE: Final = ("member search",)
"""Asked of what is known now, whatever else is asked of the past."""
