"""Worst case of a late fact: a member of a thousand events told of something at their beginning, folded anew.

Not one of the bars. Measured in this process, without database: deciding the late fact at the desk, and folding the
member anew with every row of the read models compared. Not measured: reading the stream, writing the rows.
"""

import argparse
import statistics
import time
from datetime import date, timedelta
from uuid import uuid4

from domain.member import events as e
from domain.organisation import OrganisationRegistered
from domain.reference import Reference, empty_reference
from domain.times import parse_occurred
from infra.recording.desk import decide_fact
from infra.recording.drafts import Caller, drafted
from infra.recording.members import Ledger, new_ledger
from projections.trace import Trace

_CALLER = Caller("bench", "branch", "SIMULATION")


def main() -> None:
    """Measure and print medians and the worst, in milliseconds of this process's own time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    branch = OrganisationRegistered("branch", "样例支部", "BRANCH", "620621")
    reference = empty_reference().with_organisations([(branch, 1)])
    deciding, folding = [], []
    for _ in range(options.rounds):
        ledger, trace = _lived(reference, options.events)
        body, on = e.DepartureReported({"region": "620102"}), parse_occurred("2015-01-03")
        late = drafted(ledger.member_id, ledger.version + 1, body, on, "branch", _CALLER)
        began = time.process_time()
        fact = decide_fact(ledger, late, reference, _now_us())
        deciding.append(time.process_time() - began)
        fact.position = len(ledger.facts)
        began = time.process_time()
        trace.take(fact, reference)
        folding.append(time.process_time() - began)
    for name, seconds in (("decided at the desk", deciding), ("folded anew for the read models", folding)):
        middle, worst = statistics.median(seconds) * 1e3, max(seconds) * 1e3
        print(f"{options.events} events, one late: {name:<32} median {middle:7.1f} ms  worst {worst:7.1f} ms")


def _lived(reference: Reference, events: int) -> tuple[Ledger, Trace]:
    ledger = new_ledger(uuid4(), reference)
    trace = Trace(ledger.member_id)
    day = date(2015, 1, 5)
    bodies = [
        (e.MemberRegistered("FULL", "branch"), "2015-01-01"),
        (e.Departed({"region": "620102"}), "2015-01-05"),
        (e.CheckedIn("620102", "WORKER"), "2015-01-05"),
    ]
    bodies += [(e.ContactMade("PHONE"), (day + timedelta(days=4 * n)).isoformat()) for n in range(1, events - 3)]
    for position, (body, on) in enumerate(bodies, start=1):
        fact = drafted(ledger.member_id, position, body, parse_occurred(on), "branch", _CALLER)
        fact = decide_fact(ledger, fact, reference, _now_us())
        fact.position = position
        trace.take(fact, reference)
    return ledger, trace


def _now_us() -> int:
    return time.time_ns() // 1_000


if __name__ == "__main__":
    main()
