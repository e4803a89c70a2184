"""Lets the library's Application run on the event store: `PERSISTENCE_MODULE=infra.event_store.factory:Factory`."""

from functools import cached_property

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    ProcessRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from infra.database.connections import connect_pool
from infra.event_store.aggregate_records import AggregateRecords
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.tracking import KitelineTracking


class Factory(InfrastructureFactory[KitelineTracking]):
    """One recorder for events, tracking and processes; the tables are made by the migrations, never here."""

    DATABASE_URL = "KITELINE_DATABASE_URL"

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Take the database from KITELINE_DATABASE_URL; raises OSError when it is not set."""
        super().__init__(env)
        url = self.env.get(self.DATABASE_URL)
        if not url:
            raise OSError(f"{self.DATABASE_URL} is not set")
        self._url = url

    @cached_property
    def _recorder(self) -> KitelineRecorder:
        return KitelineRecorder(self._url)

    @cached_property
    def _pool(self) -> "ConnectionPool[Connection[TupleRow]]":
        return connect_pool(self._url, role="writer", max_size=4, name="kiteline aggregate records")

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Make a recorder of sequences outside the log."""
        return AggregateRecords(self._pool, purpose)

    def application_recorder(self) -> ApplicationRecorder:
        """Give the recorder of the log."""
        return self._recorder

    def process_recorder(self) -> ProcessRecorder:
        """Give the recorder of the log, which also tracks."""
        return self._recorder

    def tracking_recorder(self, tracking_recorder_class: type[KitelineTracking] | None = None) -> KitelineTracking:
        """Make a tracking recorder, of the given class or of the one that TRACKING_RECORDER_TOPIC names."""
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        if tracking_recorder_class is None and topic:
            tracking_recorder_class = resolve_topic(topic)
        return (tracking_recorder_class or KitelineTracking)(self._recorder)

    def close(self) -> None:
        """Store what is queued and end all connections."""
        for name in ("_recorder", "_pool"):
            opened = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()
