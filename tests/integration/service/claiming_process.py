"""A process of its own that claims one post for many members at once: `python -m … URL HOME POST MEMBER…`.

Writes one line for each member: the id, and what became of the claim.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from api.service import open_service
from domain.errors import Refused
from infra.recording.drafts import Caller
from infra.settings import Settings


def main() -> None:
    url, home, post, *members = sys.argv[1:]
    settings = Settings(home=Path(home), database_url=url)
    with open_service(settings, url, projecting=False) as service, ThreadPoolExecutor(8) as pool:

        def claim(member: str) -> str:
            asked = {"occurred_at": "2025-03-01", "post": post, "organisation": "MQ"}
            try:
                service.desk.record(UUID(member), "claim-post", asked, Caller("claiming-process"))
            except Refused as refused:
                return refused.code
            return "claimed"

        print("ready", flush=True)  # noqa: T201 - read by the test
        sys.stdin.readline()
        for member, outcome in zip(members, pool.map(claim, members), strict=True):
            print(member, outcome)  # noqa: T201


if __name__ == "__main__":
    main()
