"""S10, the roster half: pages of rosters at 10 million events against the same questions at 100,000.

Both are read models of `bench.large_log`, in servers of their own on the same disk, asked in turn: first pages of who
is away from counties, cities, provinces and the country, now. A figure is the mean of a round's questions, rights and
snapshot included. Not measured: HTTP, cold caches, appending (S10).
"""

import argparse
import random
import statistics
import time
from contextlib import ExitStack

from api.read_models import reading
from api.service import Service, open_service
from bench.harness import Bar, Measured, in_turn, report
from bench.large_log import large_log
from bench.s6_questions import Asking, Question, rosters
from infra.settings import Settings

BAR = Bar("S10-roster", "ms a page", "the same at 100,000 events", floor=1.5, aim=1.1, higher_is_better=False)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    options = parser.parse_args()
    with ExitStack() as stack:
        large, small = (_asked(stack, size, options.pages) for size in (options.events, options.small))
        for service, questions in (large, small):
            _milliseconds(service, questions)
        rounds = in_turn(lambda: _milliseconds(*large), lambda: _milliseconds(*small), options.rounds)
    report(Measured(BAR, rounds, {"events": options.events, "pages a round": options.pages}))


def _asked(stack: ExitStack, events: int, pages: int) -> tuple[Service, list[Question]]:
    made = stack.enter_context(large_log(events, read_models=True))
    settings = Settings(home=made.server.cluster.root / "service", database_url=made.url)
    service = stack.enter_context(open_service(settings, made.url, projecting=False))
    # One group of counties in both, so that the same regions are asked for.
    asking = Asking(service.kiteline.refresh_reference(), random.Random(10), 1, made.events, service.now_us)
    return service, [rosters(asking, "now") for _ in range(pages)]


def _milliseconds(service: Service, questions: list[Question]) -> float:
    times = []
    for question in questions:
        began = time.perf_counter()
        with reading(service, question.principal) as connection:
            question.ours(connection)
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.fmean(times)


if __name__ == "__main__":
    main()
