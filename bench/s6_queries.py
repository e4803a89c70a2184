"""S6: questions to the read models at a million members and twenty million events, now and in the past.

Roster pages, lifecycle counts, worklists, flow matrices and searches, drawn at random over counties mostly, cities,
provinces and the country: p99 within the process, rights and snapshot included, against the same question as one plain
SQL statement over the same tables and indexes with the same rights; and p99 over HTTP, one request at a time.
The figure of the bar is that of the question that fares worst. Not measured: many at once, cold caches, opening of
personal data, what was never read before (each question's plan is made once before).
"""

import argparse
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from api.read_models import reading
from api.search import found
from api.service import Service, open_service
from bench.harness import Bar, Measured, await_quiet, report
from bench.large_log import LargeLog, large_log
from bench.s6_questions import KINDS, NOW_ALONE, WHENS, Asking, Question, Search, When
from bench.searched_people import searched_people
from infra.settings import Settings
from infra.tokens.configured import local_issuer

BAR = Bar(
    "S6",
    "ms",
    "the same question in plain SQL, same rights",
    floor=3,
    aim=1.5,
    higher_is_better=False,
    floor_plus=5,
    aim_plus=2,
)
_READY_SECONDS: Final = 60.0

Cell = tuple[str, When]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--each", type=int, default=60, help="questions of a kind and time in a round")
    parser.add_argument("--kind", help="only the kinds whose name has this in it")
    parser.add_argument("--without-states", action="store_true", help="a log that takes a third of the room")
    parser.add_argument("--over-http-alone", action="store_true", help="print p99 over HTTP, and compare with nothing")
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if options.kind is None or options.kind in kind[0]]
    with large_log(options.events, read_models=True, states=not options.without_states) as made:
        home = made.server.cluster.root / "service"
        settings = Settings(home=home, database_url=made.url, request_timeout_seconds=60)
        with open_service(settings, made.url, projecting=False) as service:
            chance, reference = random.Random(6), service.kiteline.refresh_reference()
            search = _search(service, made)
            asking = Asking(reference, chance, made.groups, made.events, service.now_us, search)
            drawn = {
                (name, when): [asked(asking, when) for _ in range(options.each)]
                for name, asked in kinds
                for when in (WHENS[:1] if name in NOW_ALONE else WHENS)
            }
            if not options.over_http_alone:
                for cell, questions in drawn.items():
                    _timed(service, questions[:10])
                    print(f"  {cell[0]}, {cell[1]}: ready", flush=True)
            await_quiet()
            rounds = [] if options.over_http_alone else [_round(service, drawn) for _ in range(options.rounds)]
        over_http = _over_http(settings, drawn)
    if rounds:
        _report(rounds, over_http, {"members": made.members, "events": made.events, "questions a round": options.each})


def _search(service: Service, made: LargeLog) -> Search:
    with psycopg.connect(made.url, autocommit=True) as connection:
        people = searched_people(connection, service.vault, made.members)

    def token(text: str) -> tuple[str, bytes]:
        (one,) = service.vault.query_tokens(text)
        return one

    return Search(lambda connection, text: found(service, connection, text, UUID(int=0), 51), token, people)


def _round(service: Service, drawn: dict[Cell, list[Question]]) -> dict[Cell, tuple[float, float]]:
    found = {}
    for cell, questions in drawn.items():
        ours, peer = _timed(service, questions)
        found[cell] = (_p99(ours), _p99(peer))
        print(f"  {cell[0]}, {cell[1]}: p99 {found[cell][0]:,.1f} ms, in SQL {found[cell][1]:,.1f} ms", flush=True)
    return found


def _timed(service: Service, questions: list[Question]) -> tuple[list[float], list[float]]:
    """Ask each both ways, in turn."""
    ours: list[float] = []
    peer: list[float] = []
    for number, question in enumerate(questions):
        sides: list[tuple[list[float], Callable[[Connection[TupleRow]], object]]] = [
            (ours, question.ours),
            (peer, lambda connection, one=question: connection.execute(one.peer, one.parameters).fetchall()),  # type: ignore[misc]
        ]
        for times, ask in sides if number % 2 else sides[::-1]:
            began = time.perf_counter()
            with reading(service, question.principal) as connection:
                ask(connection)
            times.append((time.perf_counter() - began) * 1e3)
    return ours, peer


def _over_http(settings: Settings, drawn: dict[Cell, list[Question]]) -> dict[Cell, float]:
    issuer = local_issuer(settings)
    with _served(settings) as url, httpx.Client(base_url=url, timeout=90, trust_env=False) as client:
        found = {}
        for cell, questions in drawn.items():
            times = []
            for question in questions:
                one = question.principal
                token = issuer.mint(one.role, organisation=one.organisation, region=one.region, lifetime=3600)
                began = time.perf_counter()
                answer = client.get(question.path, headers={"Authorization": f"Bearer {token}"})
                times.append((time.perf_counter() - began) * 1e3)
                assert answer.status_code == 200, answer.text
            found[cell] = _p99(times[len(times) // 5 :])
            print(f"  {cell[0]}, {cell[1]}: p99 over HTTP {found[cell]:,.1f} ms", flush=True)
    return found


@contextmanager
def _served(settings: Settings) -> Iterator[str]:
    """Serve what answers questions alone: read models stand still."""
    port = 18_086
    environment = {
        "PATH": str(Path(sys.executable).parent),
        "KITELINE_HOME": str(settings.home),
        "KITELINE_DATABASE_URL": str(settings.database_url),
        "KITELINE_PORT": str(port),
        "KITELINE_REQUEST_TIMEOUT_SECONDS": "60",
        "KITELINE_SEARCHES_PER_MINUTE": "1000000",
        "KITELINE_SEARCHES_PER_DAY": "1000000",
    }
    url = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).parent / "kiteline"), "serve", "--only", "api"]
    with (settings.home / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((settings.home / "serve.log").read_text()[-2_000:])
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _p99(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=100, method="inclusive")[98]


def _report(
    rounds: list[dict[Cell, tuple[float, float]]], over_http: dict[Cell, float], notes: dict[str, object]
) -> None:
    medians = {
        cell: tuple(statistics.median(one[cell][side] for one in rounds) for side in (0, 1)) for cell in over_http
    }
    worst = max(medians, key=lambda cell: (medians[cell][0] - BAR.aim_plus) / medians[cell][1])
    for cell, (ours, peer) in medians.items():
        notes[f"{cell[0]}, {cell[1]}"] = (
            f"p99 {ours:,.1f} ms, in SQL {peer:,.1f} ms ({(ours - BAR.aim_plus) / peer:.2f} of it and 2 ms);"
            f" over HTTP {over_http[cell]:,.1f} ms"
        )
    notes["worst"] = f"{worst[0]}, {worst[1]}"
    notes["slowest over HTTP"] = f"{max(over_http.values()):,.1f} ms (at most 50)"
    report(Measured(BAR, [{"ours": one[worst][0], "peer": one[worst][1]} for one in rounds], notes))


if __name__ == "__main__":
    main()
