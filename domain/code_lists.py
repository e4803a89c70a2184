"""Code lists as adopted: the values that a field may take from a day on, versioned like the figures of the policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from domain import codes
from domain.fact import Body, recorded_as

LISTS: Final[dict[str, tuple[str, ...]]] = {
    "departure": codes.DEPARTURE_REASONS,
    "decline": codes.DECLINE_REASONS,
    "contact": codes.CONTACT_CHANNELS,
    "failed_contact": codes.FAILED_CONTACT_REASONS,
    "waiver": codes.WAIVER_REASONS,
    "end_of_movement": codes.CLOSING_REASONS,
    "transfer_rejection": codes.TRANSFER_REJECTION_REASONS,
}
"""The lists that may be changed, as they are until somebody adopts another version (DOMAIN, "Codes")."""

NAME_OF: Final = {values: name for name, values in LISTS.items()}
"""A list's name by its values as shipped, which is how a command's field tells its list."""


@recorded_as
@dataclass(frozen=True, slots=True)
class CodeListAdopted(Body):
    """The whole list as it is from a day on, with what each code is called where the document says so."""

    fact: ClassVar[str] = "code_list_adopted"
    order: ClassVar[int] = 0
    code_list: str
    effective_on: str
    codes: list[str]
    names: dict[str, str] | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class CodeBook:
    """Every version of every list; answers which values a list had on a day."""

    adopted: tuple[CodeListAdopted, ...] = ()

    def with_adopted(self, adoption: CodeListAdopted) -> CodeBook:
        """Return a book with one more version; of the same list and day the last counts."""
        return CodeBook((*self.adopted, adoption))

    def on(self, name: str, day: date) -> tuple[str, ...]:
        """Return the values of a list on a day of Asia/Shanghai. Raises KeyError for a list that there is not."""
        version = self.version(name, day)
        return LISTS[name] if version is None else tuple(version.codes)

    def version(self, name: str, day: date) -> CodeListAdopted | None:
        """Return the version in force on a day; None while the list stands as shipped."""
        due = [one for one in self.adopted if one.code_list == name and one.effective_on <= day.isoformat()]
        # Of one day the last adopted counts: `max` returns the first of equals, so the latest come first.
        return max(reversed(due), key=lambda one: one.effective_on, default=None)

    def instead_of(self, shipped: tuple[str, ...], day: date) -> tuple[str, ...]:
        """Return the values of a day where a field names those shipped; what is no list of these stays as it is."""
        name = NAME_OF.get(shipped) if self.adopted else None
        return shipped if name is None else self.on(name, day)

    def ever(self, name: str) -> tuple[str, ...]:
        """Return every value that a list has, had, or is to have."""
        versions = [one.codes for one in self.adopted if one.code_list == name]
        return tuple(dict.fromkeys([*LISTS[name], *(code for version in versions for code in version)]))
