"""A process that writes to the event store until it is told to stop or killed, and writes down every answer it got."""

import argparse
import json
import os
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

from eventsourcing.persistence import OperationalError, StoredEvent

from infra.event_store.recorder import KitelineRecorder
from infra.event_store.refusals import KeyAlreadyUsed, VersionConflict
from infra.event_store.save import Idempotency, Save


def main() -> None:
    """Write as the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("answers", type=Path)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--answer-early", action="store_true", help="the broken variant: answer before the commit")
    parser.add_argument("--stream", type=UUID, help="count up on this one stream instead")
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    recorder = KitelineRecorder(options.url)
    if options.stream is not None:
        count_up(recorder, options.stream, options.times)
        recorder.close()
        return
    answers = os.open(options.answers, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    threads = [
        threading.Thread(target=write_for_ever, args=(recorder, answers, options.answer_early))
        for _ in range(options.threads)
    ]
    for thread in threads:
        thread.start()


def write_for_ever(recorder: KitelineRecorder, answers: int, early: bool) -> None:
    """Save two events of a new stream again and again, each with a key; on an outage try the same save again."""
    while True:
        stream = uuid4()
        save = Save(
            (StoredEvent(stream, 1, "written", b"{}"), StoredEvent(stream, 2, "written", b"{}")),
            Idempotency("writer", stream.bytes, stream.bytes, 201),
        )
        if early:
            recorder.submit(save)
            position: int | None = 1
        else:
            position = until_answered(recorder, save)
        answer = {"stream": str(stream), "version": 1, "count": 2, "position": position}
        os.write(answers, json.dumps(answer).encode() + b"\n")


def until_answered(recorder: KitelineRecorder, save: Save) -> int | None:
    """Try one save until its answer comes, as a client with an idempotency key does."""
    while True:
        try:
            return recorder.record(save).first_position
        except KeyAlreadyUsed as error:
            if error.stored is not None:
                return error.stored.first_position
        except OperationalError:
            time.sleep(0.05)  # the pause a client makes before it tries again


def count_up(recorder: KitelineRecorder, stream: UUID, times: int) -> None:
    """Read a counter from a stream, add one, save; again from the start when another process came first."""
    done = 0
    while done < times:
        rows = recorder.read_streams([stream])[stream]
        counter = json.loads(rows[-1].state)["counter"] if rows else 0
        version = rows[-1].version if rows else 0
        state = json.dumps({"counter": counter + 1}).encode()
        try:
            recorder.insert_events([StoredEvent(stream, version + 1, "counted", state)])
            done += 1
        except VersionConflict:
            continue


if __name__ == "__main__":
    main()
