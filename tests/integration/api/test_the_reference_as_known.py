"""A question about what was known then is answered with the policy that was known then."""

from __future__ import annotations

from tests.running_service import Person


def test_a_policy_adopted_later_does_not_change_what_was_known_before(department: Person) -> None:
    department.organise("RK", "510104", kind="COMMITTEE")
    branch = department.organise("RK-1", "510104", parent="RK")
    member = department.register(branch)
    left = department.command(member, "depart", "2025-03-01", organisation=branch, destination={"abroad": True})
    figures = {"lost_contact_months": 3}
    department.record("/v1/policies", region="510104", effective_on="2025-01-01", figures=figures)
    now = department.ask(f"/v1/members/{member}", as_of="2025-03-10")
    then = department.ask(f"/v1/members/{member}", as_of="2025-03-10", known_at=left["position"])
    assert now["clocks"]["lost_review_due"] == "2025-06-01"
    assert then["clocks"]["lost_review_due"] == "2025-09-01"
    history = department.ask(f"/v1/members/{member}/history", known_at=left["position"])
    assert history["items"][-1]["state"]["clocks"]["lost_review_due"] == "2025-09-01"
