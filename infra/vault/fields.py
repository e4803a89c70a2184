"""What the vault keeps of a member: the names of the fields, one ciphertext each."""

from __future__ import annotations

from typing import Final
from uuid import UUID

NAME: Final = "name"
IDENTITY_NUMBER: Final = "identity_number"
SEX: Final = "sex"
ETHNICITY: Final = "ethnicity"
EDUCATION: Final = "education"
BORN_ON: Final = "born_on"
PHONE: Final = "phone"
ADDRESS: Final = "address"
EMPLOYER: Final = "employer"
INDUSTRY: Final = "industry"
OCCUPATION: Final = "occupation"
CARD_NUMBER: Final = "card_number"
CONTACT_PERSON: Final = "contact_person"
CONTACT_PHONE: Final = "contact_phone"
NOTE: Final = "note"

PERSONAL_FIELDS: Final = (
    NAME,
    IDENTITY_NUMBER,
    SEX,
    ETHNICITY,
    EDUCATION,
    BORN_ON,
    PHONE,
    ADDRESS,
    EMPLOYER,
    INDUSTRY,
    OCCUPATION,
    CARD_NUMBER,
    CONTACT_PERSON,
    CONTACT_PHONE,
    NOTE,
)
"""What `fields=` may ask for. Sex, ethnicity and education are codes; together they still point at somebody."""


def text_of(event_id: UUID | str) -> str:
    """Name the field that holds the free text of one event (a reason in words, a document's title)."""
    return f"text:{event_id}"
