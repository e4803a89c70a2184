"""The name under which a log speaks is given while it is empty, and stays."""

from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from infra.event_store.epochs import SourceChanged, keep_source


def test_an_empty_log_takes_the_name_of_its_deployment(database_url):
    assert keep_source(database_url, "hangzhou") == "urn:kiteline:hangzhou:1"
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT source FROM log_epoch").fetchall() == [("urn:kiteline:hangzhou:1",)]


def test_a_log_with_events_keeps_its_name(database_url, recorder):
    keep_source(database_url, "hangzhou")
    recorder.insert_events([StoredEvent(uuid4(), 1, "recorded", b"{}")])
    assert keep_source(database_url, "hangzhou") == "urn:kiteline:hangzhou:1"
    with pytest.raises(SourceChanged, match="under urn:kiteline:hangzhou:1"):
        keep_source(database_url, "chengdu")
