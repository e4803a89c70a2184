"""Lives of some regularity: contacts month by month, hours served, transfers that are accepted."""

from __future__ import annotations

from typing import Any

from domain.member import events as e
from domain.member.service import events as s
from domain.member.transfer import events as t
from tests.integration.projections.lives import COUNTIES, Lives, branch


def stay_in_touch(lives: Lives, members: int) -> None:
    """Lives away for a year, with contacts by either side, waivers, failed months, study abroad and some returns."""
    chance = lives.random
    for _ in range(members):
        home, host = branch(chance.choice(COUNTIES), 1), branch(chance.choice(COUNTIES), 2)
        member = lives.member(home)
        abroad = chance.random() < 0.3
        away: dict[str, Any] = {"abroad": True} if abroad else {"region": host[1:7]}
        lives.tell(member, e.Departed(away, "STUDY" if abroad else "WORK"), "2024-09-10", home)
        if not abroad:
            lives.tell(member, e.CheckedIn(host[1:7], "CODE"), "2024-10-03", host)
            lives.tell(member, e.Accepted(host), "2024-10-05", host)
        for month in ("2024-10", "2024-11", "2024-12", "2025-01", "2025-02", "2025-03", "2025-04"):
            for side in (home, host):
                body = e.ContactWaived(month, "ILLNESS") if chance.random() < 0.3 else e.ContactMade("PHONE")
                if chance.random() < 0.7:
                    lives.tell(member, body, f"{month}-{chance.randrange(10, 29)}", side)
            served = s.ServiceRecorded(chance.choice([0.5, 2.0, 3.25]), None, "COMMUNITY")
            hours = lives.tell(member, served, f"{month}-{chance.randrange(1, 28):02}", host)
            if chance.random() < 0.2:
                lives.tell(member, e.EventCorrected(hours.event_id, {"hours": 1.0}), "2025-06-01", host)
        if chance.random() < 0.3:
            lives.tell(member, e.Returned(), "2025-04-29", home)


def transfer(lives: Lives, members: int) -> None:
    """Lives that are transferred, some of whose acceptance is dated anew, or was never there."""
    chance = lives.random
    for _ in range(members):
        home, host = branch(chance.choice(COUNTIES), 1), branch(chance.choice(COUNTIES), 2)
        member = lives.member(home)
        month = f"2025-0{chance.randrange(1, 6)}"
        kind = chance.choice(["FORMAL", "FORMAL", "FORMAL", "TEMPORARY"])
        lives.tell(member, t.TransferRequested(host, kind), f"{month}-02", home)
        lives.tell(member, t.TransferOutApproved(), f"{month}-03", home)
        lives.tell(member, t.TransferLetterIssued("1"), f"{month}-04", home)
        accepted = lives.tell(member, t.TransferAccepted(), f"{month}-20", host)
        match chance.randrange(4):
            case 0:
                lives.tell(member, e.EventVoided(accepted.event_id), "2025-06-03", host)
            case 1:
                moved = {"occurred_at": f"{month}-27" if chance.random() < 0.5 else f"{month[:6]}6-01"}
                lives.tell(member, e.EventCorrected(accepted.event_id, moved), "2025-06-03", host)
