"""A process that sends webhooks until it is told to stop or killed."""

import argparse
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from consumers.webhooks import delivering
from consumers.webhooks.progress import delivered
from consumers.webhooks.worker import Webhooks
from infra.recording.application import Kiteline
from infra.recording.feed_events import feed_event
from infra.settings import Settings
from infra.webhooks.sending import Attempt, Sender
from infra.webhooks.signatures import signed_headers


def main() -> None:
    """Send as the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("home", type=Path)
    parser.add_argument("--record-first", action="store_true", help="the broken variant: keep that it was, then send")
    options = parser.parse_args()
    if options.record_first:
        delivering._one_delivered = record_first
    settings = Settings(home=options.home, database_url=options.url, webhook_allowed_targets="127.0.0.1/32")
    Webhooks(Kiteline(options.url, readers=1), options.url, settings)
    threading.Event().wait()


async def record_first(means: delivering.Means, one: Any, sender: Sender, keys: Any, row: Any) -> bool:
    """Keep that an event was delivered before it is."""
    at: datetime = means.clock()
    goes_on = bool(await means.ask(delivered, one, row, Attempt(204, None, 0.0), at))
    body = feed_event(row, one.previous)
    await sender.post(signed_headers(keys, str(row.event_id), int(at.timestamp()), body), body)
    return goes_on


if __name__ == "__main__":
    main()
