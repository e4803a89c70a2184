"""What codes are called on a page: organisations and regions by name, as known now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.console.words import WORDS
from domain.times import local_day

if TYPE_CHECKING:
    from api.language import Language
    from api.service import Service

_NOT_A_CITY: Final = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
_COUNTRY: Final = "000000"


class Names:
    """Names in the language of a page; a code that nobody knows is shown as it is."""

    def __init__(self, service: Service, language: Language) -> None:
        """Read the organisations and regions known now."""
        self._reference = service.kiteline.reference()
        self._today = local_day(service.now_us)
        self._words = WORDS.in_language(language)
        self._country = "全国" if language == "zh" else "The whole country"

    def organisation(self, code: str | None) -> str:
        """Return an organisation's name."""
        if code is None:
            return ""
        found = self._reference.organisations.get(code)
        return code if found is None else found.name

    def region(self, code: str | None) -> str:
        """Return a region's name, a county's with its city's before it; `abroad` and `unknown` in words."""
        if code is None:
            return ""
        if code == _COUNTRY:
            return self._country
        if code in ("abroad", "unknown"):
            return self._words[code]
        regions = self._reference.regions
        resolved = regions.resolve(code, self._today).code
        one = regions.get(resolved, self._today)
        if one is None:
            return code
        above = [region.name for region in regions.parents(resolved, self._today) if region.name not in _NOT_A_CITY]
        return f"{above[0]}{one.name}" if above and len(code) > 4 and not code.endswith("0000") else one.name
