"""Policy: every figure of the rules, versioned, in force from a day, for a region and all below it, with its source."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, ClassVar, Final

from domain.errors import Fault, Invalid, Sentence
from domain.fact import Body, recorded_as

COUNTRY: Final = "000000"


@dataclass(frozen=True, slots=True)
class Policy:
    """The figures in force. Days are calendar days unless named workdays; months are calendar months, clamped."""

    confirm_departure_days: int = 7
    prompt_check_in_days: int = 7
    escalate_check_in_days: int = 30
    escalate_answer_workdays: int = 10
    answer_check_in_workdays: int = 10
    place_in_branch_workdays: int = 10
    decide_claim_workdays: int = 10
    find_a_home_declines: int = 3
    find_a_home_days: int = 30
    find_a_home_workdays: int = 10
    return_education_days: int = 30
    lost_contact_months: int = 6
    contact_months_study_abroad: int = 6
    lost_contact_review_workdays: int = 10
    assign_region_days: int = 30
    look_at_flag_workdays: int = 10
    planned_departure_days: int = 90
    return_education_waived_after_days: int = 365
    liaison_ceiling: int = 30
    must_transfer_months: int = 6
    temporary_relationship_months: int = 6
    letter_days: int = 90
    letter_days_within_province: int = 30
    letter_months: int = 3
    acceptance_late_days: int = 3
    receipt_months: int = 1
    second_review_years: int = 2
    feedback_least_months: int = 3
    lead_days: int = 30
    check_in_code_days: int = 365
    personal_data_request_workdays: int = 15
    resume_webhook_workdays: int = 10
    small_count: int = 5


SOURCES: Final = {
    "lost_contact_months": "Regulations on member education and management, art. 24",
    "contact_months_study_abroad": "rules on members who study abroad: half-yearly",
    "must_transfer_months": "Regulations on member education and management, art. 25",
    "temporary_relationship_months": "Regulations on member education and management, art. 25: longer is formal",
    "receipt_months": "Organisation Department notice 2006 no. 45",
    "letter_months": "2006 notice and practice",
    "second_review_years": "Regulations on member education and management, art. 24",
}
"""Where a default comes from; a figure not named here is a configuration default."""

DEFAULT_POLICY: Final = Policy()


@recorded_as
@dataclass(frozen=True, slots=True)
class PolicyAdopted(Body):
    """Figures adopted for a region (000000: everywhere) from a day on; those not named stay as they were."""

    fact: ClassVar[str] = "policy_adopted"
    order: ClassVar[int] = 0
    region: str
    effective_on: str
    figures: dict[str, int]
    source: str | None = None


def check_figures(figures: dict[str, Any]) -> dict[str, int]:
    """Return the figures as they will be recorded; raises Invalid naming each that is unknown or not a whole number."""
    known = asdict(DEFAULT_POLICY)
    faults = [
        Fault(
            f"/figures/{name}",
            "not_in_list" if name not in known else "unreadable",
            Sentence(
                "没有这项指标，或其值不是非负整数",
                "There is no such figure, or its value is not a whole number of 0 or more",
            ),
            sorted(known) if name not in known else "0 … 100000",
        )
        for name, value in figures.items()
        if name not in known or isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100_000
    ]
    if faults:
        raise Invalid(faults)
    return dict(figures)


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Every policy ever adopted; answers which figures were in force somewhere on a day."""

    adopted: tuple[PolicyAdopted, ...] = ()
    _kept: dict[tuple[str, int], Policy] = field(default_factory=dict, compare=False, repr=False)
    _days: tuple[int, ...] = ()

    def with_adopted(self, adoption: PolicyAdopted) -> PolicyBook:
        """Return a new book with one more adoption; of the same day and region the last counts."""
        adopted = (*self.adopted, adoption)
        days = tuple(sorted({date.fromisoformat(one.effective_on).toordinal() for one in adopted}))
        return PolicyBook(adopted, {}, days)

    def on(self, region: str | None, day: date) -> Policy:
        """Return the figures in force somewhere on a day: a region's own before its city's, province's, country's."""
        if not self.adopted:
            return DEFAULT_POLICY
        key = (region or COUNTRY, bisect_right(self._days, day.toordinal()))
        policy = self._kept.get(key)
        if policy is None:
            policy = self._kept[key] = self._figure_out(key[0], day)
        return policy

    def _figure_out(self, region: str, day: date) -> Policy:
        levels = (COUNTRY, region[:2] + "0000", region[:4] + "00", region[:6], region)
        policy = DEFAULT_POLICY
        for level in dict.fromkeys(levels):
            due = [one for one in self.adopted if one.region == level and date.fromisoformat(one.effective_on) <= day]
            for one in sorted(due, key=lambda adoption: adoption.effective_on):
                policy = replace(policy, **one.figures)
        return policy
