"""Server time of every console page over a large log: `python -m bench.console_pages --events 20000000`.

Each page of the navigation, for each role that has it, at places drawn as S6 draws them, and a member's pages: the time
from the request to the last byte of the answer within the process, one request at a time, each page's questions to the
API included, on a day soon after the log's last, in a process set up as the service sets up its own, over a database
that has current members and duties in memory (`--cold`: over one that was just started). Not measured: the network, the
browser, many at once. Members' pages are folded from the log's states, about 2 kB an event on disk (`bench.large_log`,
made once); `--without-members` leaves them out, and the states.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest import mock
from uuid import UUID

import httpx
import psycopg

from api.app import create_app
from api.console.pages import PAGES
from api.console.sessions import COOKIE, SignedIn
from api.service import Service, open_service
from bench.harness import await_quiet
from bench.large_log import LargeLog, large_log
from bench.s6_questions import TODAY, Asking
from domain.times import day_start_us
from infra.interpreter import settle_interpreter
from infra.logs import configure_logs
from infra.settings import Settings
from infra.tokens.principal import Principal, Role

BAR_MS: Final = 50.0
_HOUR_US: Final = 3_600_000_000
_ASIDE: Final = {
    "member": "/members/{member}",
    "member's service": "/members/{member}/service",
    "member's reads": "/members/{member}/reads",
}
_OPEN: Final = {
    "open figure": "/loop?view=in_transit",
    "duties overdue": "/duties?overdue=1",
    "today's figures": "/?part=figures",
}
_EVIDENCE: Final = {"two moments": "/members/{member}/compare?earlier={known}"}
# Current rows, each by the indexes that a question finds it by: of a service that has run for a day they are in memory.
_IN_MEMORY: Final = (
    "SET enable_seqscan = off",
    "SET enable_bitmapscan = off",
    "SELECT count(liaison) FROM member WHERE member_id IS NOT NULL",
    "SELECT count(*) FROM member WHERE origin_owner IS NOT NULL",
    "SELECT count(*) FROM member WHERE destination_owner IS NOT NULL",
    "SELECT count(*) FROM member WHERE review_owner IS NOT NULL",
    "SELECT count(provisional) FROM duty WHERE organisation IS NOT NULL",
)
# Some of each shard of ids: members lie spread over the log.
_MEMBERS: Final = """
SELECT member_id, affiliation, affiliation_region FROM member TABLESAMPLE SYSTEM (%s) LIMIT 400
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One page for one person."""

    name: str
    role: Role
    cookie: str
    path: str


def main() -> None:
    """Measure and print a table, the slowest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=40, help="requests of a page and role")
    parser.add_argument("--page", default="", help="only pages whose name has this in it")
    parser.add_argument("--without-members", action="store_true", help="no page of one member: a log without states")
    parser.add_argument(
        "--processor", action="store_true", help="this process's own time, where others use the machine"
    )
    parser.add_argument(
        "--cold", action="store_true", help="right after the database's start: nothing is in its memory"
    )
    options = parser.parse_args()
    configure_logs()
    states = not options.without_members
    with large_log(options.events, read_models=True, states=states) as made:
        home = made.server.cluster.root / "service"
        settings = Settings(home=home, database_url=made.url, request_timeout_seconds=60)
        with (
            mock.patch("api.service.clock_us", return_value=day_start_us(TODAY) + 10 * _HOUR_US),
            open_service(settings, made.url, projecting=False) as service,
        ):
            asked = [one for one in _drawn(service, made, options.each, states) if options.page in one.name]
            if not options.processor:
                await_quiet()
            settle_interpreter()
            if not options.cold:
                _read_into_memory(made.url)
            clock = time.process_time if options.processor else time.perf_counter
            times = asyncio.run(_timed(service, asked, clock))
    _print(times, made, options.events)


