"""The eventsourcing library's own contract suites, run on our recorders."""

import os
from collections.abc import Callable
from typing import Any
from unittest import TestCase
from unittest.mock import patch

import pytest
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.tests import application, persistence
from eventsourcing.utils import Environment, get_topic

from infra.event_store.aggregate_records import AggregateRecords
from infra.event_store.factory import Factory
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.tracking import KitelineTracking


@pytest.fixture(autouse=True)
def on_a_fresh_database(request: pytest.FixtureRequest, make_database: Callable[..., str]) -> Any:
    """Give the suite's test case a factory on a database of its own."""
    case = request.instance
    case.database_url = make_database()
    case.ours = Factory({Factory.DATABASE_URL: case.database_url})
    yield
    case.ours.close()


class OnOurs(TestCase):
    """What the fixture gives every case."""

    ours: Factory
    database_url: str


class TestAggregateRecords(OnOurs, persistence.AggregateRecorderTestCase):
    """Sequences outside the log."""

    def create_recorder(self):
        return self.ours.aggregate_recorder()


class TestRecorderOfApplications(OnOurs, persistence.ApplicationRecorderTestCase):
    """The log."""

    def create_recorder(self):
        return self.ours.application_recorder()

    def test_insert_subscribe(self):
        self.optional_test_insert_subscribe()


class TestTracking(OnOurs, persistence.TrackingRecorderTestCase):
    """Positions of other applications."""

    def create_recorder(self):
        return self.ours.tracking_recorder()


class TestTrackingOfTheRecorder(OnOurs, persistence.TrackingRecorderTestCase):
    """The same through the recorder itself."""

    def create_recorder(self):
        return self.ours.process_recorder()


class TestRecorderOfProcesses(OnOurs, persistence.ProcessRecorderTestCase):
    """Events and positions together."""

    def create_recorder(self):
        return self.ours.process_recorder()


class TestNonInterleavingPositions(OnOurs, persistence.NonInterleavingNotificationIDsBaseCase):
    """Positions of one save follow each other."""

    def create_recorder(self):
        return self.ours.application_recorder()


class TrackingOfAView(KitelineTracking):
    """A view's recorder, as the library's projections subclass it."""


class TestFactory(OnOurs, persistence.InfrastructureFactoryTestCase[Factory]):
    """The factory."""

    def setUp(self):
        module = f"{Factory.__module__}:{Factory.__qualname__}"
        self.env = Environment("TestCase")
        self.env[InfrastructureFactory.PERSISTENCE_MODULE] = module
        self.env[Factory.DATABASE_URL] = self.database_url
        super().setUp()

    def expected_factory_class(self):
        return Factory

    def expected_aggregate_recorder_class(self):
        return AggregateRecords

    def expected_application_recorder_class(self):
        return KitelineRecorder

    def expected_tracking_recorder_class(self):
        return KitelineTracking

    def tracking_recorder_subclass(self):
        return TrackingOfAView

    def expected_process_recorder_class(self):
        return KitelineRecorder

    def test_says_which_variable_is_missing(self):
        with pytest.raises(OSError, match=Factory.DATABASE_URL):
            Factory({})


class TestApplication(OnOurs, application.ExampleApplicationTestCase):
    """A whole application of the library, with snapshots."""

    expected_factory_topic = get_topic(Factory)

    def setUp(self):
        settings = {"PERSISTENCE_MODULE": get_topic(Factory), Factory.DATABASE_URL: self.database_url}
        self.enterContext(patch.dict(os.environ, settings))
