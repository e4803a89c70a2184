"""A request that was answered leaves nothing behind: what it held goes at once, and not with the garbage collector."""

import gc

from api.edge import _Exchange
from tests.running_service import Person


def exchanges() -> int:
    """Count the requests that this process still holds."""
    return sum(isinstance(one, _Exchange) for one in gc.get_objects())


def test_answered_requests_are_let_go_without_the_collector(secretary: Person):
    member = secretary.register("MQ-1")
    gc.collect()
    gc.disable()
    try:
        for day in range(1, 21):
            secretary.command(member, "record-contact", f"2025-03-{day:02}", channel="PHONE")
            assert secretary.get(f"/v1/members/{member}/nothing").status_code == 404
        assert exchanges() <= 2  # an answer is there before its request has ended
    finally:
        gc.enable()
