"""Who acts for a place: workers whose token names a region only, and the destination that was declared."""

from tests.running_service import Person, Running, synthetic_identity_number


def scanned_at_chengguan(department: Person, declared: str) -> str:
    """Return a member of Minqin, declared for one place and checked in at Chengguan on 2025-03-02."""
    member = department.register("MQ-1")
    department.command(member, "depart", "2025-03-01", destination={"region": declared})
    department.command(member, "check-in", "2025-03-02", region="620102", channel="CODE")
    return member


def test_a_worker_of_a_region_acts_for_who_answers_for_it(running: Running, department: Person):
    worker = running.as_role("community_worker", region="620102")
    member = scanned_at_chengguan(department, "620102")

    worker.command(member, "accept", "2025-03-03")
    assert worker.ask(f"/v1/members/{member}", as_of="2025-03-03")["responsible"] == "LZ"


def test_a_worker_of_a_region_may_name_who_acts_there_and_nobody_elsewhere(running: Running, department: Person):
    worker = running.as_role("community_worker", region="620102")
    member = scanned_at_chengguan(department, "620102")
    there = {"occurred_at": "2025-03-03", "organisation": "LZ-2"}

    elsewhere = worker.post(f"/v1/members/{member}/accept", {**there, "organisation": "MQ-2"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "organisation_not_yours")
    assert worker.post(f"/v1/members/{member}/accept", there).status_code == 201
    assert worker.ask(f"/v1/members/{member}", as_of="2025-03-03")["responsible"] == "LZ-2"


def test_a_worker_of_a_branch_acts_for_no_other_of_its_place(running: Running, department: Person):
    worker = running.as_role("community_worker", organisation="LZ-1")
    member = scanned_at_chengguan(department, "620102")
    body = {"occurred_at": "2025-03-03", "organisation": "LZ-2"}

    assert worker.post(f"/v1/members/{member}/accept", body).status_code == 403


def test_the_declared_destination_may_accept_who_checked_in_elsewhere(running: Running, department: Person):
    department.organise("XN", "630102", kind="COMMITTEE")
    member = scanned_at_chengguan(department, "630102")
    running.as_role("community_worker", organisation="LZ").command(member, "accept", "2025-06-16")
    declared = running.as_role("community_worker", organisation="XN")

    (event,) = declared.command(member, "accept", "2025-06-16")["events"]
    assert event["type"] == "acceptance_contested"
    assert declared.ask(f"/v1/members/{member}", as_of="2025-06-16")["responsible"] == "LZ"


def test_who_is_neither_declared_nor_reached_may_not_accept(running: Running, department: Person):
    department.organise("XS", "630103", kind="COMMITTEE")
    member = scanned_at_chengguan(department, "620102")
    other = running.as_role("community_worker", organisation="XS")

    assert other.post(f"/v1/members/{member}/accept", {"occurred_at": "2025-03-03"}).status_code == 404


def test_the_whole_country_and_external_organisations_act_for_nobody(running: Running, department: Person):
    venue = department.record("/v1/venues", name="样例站", region="620102", organisation="LZ", kind="STATION")["stream"]
    stranger = {"identity_number": synthetic_identity_number(), "name": "样例乙", "occurred_at": "2025-03-01"}
    running.as_role("community_worker", organisation="LZ").record("/v1/check-ins", venue=venue, **stranger)
    assert "000000" in {one["region"] for one in department.ask("/v1/organisations")["items"] if one["external"]}
    department.organise("EXT-HERE", "630104", kind="COMMITTEE", external=True)
    worker = running.as_role("organisation_department", region="630104")
    member = department.register("MQ-1")

    department.command(member, "check-in", "2025-03-02", region="630104", channel="CODE")
    worker.command(member, "record-contact", "2025-03-03", channel="PHONE")
    items = department.ask(f"/v1/members/{member}/history")["items"]
    assert [one["organisation"] for one in items if one["type"] != "member_registered"] == [None, None]
