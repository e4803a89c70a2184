"""Reading what a row says happened: branches, places on their days, and dates that must not contradict each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from domain.errors import Sentence
from domain.regions.table import RegionTable
from infra.registers.code_lists import LOST_STATUS, SCOPE_NAMES, reason_of, scope_of, status_of
from infra.registers.dates import EXPECTED, Day, read_date
from infra.registers.head_names import NEEDED, Kind
from infra.registers.issues import LOST_WITHOUT_DAY
from infra.registers.organisations import NoMatch, OrganisationLookup, OrganisationMatch
from infra.registers.places import Place, PlaceFault, PlaceReader
from infra.registers.row_cells import RowCells

EXPECTED_RETURN_YEARS: Final = 10
"""A return further ahead than this is a slip of the pen, whatever was expected."""


@dataclass(slots=True)
class Ground:
    """What every row of one import is read against."""

    today: date
    regions: RegionTable
    organisations: OrganisationLookup
    planned_departure_days: int
    places: PlaceReader = field(init=False)

    def __post_init__(self) -> None:
        self.places = PlaceReader(self.regions, self.today)


def read_movement(cells: RowCells, kind: Kind, ground: Ground) -> dict[str, Any]:
    """Read the fields of RegisterRow that tell the movement; what is wrong is added to `cells`."""
    return _outflow(cells, ground) if kind == "outflow" else _inflow(cells, ground)


def _outflow(cells: RowCells, ground: Ground) -> dict[str, Any]:
    organisation = _home_branch(cells, ground)
    departed = _needed_day(cells, "outflow", "departed_on")
    limit = ground.today + timedelta(days=ground.planned_departure_days)
    cells.must_not_lie_ahead("departed_on", departed, limit)
    destination = _place(cells, "destination", departed, ground)
    returned = cells.day("returned_on")
    cells.must_not_lie_ahead("returned_on", returned, ground.today + timedelta(days=366 * EXPECTED_RETURN_YEARS))
    if departed is not None and returned is not None and returned.is_before(departed):
        this, other = cells.where("returned_on"), cells.where("departed_on")
        cells.error("return_before_departure", "returned_on", this=this, other=other, expected=f"≥ {departed.text}")
    contacted, lost = _contact(cells, ground.today)
    reason = cells.text("reason")
    known = _receiving_organisation(cells, ground)
    return {
        "organisation": organisation,
        "departed_on": departed,
        "planned": departed is not None and departed.first > ground.today,
        "destination": destination,
        "scope": _scope(cells, organisation.region if organisation else None, destination, departed, ground),
        "reason": reason_of(reason) if reason else None,
        "returned_on": returned,
        "return_expected": returned is not None and returned.first > ground.today,
        "contacted_on": contacted,
        "lost_contact_on": lost,
        "destination_organisation": known,
    }


def _inflow(cells: RowCells, ground: Ground) -> dict[str, Any]:
    arrived = _needed_day(cells, "inflow", "arrived_on")
    cells.must_not_lie_ahead("arrived_on", arrived, ground.today)
    branch = _found_below(cells, "branch", ground) if cells.text("branch") else None
    origin = _place(cells, "origin", arrived, ground)
    destination = _place(cells, "destination", arrived, ground) if cells.text("destination") else None
    if destination is not None and destination.kind != "region":
        cells.error("unknown_region", "destination", expected=None)
    if destination is None and not any(one.field == "destination" for one in cells.errors):
        # A register of what flowed in lies in the region of the branch, else of the office that keeps it.
        destination = Place("region", (branch or ground.organisations.home).region)
    organisation = None
    if text := cells.text("origin_organisation"):
        found = ground.organisations.find_anywhere(text)
        if isinstance(found, NoMatch):
            cells.warn("external_organisation", "origin_organisation")
        else:
            organisation = found
    home = organisation.region if organisation is not None else origin.code if origin is not None else None
    return {
        "organisation": organisation,
        "arrived_on": arrived,
        "origin": origin,
        "destination": destination,
        "scope": _scope(cells, home, destination, arrived, ground),
        "branch": branch,
    }


def _needed_day(cells: RowCells, kind: Kind, name: str) -> Day | None:
    if not cells.text(name) and name in NEEDED[kind]:
        cells.error("missing", name, expected=EXPECTED)
        return None
    return cells.day(name)


def _home_branch(cells: RowCells, ground: Ground) -> OrganisationMatch | None:
    """Find the branch that a row names; a branch's own register needs no such column."""
    if cells.text("organisation"):
        return _found_below(cells, "organisation", ground)
    if ground.organisations.home.kind == "BRANCH":
        return ground.organisations.home
    cells.error("missing", "organisation")
    return None


def _found_below(cells: RowCells, name: str, ground: Ground) -> OrganisationMatch | None:
    found = ground.organisations.find(cells.text(name))
    if isinstance(found, NoMatch):
        cells.error("unknown_organisation", name, expected="、".join(found.candidates) or None)
        return None
    return found


def _receiving_organisation(cells: RowCells, ground: Ground) -> OrganisationMatch | None:
    text = cells.text("destination_organisation")
    if not text:
        return None
    found = ground.organisations.find_anywhere(text)
    if isinstance(found, NoMatch):
        cells.warn("unknown_destination_organisation", "destination_organisation")
        return None
    return found


def _place(cells: RowCells, name: str, day: Day | None, ground: Ground) -> Place | None:
    """Read a place on its day; where the day could not be read, on today's, so that both errors are told at once."""
    on = day or Day(ground.today, "day")
    read = ground.places.read(cells.text(name), on)
    if isinstance(read, PlaceFault):
        told = read.on.isoformat()
        other = cells.where("arrived_on" if "arrived_on" in cells.columns else "departed_on")
        if read.code == "unknown_region":
            cells.error("unknown_region", name, expected=read.expected)
        elif day is not None:
            cells.error(read.code, name, expected=read.expected, on=Sentence(told, told), other=other)
        return None
    if read.needs_assignment and day is not None:
        cells.warn("region_needs_assignment", name)
    return read


def _contact(cells: RowCells, today: date) -> tuple[Day | None, Day | None]:
    """Days of contact and of lost contact; the status column may hold a day itself, and `lost` needs one."""
    contacted, lost = cells.day("contacted_on"), cells.day("lost_contact_on")
    status = cells.text("contact_status")
    if status:
        said = read_date(cells.cell("contact_status"), typed=cells.typed, from_1904=cells.from_1904)
        if isinstance(said, Day):
            contacted = contacted or said
        elif (meaning := status_of(status)) is None:
            cells.error("not_in_list", "contact_status", expected=LOST_STATUS)
        elif meaning == "LOST" and not cells.text("lost_contact_on"):
            other = cells.where("contact_status")
            cells.error("missing", "lost_contact_on", expected=EXPECTED, sentence=LOST_WITHOUT_DAY, other=other)
    cells.must_not_lie_ahead("contacted_on", contacted, today)
    cells.must_not_lie_ahead("lost_contact_on", lost, today)
    return contacted, lost


def _scope(
    cells: RowCells, origin: str | None, destination: Place | None, day: Day | None, ground: Ground
) -> str | None:
    """Compute the scope; a claim that differs is a warning."""
    scope = None
    if origin is not None and destination is not None and destination.code is not None and day is not None:
        scope = ground.regions.scope(origin, destination.code, day.first)
    claim = cells.text("scope")
    if claim and scope is not None and scope_of(claim) != scope:
        cells.warn("scope_disagrees", "scope", expected=f"{SCOPE_NAMES[scope]}（{scope}）")
    return scope
