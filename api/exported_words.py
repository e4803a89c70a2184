"""Lists as files for people: organisations and regions by name, stages in words, masked names; as the console does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from api.console import code_words
from api.console.names import Names
from api.console.rendering import iso_day
from api.masked_names import masked_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.language import Language
    from api.service import Service
    from infra.tokens.principal import Principal

_ORGANISATIONS: Final = frozenset({"affiliation", "responsible", "holder", "accepted_by", "branch", "organisation"})
_REGIONS: Final = frozenset({"origin_region", "declared_region", "region", "affiliation_region"})
_CODED: Final = {name: name for name in ("side", "stage", "view", "scope", "category")} | {"kind": "duty"}
_DAYS: Final = frozenset({"since", "last_contact_at", "due_on"})


class InWords:
    """Writes the values of one list in one language."""

    def __init__(
        self, service: Service, principal: Principal, connection: Connection[TupleRow], language: Language
    ) -> None:
        """Take who reads, and the connection that sees what they may see."""
        self._service = service
        self._principal = principal
        self._connection = connection
        self._language = language
        self._names = Names(service, language)

    @property
    def name_head(self) -> str:
        """The head of the masked names."""
        return "姓名（隐名）" if self._language == "zh" else "Name (masked)"

    def head(self, name: str, chinese: str) -> str:
        """Return a column's head."""
        return chinese if self._language == "zh" else name.replace("_", " ").capitalize()

    def value(self, name: str, item: dict[str, Any]) -> Any:
        """Return one of an item's values as a person reads it; where somebody is: there, expected there, abroad."""
        value = item.get(name)
        if name == "region":
            where = "abroad" if item.get("abroad") else value or item.get("declared_region") or "unknown"
            return self._names.region(where)
        if isinstance(value, bool):
            return {"zh": ("", "是"), "en": ("", "yes")}[self._language][value]
        if value is None:
            return None
        if name in _ORGANISATIONS:
            return self._names.organisation(value)
        if name in _REGIONS:
            return self._names.region(value)
        if name in _DAYS:
            return iso_day(value)
        return code_words.say(_CODED[name], value, self._language) if name in _CODED else value

    def masked_names(self, items: Sequence[dict[str, Any]]) -> dict[str, str]:
        """Return the masked names of a page's members."""
        return masked_names(self._service, self._principal, self._connection, items)
