"""An acknowledgement cut after the commit, and asked for again: one effect, and the first answer."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent

from infra.event_store.recorder import KitelineRecorder
from infra.event_store.refusals import KeyAlreadyUsed, StoreUnavailable
from infra.event_store.save import Idempotency
from tests.faults.cutting_proxy import CuttingProxy


@pytest.fixture
def proxy(database_url: str) -> Iterator[CuttingProxy]:
    """A proxy before this test's database."""
    with CuttingProxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def behind(proxy: CuttingProxy) -> Iterator[KitelineRecorder]:
    """A recorder that speaks through the proxy, connected."""
    recorder = KitelineRecorder(proxy.url, patience=0.5)
    recorder.insert_events([StoredEvent(uuid4(), 1, "first", b"{}")])
    yield recorder
    recorder.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_save_with_a_key_is_answered_rightly_though_its_connection_was_cut(recorder, proxy, behind, when):
    stream = uuid4()
    proxy.cut_next(when)

    positions = behind.insert_events([event(stream, 1), event(stream, 2)], idempotency=key(b"k"))

    assert proxy.cuts == 1
    assert positions == [2, 3]
    assert [row.position for row in recorder.read_streams([stream])[stream]] == [2, 3]


def test_a_client_that_asks_again_elsewhere_gets_the_first_answer(recorder, proxy, behind):
    stream = uuid4()
    proxy.cut_next("after", then_refuse=True)

    with pytest.raises(StoreUnavailable) as lost:
        behind.insert_events([event(stream, 1)], idempotency=key(b"k"))
    assert lost.value.outcome_unknown
    with pytest.raises(KeyAlreadyUsed) as again:
        recorder.insert_events([event(stream, 1)], idempotency=key(b"k"))

    assert again.value.stored is not None
    assert (again.value.stored.status, again.value.stored.first_position, again.value.stored.event_count) == (201, 2, 1)
    assert len(recorder.read_streams([stream])[stream]) == 1


def test_the_check_finds_the_doubled_effect_without_a_key(recorder, proxy, behind):
    stream = uuid4()
    proxy.cut_next("after")

    with pytest.raises(OperationalError):
        append_one(behind, stream)
    append_one(behind, stream)  # the client tries again, and has nothing to be recognised by

    assert len(recorder.read_streams([stream])[stream]) == 2


def test_a_lost_answer_without_a_key_is_never_called_stored_nor_a_conflict(proxy, behind):
    proxy.cut_next("after")

    with pytest.raises(OperationalError) as lost:
        behind.insert_events([event(uuid4(), 1)])

    assert not isinstance(lost.value, IntegrityError)


def test_a_save_that_never_reached_the_server_is_sent_again_even_without_a_key(recorder, proxy, behind):
    stream = uuid4()
    proxy.cut_next("before")

    assert behind.insert_events([event(stream, 1)]) == [2]
    assert len(recorder.read_streams([stream])[stream]) == 1


def test_a_cut_that_hides_a_used_key_still_tells_the_first_answer(proxy, behind):
    behind.insert_events([event(uuid4(), 1)], idempotency=key(b"k"))
    proxy.cut_next("after")

    with pytest.raises(KeyAlreadyUsed) as used:
        behind.insert_events([event(uuid4(), 1)], idempotency=key(b"k"))

    assert used.value.stored is not None
    assert used.value.stored.first_position == 2


def append_one(recorder: KitelineRecorder, stream: UUID) -> None:
    """Do what a command does: read, decide, save after what is there."""
    version = len(recorder.read_streams([stream])[stream]) + 1
    recorder.insert_events([event(stream, version)])


def event(stream: UUID, version: int) -> StoredEvent:
    """An event whose content is like no other's."""
    return StoredEvent(stream, version, "recorded", uuid4().hex.encode())


def key(value: bytes) -> Idempotency:
    """A key of the one caller."""
    return Idempotency("caller", value, b"body", 201)
