"""What the recorder promises beyond the library's interface: keys, the vault, batches, and answers one by one."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import DatabaseError, DataError, ProgrammingError, StoredEvent, Tracking

from infra.event_store.recorder import KitelineRecorder
from infra.event_store.refusals import (
    IdentityKnown,
    KeyAlreadyUsed,
    StoreUnavailable,
    TrackingConflict,
    VersionConflict,
)
from infra.event_store.save import Idempotency, LogStoredEvent, Save, VaultWrite


@pytest.fixture
def held_back(recorder, database_url):
    """Let the recorder gather: nothing is appended until the event is set."""
    recorder.insert_events([event(uuid4(), 1)])
    release = threading.Event()
    holding = threading.Event()

    def hold() -> None:
        with psycopg.connect(database_url) as session:
            session.execute("SELECT pg_advisory_xact_lock(1802073189, 7106407)")
            holding.set()
            release.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(10)
    recorder.submit(Save([event(uuid4(), 1)]))  # goes ahead, and waits in the database for the rest to gather
    yield release
    release.set()
    thread.join()


def test_a_row_of_the_log_holds_what_was_saved(recorder):
    stream = uuid4()
    saved = recorder.record(Save([LogStoredEvent(stream, 1, "checked_in", b'{"a":1}', ("330105", "510104"))]))

    [row] = recorder.read_log(1, 10)

    assert row == (1, stream, 1, "checked_in", b'{"a":1}', ["330105", "510104"], 1, saved.recorded_at)
    assert recorder.read_streams([stream]) == {stream: [row]}


def test_streams_are_read_together_each_in_its_order(recorder):
    one, two, nobody = uuid4(), uuid4(), uuid4()
    recorder.insert_events([event(one, 1), event(two, 1), event(one, 2)])

    found = recorder.read_streams([two, nobody, one])

    assert {stream: [row.version for row in rows] for stream, rows in found.items()} == {
        one: [1, 2],
        two: [1],
        nobody: [],
    }


def test_a_used_key_brings_back_what_was_stored_with_it(recorder):
    stream = uuid4()
    first = recorder.record(Save([event(stream, 1), event(stream, 2)], key(b"k", body=b"one", answer=b"{}")))

    with pytest.raises(KeyAlreadyUsed) as used:
        recorder.record(Save([event(stream, 1)], key(b"k", body=b"another")))

    stored = used.value.stored
    assert stored is not None
    assert stored == recorder.find_key("caller", b"k")
    assert (stored.body_hash, stored.status, stored.answer) == (b"one", 201, b"{}")
    assert (stored.first_position, stored.event_count) == (first.first_position, 2)
    assert stored.recorded_at == first.recorded_at


def test_a_key_belongs_to_its_caller(recorder):
    recorder.record(Save([event(uuid4(), 1)], key(b"k")))
    recorder.record(Save([event(uuid4(), 1)], Idempotency("another", b"k", b"body", 201)))
    assert recorder.max_notification_id() == 2


def test_a_refused_save_leaves_no_key_behind(recorder):
    stream = uuid4()
    recorder.insert_events([event(stream, 1)])
    with pytest.raises(VersionConflict):
        recorder.record(Save([event(stream, 1)], key(b"k")))
    assert recorder.find_key("caller", b"k") is None


def test_a_conflict_fails_only_its_own_save_and_takes_no_position(recorder, held_back):
    taken = uuid4()
    held_back.set()
    recorder.insert_events([event(taken, 1)], tracking=Tracking("upstream", 7), idempotency=key(b"used"))
    saves = [
        Save([event(uuid4(), 1), event(uuid4(), 1)], key(b"a")),
        Save([event(taken, 1)], key(b"b")),
        Save([event(uuid4(), 1)], key(b"used")),
        Save([], key(b"empty")),
        Save([event(uuid4(), 1)], tracking=Tracking("upstream", 7)),
        Save([event(uuid4(), 1)], key(b"c")),
    ]

    outcomes = [future.exception() or future.result().first_position for future in recorder.submit_many(saves)]

    head = recorder.max_notification_id()
    assert head is not None
    assert [type(outcome) for outcome in (outcomes[1], outcomes[2], outcomes[4])] == [
        VersionConflict,
        KeyAlreadyUsed,
        TrackingConflict,
    ]
    assert [outcomes[0], outcomes[3], outcomes[5]] == [head - 2, None, head]
    assert [row.position for row in recorder.read_log(1, 100)] == list(range(1, head + 1))
    for name, position, count in ((b"a", head - 2, 2), (b"c", head, 1), (b"empty", None, 0)):
        stored = recorder.find_key("caller", name)
        assert stored is not None
        assert (stored.first_position, stored.event_count) == (position, count)


def test_saves_that_wait_together_are_committed_together(recorder, held_back):
    futures = recorder.submit_many(Save([event(uuid4(), 1)]) for _ in range(100))
    held_back.set()
    times = {future.result().recorded_at for future in futures}
    # At most two batches are under way while the rest gathers into one; the first may have left with the one held back.
    assert len(times) <= 3


def test_two_saves_of_one_stream_that_wait_together_are_stored_one_after_the_other(recorder, held_back):
    stream = uuid4()
    futures = recorder.submit_many(Save([event(stream, version)]) for version in range(1, 21))
    held_back.set()
    positions = [future.result().first_position for future in futures]
    assert positions == sorted(positions)
    assert [row.version for row in recorder.read_streams([stream])[stream]] == list(range(1, 21))


def test_the_same_key_twice_at_once_has_one_effect(recorder, held_back):
    futures = recorder.submit_many(Save([event(uuid4(), 1)], key(b"same")) for _ in range(5))
    held_back.set()
    outcomes = [future.exception() for future in futures]
    assert outcomes[0] is None
    assert all(isinstance(outcome, KeyAlreadyUsed) for outcome in outcomes[1:])


def test_a_save_that_cannot_be_stored_as_it_is_fails_alone(recorder, held_back):
    wrong = Save([StoredEvent(uuid4(), 1, "no\0text", b"{}")])
    good = [Save([event(uuid4(), 1)]) for _ in range(3)]
    futures = recorder.submit_many([good[0], wrong, *good[1:]])
    held_back.set()
    assert isinstance(futures[1].exception(), DataError)
    assert [future.exception() for future in (futures[0], *futures[2:])] == [None, None, None]


@pytest.mark.parametrize("versions", [(1, 1), (1, 3), (2, 1)])
def test_versions_that_do_not_follow_each_other_are_refused_at_once(recorder, versions):
    stream = uuid4()
    with pytest.raises(VersionConflict):
        recorder.submit(Save([event(stream, version) for version in versions]))


@pytest.mark.parametrize("version", [1, 2, 4])
def test_a_save_must_follow_what_is_stored(recorder, version):
    stream = uuid4()
    recorder.insert_events([event(stream, 1), event(stream, 2)])
    with pytest.raises(VersionConflict):
        recorder.insert_events([event(stream, version)])
    recorder.insert_events([event(stream, 3)])


def test_a_stream_is_named_by_a_uuid(recorder):
    with pytest.raises(ProgrammingError, match="UUID"):
        recorder.insert_events([StoredEvent("text", 1, "recorded", b"{}")])


def test_vault_rows_come_with_the_events_and_a_known_identity_refuses_both(recorder, database_url):
    first, second = uuid4(), uuid4()
    recorder.record(Save([event(first, 1)], vault=registration(first, digest=b"person")))

    with pytest.raises(IdentityKnown) as known:
        recorder.record(Save([event(second, 1)], key(b"k"), vault=registration(second, digest=b"person")))

    assert known.value.member_id == first
    assert recorder.find_key("caller", b"k") is None
    with psycopg.connect(database_url) as connection:
        counts = [
            connection.execute(f"SELECT count(*), count(*) FILTER (WHERE member_id = %s) FROM {table}", (first,))  # noqa: S608
            for table in ("vault_key", "vault_field", "vault_index", "vault_token")
        ]
        assert [count.fetchone() for count in counts] == [(1, 1), (2, 2), (1, 1), (2, 2)]


def test_the_same_person_twice_at_once_is_registered_once(recorder, held_back):
    members = [uuid4() for _ in range(4)]
    futures = recorder.submit_many(
        Save([event(member, 1)], vault=registration(member, digest=b"person")) for member in members
    )
    held_back.set()
    outcomes = [future.exception() for future in futures]
    assert outcomes[0] is None
    assert [getattr(outcome, "member_id", None) for outcome in outcomes[1:]] == [members[0]] * 3


def test_a_vault_field_is_replaced_and_a_token_repeated_without_harm(recorder, database_url):
    member = uuid4()
    recorder.record(Save([event(member, 1)], vault=registration(member, digest=b"person")))
    changed = VaultWrite(member, fields=(("phone", b"new"),), tokens=(("name", b"zhang"),))
    recorder.record(Save([event(member, 2)], vault=changed))
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT ciphertext FROM vault_field WHERE field = 'phone'").fetchone()
    assert row == (b"new",)


def test_many_threads_get_each_their_own_answer(recorder):
    streams = [uuid4() for _ in range(200)]

    def write(stream: UUID) -> tuple[UUID, int | None]:
        return stream, recorder.record(Save([event(stream, 1)], key(stream.bytes))).first_position

    with ThreadPoolExecutor(32) as threads:
        answers = dict(threads.map(write, streams))

    assert {row.originator_id: row.position for row in recorder.read_log(1, 1000)} == answers
    assert sorted(position or 0 for position in answers.values()) == list(range(1, 201))


def test_an_event_loop_can_wait_for_a_save(recorder):
    async def save():
        return (await asyncio.wrap_future(recorder.submit(Save([event(uuid4(), 1)])))).first_position

    assert asyncio.run(save()) == 1


def test_a_save_larger_than_a_batch_goes_by_itself(recorder):
    stream = uuid4()
    positions = recorder.insert_events([event(stream, version) for version in range(1, 3001)])
    assert positions == list(range(1, 3001))


def test_waiting_for_a_position_ends_when_it_is_stored_by_anybody(recorder, database_url):
    assert not recorder.wait_for(1, 0.01)
    other = KitelineRecorder(database_url)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(recorder.wait_for, 1, 10)
        other.insert_events([event(uuid4(), 1)])
        assert waiting.result()
    other.close()


def test_closing_stores_what_is_queued_and_refuses_what_comes_later(database_url):
    recorder = KitelineRecorder(database_url)
    futures = recorder.submit_many(Save([event(uuid4(), 1)]) for _ in range(50))
    recorder.close()
    assert [future.exception() for future in futures] == [None] * 50
    with pytest.raises(StoreUnavailable):
        recorder.submit(Save([event(uuid4(), 1)]))


def test_a_database_that_is_not_there_is_told_as_unavailable():
    recorder = KitelineRecorder("postgresql://nobody@/nothing?host=/nowhere", patience=0.1)
    with pytest.raises(StoreUnavailable) as unavailable:
        recorder.insert_events([event(uuid4(), 1)])
    assert not unavailable.value.outcome_unknown
    recorder.close()


def test_a_database_without_the_tables_says_what_is_missing(make_database):
    recorder = KitelineRecorder(make_database(migrated=False), patience=0.1)
    with pytest.raises(DatabaseError, match="append_saves"):
        recorder.insert_events([event(uuid4(), 1)])
    recorder.close()


def event(stream: UUID, version: int) -> StoredEvent:
    """The simplest event."""
    return StoredEvent(stream, version, "recorded", b"{}")


def key(value: bytes, *, body: bytes = b"body", answer: bytes | None = None) -> Idempotency:
    """A key of the one caller."""
    return Idempotency("caller", value, body, 201, answer)


def registration(member: UUID, *, digest: bytes) -> VaultWrite:
    """What the vault stores of a new member."""
    return VaultWrite(
        member,
        master_version=1,
        wrapped_key=b"wrapped",
        fields=(("name", b"ciphertext"), ("phone", b"ciphertext")),
        index=((1, digest),),
        tokens=(("name", b"zhang"), ("initials", b"z")),
    )


def test_a_coroutine_awaits_its_save_and_hears_why_one_is_refused(recorder):
    stream = uuid4()

    async def both():
        first = await recorder.record_async(Save([event(stream, 1)]))
        with pytest.raises(VersionConflict):
            await recorder.record_async(Save([event(stream, 1)]))
        return first

    assert asyncio.run(both()).first_position == 1


def test_a_save_whose_coroutine_is_cancelled_is_stored_all_the_same(recorder, held_back):
    stream = uuid4()

    async def cancelled():
        waiting = asyncio.ensure_future(recorder.record_async(Save([event(stream, 1)])))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancelled())
    held_back.set()
    recorder.record(Save([event(uuid4(), 1)]))  # behind it in the queue
    assert len(recorder.read_streams([stream])[stream]) == 1


def test_a_thousand_coroutines_are_each_told_their_own_position(recorder):
    streams = [uuid4() for _ in range(1_000)]

    async def all_of_them():
        return await asyncio.gather(*(recorder.record_async(Save([event(stream, 1)])) for stream in streams))

    positions = [saved.first_position for saved in asyncio.run(all_of_them())]

    assert sorted(positions) == list(range(1, 1_001))
    stored = recorder.read_streams(streams)
    assert [stored[stream][0].position for stream in streams] == positions
