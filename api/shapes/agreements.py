"""The shapes of agreements."""

from typing import Literal

from pydantic import Field

from api.shapes.base import Day, Id, PageShape, Shape


class AgreementDuty(Shape):
    """What a party does."""

    organisation: str
    duty: Literal["CONTACT", "ACTIVITIES", "EDUCATION", "ASSISTANCE", "FEEDBACK"]


class AgreementSight(Shape):
    """What a party may see of the others' members."""

    organisation: str
    what: Literal["CONTACTS", "ACTIVITIES", "PERSONAL_DATA"]


class AgreementAnswer(Shape):
    """An agreement as it stands today; in force once every party has signed, from `from` until `until`."""

    agreement_id: Id
    version: int = Field(ge=0)
    status: Literal["SIGNING", "TO_COME", "IN_FORCE", "ENDED"]
    parties: list[str]
    signed_for: list[str]
    duties: list[AgreementDuty]
    visible: list[AgreementSight]
    from_: Day = Field(alias="from")
    until: Day
    document: str | None


class AgreementsPage(PageShape):
    """Agreements by id."""

    items: list[AgreementAnswer]
