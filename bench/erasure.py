"""Erasing one member among many: from the command to its answer, beside recording an event that erases nothing.

The vault holds `--members` people, with their data keys, fields, blind index and search tokens, as registration writes
them. Ours is what `DELETE /v1/members/{id}/personal-data` waits for: kept uploads looked through, the transaction that
stores the event and deletes the person from the vault (fsync on), and the list outside the database written and synced.
The peer is the same desk that records a member's request for their data. After each erasure it is looked whether the
person is gone: no row of the vault, no search by name, telephone or number finds them, nothing opens; the others stay.
Not measured: HTTP, uploads that are large, what PostgreSQL's vacuum later gives back of the disk.
"""

import argparse
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from bench.harness import Bar, Measured, in_turn, report
from bench.people import people
from domain.fact import Fact
from domain.member.events import MemberRegistered
from domain.organisation import OrganisationRegistered
from domain.reference import Reference
from domain.times import parse_occurred
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.save import Save
from infra.interpreter import settle_interpreter
from infra.recording.application import Kiteline
from infra.recording.desk import Desk, decide_fact
from infra.recording.drafts import Caller, drafted
from infra.recording.erasure import ErasureDesk
from infra.recording.import_archive import ImportArchive
from infra.recording.mapper import FactMapper
from infra.recording.members import new_ledger
from infra.recording.organisations import ReferenceDesk
from infra.recording.procedures import run
from infra.vault.erasure_list import ErasureList
from infra.vault.master_key import MasterKey
from infra.vault.vault import Vault

BAR = Bar("erasure", "ms", "recording an event that erases nothing", floor=10, aim=3, higher_is_better=False)
BRANCH = "bench-branch"
CALLER = Caller("bench", BRANCH, "SIMULATION")
_AT_ONCE = 2_000
_TODAY = "2026-02-01"
_LEFT = """
SELECT (SELECT count(*) FROM vault_key WHERE member_id = %(member)s)
    + (SELECT count(*) FROM vault_field WHERE member_id = %(member)s)
    + (SELECT count(*) FROM vault_index WHERE member_id = %(member)s)
    + (SELECT count(*) FROM vault_token WHERE member_id = %(member)s)
"""


class Person(NamedTuple):
    """One of the many."""

    member_id: UUID
    name: str
    phone: str
    number: str


def main() -> None:
    """Measure and report; a figure is the median of `--repeat` erasures, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()
    wanted = (options.rounds + 1) * options.repeat * 2
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        kiteline = Kiteline(server.url)
        desk = Desk(kiteline, Vault(MasterKey({1: b"k" * 32})), lambda: time.time_ns() // 1_000)
        ReferenceDesk(desk).register_many([OrganisationRegistered(BRANCH, "样例支部", "BRANCH", "620621")], CALLER)
        kiteline.refresh_reference()
        everybody = populate(desk, options.members)
        chosen = iter(everybody[:: max(1, len(everybody) // wanted)])
        erasures = ErasureDesk(desk, ImportArchive(kiteline.log, desk.vault), ErasureList(Path(folder) / "erasures"))
        worst: list[float] = []

        def ours() -> float:
            taken = [erased(desk, erasures, person) for person in islice(chosen, options.repeat)]
            worst.append(max(taken))
            return statistics.median(taken)

        def peer() -> float:
            return statistics.median([asked(desk, person) for person in islice(chosen, options.repeat)])

        ours()
        peer()
        worst.clear()
        settle_interpreter()
        rounds = in_turn(ours, peer, options.rounds)
        left = desk.vault
        with kiteline.log.reading() as connection:
            assert left.open_fields(connection, everybody[1].member_id, ["name"]) == {"name": everybody[1].name}
        kiteline.close()
    notes = {"members in the vault": len(everybody), "longest": f"{max(worst):.1f} ms", "found again": 0}
    report(Measured(BAR, rounds, notes))


def populate(desk: Desk, members: int) -> list[Person]:
    """Register people as the desk does, many in a transaction."""
    everybody = [Person(uuid4(), *one) for one in islice(people(), members)]
    mapper, reference = FactMapper(), desk.kiteline.reference()
    for begin in range(0, members, _AT_ONCE):
        saves = [
            Save(
                [mapper.to_stored_event(_registered(one.member_id, reference, desk.now_us()))],
                vault=desk.vault.seal_person(one.member_id, {"name": one.name, "phone": one.phone}, one.number),
            )
            for one in everybody[begin : begin + _AT_ONCE]
        ]
        for future in desk.kiteline.log.submit_many(saves):
            future.result()
    return everybody


def erased(desk: Desk, erasures: ErasureDesk, person: Person) -> float:
    """Erase somebody; return the milliseconds that the caller waits. Ends the benchmark if the person is not gone."""
    if not _findable(desk, person):
        raise SystemExit(f"{person.member_id} could not be found before the erasure")
    began = time.perf_counter()
    run(erasures.erasing(person.member_id, {"occurred_at": _TODAY}, CALLER, key=None, if_match=None))
    taken = time.perf_counter() - began
    with desk.kiteline.log.reading() as connection:
        left = connection.execute(_LEFT, {"member": person.member_id}).fetchone()
    if left != (0,) or _findable(desk, person):
        raise SystemExit(f"{person.member_id} is still there: {left}")
    return taken * 1e3


def asked(desk: Desk, person: Person) -> float:
    """Record that somebody asks for their data; return the milliseconds that the caller waits."""
    began = time.perf_counter()
    desk.record(person.member_id, "request-personal-data", {"occurred_at": _TODAY, "request": "ACCESS"}, CALLER)
    return (time.perf_counter() - began) * 1e3


def _findable(desk: Desk, person: Person) -> bool:
    """Whether anything of a person opens, or any search finds them."""
    vault = desk.vault
    with desk.kiteline.log.reading() as connection:
        found = [
            member
            for text in (person.name, person.phone, person.number)
            for member in vault.search(connection, text, limit=50)
        ]
        known = vault.find_by_identity(connection, person.number)
        return bool(vault.open_fields(connection, person.member_id)) or person.member_id in {*found, known}


def _registered(member_id: UUID, reference: Reference, now_us: int) -> Fact:
    draft = drafted(member_id, 1, MemberRegistered("FULL", BRANCH), parse_occurred("2025-01-01"), BRANCH, CALLER)
    return decide_fact(new_ledger(member_id, reference), draft, reference, now_us)


if __name__ == "__main__":
    main()
