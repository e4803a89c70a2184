"""Many claim the places of one post at once: through one service, and from processes that do not know each other."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.integration.service.conftest import free
from tests.running_service import Person, Running

Offer = Callable[..., str]
Members = Callable[[int], list[str]]


def holders(running: Running, members: list[str]) -> list[str]:
    """Return whose own state says that they hold a post."""
    return [member for member in members if running.department.ask(f"/v1/members/{member}")["posts"]]


def test_no_more_claims_are_taken_than_there_are_places(running: Running, members: Members, offer: Offer):
    takers, post = members(40), offer(places=12)
    callers = [running.as_role("branch_secretary", organisation="MQ-1") for _ in range(8)]

    def claim(number: int) -> tuple[int, str | None]:
        person: Person = callers[number % len(callers)]
        answer = person.post(f"/v1/members/{takers[number]}/claim-post", {"occurred_at": "2025-03-01", "post": post})
        return answer.status_code, answer.json().get("code")

    with ThreadPoolExecutor(len(callers)) as pool:
        outcomes = Counter(pool.map(claim, range(len(takers))))
    assert outcomes == {(201, None): 12, (409, "post_full"): 28}
    assert len(holders(running, takers)) == 12
    assert running.department.ask(f"/v1/posts/{post}")["version"] == 13
    assert free(running.department, post) == 0


def test_claims_and_releases_at_once_never_hold_more_than_there_are(running: Running, members: Members, offer: Offer):
    takers, post = members(12), offer(places=3)

    def come_and_go(member: str) -> None:
        person = running.as_role("branch_secretary", organisation="MQ-1")
        for day in range(1, 6):
            person.post(f"/v1/members/{member}/claim-post", {"occurred_at": f"2025-03-{day:02}", "post": post})
            person.post(f"/v1/members/{member}/release-post", {"occurred_at": f"2025-04-{day:02}", "post": post})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(come_and_go, takers))
    for day in ("2025-03-01", "2025-03-03", "2025-03-05", "2025-04-01", "2025-04-03", "2025-04-05"):
        assert 0 <= free(running.department, post, as_of=day) <= 3
        held = [
            member for member in takers if post in running.department.ask(f"/v1/members/{member}", as_of=day)["posts"]
        ]
        assert len(held) == 3 - free(running.department, post, as_of=day)


def test_processes_that_know_nothing_of_each_other_give_no_place_twice(
    running: Running, members: Members, offer: Offer
):
    takers, post = members(30), offer(places=10)
    settings = running.service.settings
    command = [sys.executable, "-m", "tests.integration.service.claiming_process"]
    command += [str(settings.database_url), str(settings.home), post]
    processes = [
        subprocess.Popen([*command, *takers[start::3]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for start in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert any(line.strip() == "ready" for line in process.stdout)
    said = [process.communicate("go\n", timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    lines = [line.split() for text in said for line in text.splitlines()]
    outcomes = {words[0]: words[1] for words in lines if words and words[0] in takers}
    assert Counter(outcomes.values()) == {"claimed": 10, "post_full": 20}
    assert sorted(holders(running, takers)) == sorted(one for one in takers if outcomes[one] == "claimed")
    assert free(running.department, post) == 0
