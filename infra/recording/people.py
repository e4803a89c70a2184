"""Finding a person by identity number and name, as a card shows them, without telling who is known."""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from infra.recording.desk import Desk

_NOBODY: Final = UUID(int=0)
_DOTS: Final = str.maketrans(dict.fromkeys("•・‧∙．.", "·"))


@dataclass(frozen=True, slots=True)
class Found:
    """Who has an identity number, if anybody, and the name that is kept of them."""

    member_id: UUID | None
    name: str | None


class PeopleFinder:
    """Looks people up in the vault."""

    def __init__(self, desk: Desk) -> None:
        """Use the desk's vault and log."""
        self._desk = desk

    def find(self, identity_number: str) -> Found:
        """Find by the blind index; an unknown number takes the same two queries as a known one."""
        with self._desk.kiteline.log.reading() as connection:
            member_id = self._desk.vault.find_by_identity(connection, identity_number)
            kept = self._desk.vault.open_fields(connection, member_id or _NOBODY, ["name"])
        return Found(member_id, kept.get("name"))


def same_name(kept: str | None, given: str) -> bool:
    """Whether two names are one; a member of whom no name is kept goes by any. The time tells nothing of the name."""
    return hmac.compare_digest(_plain(kept or given), _plain(given))


def _plain(name: str) -> bytes:
    return "".join(unicodedata.normalize("NFKC", name).translate(_DOTS).split()).casefold().encode()
