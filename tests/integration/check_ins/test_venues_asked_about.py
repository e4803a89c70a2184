"""Venues are listed to those who may use them; a code is told again to its office, and to who scanned it its place."""

from __future__ import annotations

import base64
import time

from infra.check_in_codes.rotating_number import number_at
from tests.integration.check_ins.conftest import Station
from tests.running_service import Person, Running


def test_venues_are_listed_with_their_codes_to_those_above_and_below_and_to_nobody_else(
    running: Running, station: Station
):
    issued = station.issue(rotates_every=60)
    station.revoke(station.issue()["code_id"])
    below = running.as_role("community_worker", organisation="CG-1")
    above = running.as_role("organisation_department", region="620000")
    for who in (station.worker, below, above):
        (venue,) = (one for one in who.ask("/v1/venues")["items"] if one["venue_id"] == station.venue)
        codes = {one["code_id"]: one for one in venue["codes"]}
        assert (codes[issued["code_id"]]["counts"], codes[issued["code_id"]]["rotates_every"]) == (True, 60)
        assert {one["counts"] for one in codes.values() if one["revoked_at"]} == {False}
        assert issued["code"] not in str(venue)
    stranger = running.as_role("branch_secretary", organisation="MQ-1")
    assert all(one["venue_id"] != station.venue for one in stranger.ask("/v1/venues")["items"])
    page = station.worker.ask("/v1/venues", limit=1)
    station.worker.record("/v1/venues", name="又一站", region="620102", kind="OTHER")
    assert station.worker.ask("/v1/venues", limit=1)["next"] is not None
    assert page["items"][0]["venue_id"] == station.venue


def test_a_code_is_told_again_as_issued_with_the_number_that_its_screen_shows(running: Running, station: Station):
    issued = station.issue(rotates_every=600)
    before = time.time_ns() // 1000
    told = station.worker.ask(f"/v1/venues/{station.venue}/codes/{issued['code_id']}")
    after = time.time_ns() // 1000
    assert {name: told[name] for name in ("code", "code_id", "link", "expires_at")} == {
        name: issued[name] for name in ("code", "code_id", "link", "expires_at")
    }
    secret = base64.b32decode(issued["number"]["secret"])
    numbers = {number_at(secret, 600, at_us) for at_us in (before, after)}
    assert told["number"]["current"] in numbers
    stranger = running.as_role("community_worker", organisation="MQ")
    assert stranger.http.get(f"/v1/venues/{station.venue}/codes/{issued['code_id']}").status_code == 404


def test_who_scanned_a_code_learns_where_it_is_and_whether_it_counts(station: Station, own: Person):
    issued = station.issue(rotates_every=60)
    told = own.ask(f"/v1/check-in-codes/{issued['code']}")
    assert (told["venue"]["name"], told["takes_number"], told["refusal"]) == ("样例服务站", True, None)
    station.revoke(issued["code_id"])
    assert own.ask(f"/v1/check-in-codes/{issued['code']}")["refusal"]["code"] == "code_revoked"
    assert own.http.get(f"/v1/check-in-codes/{'A' * 53}").status_code == 404
