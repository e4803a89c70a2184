"""What one row of a register says, typed, with the errors that keep it out and the warnings that do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.identity import IdentityNumber
from infra.registers.dates import Day
from infra.registers.head_names import Kind
from infra.registers.issues import RowIssue
from infra.registers.organisations import OrganisationMatch
from infra.registers.places import Place


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row; whatever could not be read is None and has its error. No repr shows anything personal.

    Codes: `category` FULL or PROBATIONARY (None: the register has no such column), `sex` MALE or FEMALE (from the
    number where no column says it), `ethnicity` GB/T 3304, `education` GB/T 4658, `reason` of the departure list,
    `scope` as computed. `phone` is E.164. `personal` holds free text for the vault by field: employer, industry,
    occupation, card_number, contact_person, contact_phone, remarks, residence, destination_organisation,
    origin_organisation.

    Outflow: `organisation` is the home branch, `departed_on` ahead of today when `planned`, `returned_on` ahead when
    `return_expected`, `lost_contact_on` the day for a failed contact, `contacted_on` the day of a contact.
    Inflow: `organisation` is the known organisation of origin, else None and `personal["origin_organisation"]` names an
    external one; `origin` its place; `arrived_on` the check-in, at `destination`; `branch` the one placed in, if any.
    """

    sheet: str
    row: int
    kind: Kind
    errors: tuple[RowIssue, ...] = ()
    warnings: tuple[RowIssue, ...] = ()
    name: str | None = field(default=None, repr=False)
    identity: IdentityNumber | None = None
    category: str | None = None
    sex: str | None = field(default=None, repr=False)
    ethnicity: str | None = field(default=None, repr=False)
    education: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    joined_on: Day | None = field(default=None, repr=False)
    personal: dict[str, str] = field(default_factory=dict, repr=False)
    organisation: OrganisationMatch | None = None
    destination: Place | None = None
    scope: str | None = None
    departed_on: Day | None = None
    planned: bool = False
    reason: str | None = None
    destination_organisation: OrganisationMatch | None = None
    contacted_on: Day | None = None
    lost_contact_on: Day | None = None
    returned_on: Day | None = None
    return_expected: bool = False
    arrived_on: Day | None = None
    origin: Place | None = None
    branch: OrganisationMatch | None = None
    heads: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The heads of its sheet as written, by field."""

    @property
    def is_right(self) -> bool:
        """Whether the row may be recorded."""
        return not self.errors
