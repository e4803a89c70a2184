"""A process that writes feeds, or publishes them, until it is killed."""

import argparse
import threading
from pathlib import Path

from api.feed_writing import FeedWriting
from consumers.publishing import kafka
from consumers.publishing.publisher import Publishing
from consumers.publishing.region import RegionTopic
from infra.recording.application import Kiteline
from infra.settings import Settings


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=["feeds", "publisher"])
    parser.add_argument("url")
    parser.add_argument("--servers", default="")
    parser.add_argument("--note-early", action="store_true", help="the broken variant: note what was sent")
    options = parser.parse_args()
    if options.note_early:
        note_early()
    if options.part == "feeds":
        FeedWriting(Kiteline(options.url, readers=1), options.url)
    else:
        Publishing(Settings(home=Path("unused"), kafka_bootstrap_servers=options.servers), options.url)
    threading.Event().wait()


def note_early() -> None:
    """Break the publisher: what was handed to the client counts as acknowledged, while the client is in no hurry."""
    kafka._PRODUCER["linger.ms"] = 900_000
    sent = RegionTopic.is_sent

    def is_sent(self: RegionTopic, feedposition: int, event_id: object) -> None:
        sent(self, feedposition, event_id)  # type: ignore[arg-type]
        self.standing = self.standing._replace(feedposition=feedposition)
        self.touched[self.region] = self

    RegionTopic.is_sent = is_sent  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
