"""Every event of a demo life is what the published schemas say: whoever reads by them alone reads it right."""

from collections import Counter
from datetime import date
from pathlib import Path

import orjson

from infra.demo.making import make, opened_workshop
from infra.demo.marker import Marker
from infra.recording.mapper import cloud_event
from infra.vault.master_key import MasterKey
from infra.vault.vault import Vault
from tests.integration.demo.test_making import Listener
from tests.unit.contracts.published import faults_of

SOURCE = "urn:kiteline:local:1"


def test_every_event_of_a_demo_is_as_published(database_url: str, home: Path):
    with opened_workshop(database_url, Vault(MasterKey({1: b"k" * 32}))) as shop:
        made = make(shop, home, Marker(21, date(2026, 11, 22).isoformat(), 120), Listener())
        rows = shop.kiteline.log.read_log(1, made.events)

    events = [orjson.loads(cloud_event(row, SOURCE)) for row in rows]
    faults = Counter(line for event in events for line in faults_of(event))
    assert not faults, faults.most_common(10)
    assert len({event["type"] for event in events}) > 50
