"""Lets threads append to a UmaDB server for some seconds and prints how many appends were acknowledged.

Run by the peer's own interpreter. An append is what a save is to our recorder: two events of one stream, refused if
anybody appended to the stream since. Its events carry ids, by which UmaDB recognises an append sent twice.
"""

import argparse
import json
import threading
import time
import uuid

from umadb import AppendCondition, Client, Event, Query, QueryItem

APPENDS_A_STREAM = 4
TYPES = ("checked_in", "liaison_named")


def main() -> None:
    """Append, and print `{"appends": …, "seconds": …, "head": …}`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--writers", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--state-file", required=True, help="what every event holds")
    options = parser.parse_args()
    with open(options.state_file, "rb") as file:  # noqa: PTH123 - as short as it gets
        state = file.read()
    clients = [Client(options.url) for _ in range(options.writers)]
    counts = [0] * options.writers
    failures: list[BaseException] = []
    started = time.perf_counter()
    deadline = started + options.seconds

    def write(number: int) -> None:
        try:
            counts[number] = appended(clients[number], state, deadline)
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(options.writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if failures:
        raise failures[0]
    print(json.dumps({"appends": sum(counts), "seconds": seconds, "head": clients[0].head()}))


def appended(client: Client, state: bytes, deadline: float) -> int:
    """Append stream after stream until the deadline; returns how many appends were acknowledged."""
    count = 0
    while time.perf_counter() < deadline:
        stream = str(uuid.uuid4())
        boundary = Query(items=[QueryItem(tags=[stream])])
        last: int | None = None
        for _ in range(APPENDS_A_STREAM):
            events = [Event(event_type=kind, data=state, tags=[stream], uuid=uuid.uuid4()) for kind in TYPES]
            last = client.append(events, condition=AppendCondition(fail_if_events_match=boundary, after=last))
            count += 1
    return count


if __name__ == "__main__":
    main()
