"""What many ask for at once is read once; what there was nothing of, or what failed, is read again."""

import asyncio

import pytest

from api.shared_reads import SharedReads

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as the service does."""
    return "asyncio"


class Counting:
    """Reads slowly what it is told to, and counts."""

    def __init__(self, *answers: bytes | Exception) -> None:
        """Answer with these in turn, then with the last again and again."""
        self.answers = list(answers)
        self.reads = 0
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def read(self, _key: str) -> bytes:
        """Read when told to go on."""
        answer = self.answers[min(self.reads, len(self.answers) - 1)]
        self.reads += 1
        self.begun.set()
        await self.go_on.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def at_once(shared: SharedReads[str, bytes], counting: Counting, askers: int) -> list[bytes | BaseException]:
    asked = [asyncio.create_task(shared.get("a")) for _ in range(askers)]
    await counting.begun.wait()
    counting.go_on.set()
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_all_who_ask_at_once_share_one_read_and_later_ones_what_was_kept():
    counting = Counting(b"page")
    shared = SharedReads(counting.read, keep=2)
    assert await at_once(shared, counting, 100) == [b"page"] * 100
    assert await shared.get("a") == b"page"
    assert counting.reads == 1
    for other in "bc":
        await shared.get(other)
    assert await shared.get("c") == b"page"
    assert counting.reads == 3
    await shared.get("a")  # was the oldest of three, of which two are kept
    assert counting.reads == 4


@pytest.mark.parametrize("first", [b"", ConnectionError("away")])
async def test_nothing_and_a_failure_reach_all_who_asked_and_are_read_again(first: bytes | Exception):
    counting = Counting(first, b"page")
    shared = SharedReads(counting.read, keep=2)
    assert await at_once(shared, counting, 3) == [first] * 3
    assert await shared.get("a") == b"page"
    assert counting.reads == 2


async def test_one_who_leaves_does_not_end_the_read_for_the_others():
    counting = Counting(b"page")
    shared = SharedReads(counting.read, keep=2)
    leaving, staying = asyncio.create_task(shared.get("a")), asyncio.create_task(shared.get("a"))
    await counting.begun.wait()
    leaving.cancel()
    counting.go_on.set()
    assert await staying == b"page"
    assert leaving.cancelled()
    assert counting.reads == 1