def _read_into_memory(url: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in _IN_MEMORY:
            connection.execute(statement)


def _drawn(service: Service, made: LargeLog, each: int, states: bool) -> Iterator[Asked]:
    """Draw who looks at what; without `states` at nothing that is folded from one member's events."""
    chance = random.Random(48)
    asking = Asking(service.kiteline.refresh_reference(), chance, made.groups, made.events, service.now_us)
    share = min(100.0, 100 * 2_000 / made.members)
    with psycopg.connect(made.url) as connection:
        members = connection.execute(_MEMBERS, (share,)).fetchall()
    for role in Role:
        navigation = {module.PAGE.en: module.PAGE.path for module in PAGES if module.PAGE.is_for(role)}
        if role is Role.MEMBER and not states:
            continue
        aside = {} if role in (Role.OPERATOR, Role.SISTER_SYSTEM) or not states else {**_ASIDE}
        if states and role in (Role.AUDITOR, Role.ORGANISATION_DEPARTMENT):
            aside |= _EVIDENCE
        if "/loop" in navigation.values():
            aside |= _OPEN
        if role is Role.LIAISON:
            aside.pop("member's reads", None)
        for _ in range(each):
            member, affiliation, region = chance.choice(members)
            near = _principal(role, asking, member)
            its = _principal(role, asking, member, affiliation, region)
            words, own = _cookie(service, near), _cookie(service, its)
            yield from (
                Asked(name, role, own if role is Role.MEMBER else words, path) for name, path in navigation.items()
            )
            known = made.events * 4 // 5
            yield from (
                Asked(name, role, own if "{member}" in path else words, path.format(member=member, known=known))
                for name, path in aside.items()
            )


def _principal(
    role: Role, asking: Asking, member: UUID, organisation: str | None = None, region: str | None = None
) -> Principal:
    """Return somebody of a role at a place drawn, or where a member belongs."""
    if role is Role.MEMBER:
        return Principal("bench", role, member_id=member)
    if role in (Role.LIAISON, Role.BRANCH_SECRETARY, Role.COMMUNITY_WORKER):
        return Principal("bench", role, organisation=organisation or asking.organisation())
    if role is Role.ORGANISATION_DEPARTMENT:
        return Principal("bench", role, region=region or asking.region())
    return Principal("bench", role, region="510104" if role is Role.SISTER_SYSTEM else "000000")


def _cookie(service: Service, principal: Principal) -> str:
    return f"{COOKIE}={service.sessions.begin(SignedIn(principal, None))}"


async def _timed(
    service: Service, asked: list[Asked], clock: Callable[[], float]
) -> dict[tuple[str, Role], list[float]]:
    """Ask for every page once unmeasured, for plans and caches, then all of them in turn."""
    times: dict[tuple[str, Role], list[float]] = defaultdict(list)
    transport = httpx.ASGITransport(create_app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=90) as client:
        seen: set[tuple[str, Role]] = set()
        for one in asked:
            began = clock()
            answer = await client.get(one.path, headers={"Cookie": one.cookie})
            taken = (clock() - began) * 1e3
            if answer.status_code != 200:
                raise RuntimeError(f"{one.path} as {one.role.value}: {answer.status_code} {answer.text[:2_000]}")
            if (one.name, one.role) in seen:
                times[one.name, one.role].append(taken)
            seen.add((one.name, one.role))
    return times


def _print(times: dict[tuple[str, Role], list[float]], made: LargeLog, events: int) -> None:
    print(f"\n{made.members:,} members, {made.events:,} events; {Path(__file__).stem} --events {events}")
    print("| page | role | median ms | p95 ms | most ms |\n|---|---|---|---|---|")
    rows = [(name, role, sorted(each)) for (name, role), each in times.items() if len(each) > 1]
    late = 0
    for name, role, each in sorted(rows, key=lambda row: -_p95(row[2])):
        late += _p95(each) >= BAR_MS
        print(f"| {name} | {role.value} | {statistics.median(each):.1f} | {_p95(each):.1f} | {each[-1]:.1f} |")
    print(f"\n{len(rows)} pages by role, {late} of them with a p95 of {BAR_MS:.0f} ms or more")


def _p95(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=20, method="inclusive")[18]


if __name__ == "__main__":
    main()
