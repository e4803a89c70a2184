"""Finding the organisations that a register names, by code or by name: below the one that imports, or anywhere."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from domain.organisation import Organisation, OrganisationTree
from infra.registers.cells import squeezed, text_of

_MARKS: Final = re.compile(r"[()（）\[\]【】“”\"'·.,，、\-_/]")
_TAIL: Final = re.compile(r"(?:党支部委员会|支部委员会|党支部|支部)$")
_HEADS: Final = re.compile(r"^(?:中国共产党|中共)")
_NEAREST: Final = 5
_COMPARED: Final = 40
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class OrganisationMatch:
    """An organisation that a register's text stands for; `region` is where it has its home, or is stationed."""

    code: str
    name: str
    region: str
    kind: str = "BRANCH"


@dataclass(frozen=True, slots=True)
class NoMatch:
    """No organisation, or more than one: the nearest, best first, each as `code name`."""

    candidates: tuple[str, ...]


class OrganisationLookup(Protocol):
    """What reading a register asks about organisations."""

    @property
    def home(self) -> OrganisationMatch:
        """The organisation that imports."""

    def find(self, text: str) -> OrganisationMatch | NoMatch:
        """Find by code or name at or below the organisation that imports."""

    def find_anywhere(self, text: str) -> OrganisationMatch | NoMatch:
        """Find by code or name among all that are known, external ones included; no candidates are offered."""


class OrganisationDirectory:
    """A lookup over organisations held in memory; answers are kept, since a register names few of them, often."""

    def __init__(
        self, home: OrganisationMatch, below: Iterable[OrganisationMatch], all_known: Iterable[OrganisationMatch]
    ) -> None:
        self.home = home
        self._below = _Names([home, *below])
        self._all = _Names(all_known)
        self._found: dict[str, OrganisationMatch | NoMatch] = {}
        self._found_anywhere: dict[str, OrganisationMatch | NoMatch] = {}

    @classmethod
    def of_tree(cls, tree: OrganisationTree, home: str) -> OrganisationDirectory:
        """Make the directory of the organisation `home`; dissolved organisations are not offered. Raises KeyError."""
        standing = [one for one in tree.by_code.values() if one.dissolved_on is None]
        below = [_match(tree.by_code[code]) for code in tree.below(home) if tree.by_code[code].dissolved_on is None]
        return cls(_match(tree.by_code[home]), below, [_match(one) for one in standing])

    def find(self, text: str) -> OrganisationMatch | NoMatch:
        """Find at or below the organisation that imports; else the nearest names there."""
        if text not in self._found:
            self._found[text] = self._below.exactly(text) or NoMatch(self._below.nearest(text))
        return self._found[text]

    def find_anywhere(self, text: str) -> OrganisationMatch | NoMatch:
        """Find below first, then among all; what is not named exactly is not guessed."""
        if text not in self._found_anywhere:
            found = self._below.exactly(text) or self._all.exactly(text)
            self._found_anywhere[text] = found or NoMatch(())
        return self._found_anywhere[text]


def _match(organisation: Organisation) -> OrganisationMatch:
    region = organisation.stationed_in or organisation.region
    return OrganisationMatch(organisation.code, organisation.name, region, organisation.kind)


class _Names:
    """Organisations by code and by plain name; a name that two share stands for neither."""

    def __init__(self, organisations: Iterable[OrganisationMatch]) -> None:
        self._by_code = {one.code: one for one in organisations}
        self._by_name: dict[str, dict[str, OrganisationMatch]] = {}
        self._by_stem: dict[str, dict[str, OrganisationMatch]] = {}
        for one in self._by_code.values():
            self._by_name.setdefault(_plain(one.name), {})[one.code] = one
            self._by_stem.setdefault(_stem(one.name), {})[one.code] = one
        self._by_pair: dict[str, list[str]] = {}
        for name in self._by_name:
            for pair in _pairs(name):
                self._by_pair.setdefault(pair, []).append(name)

    def exactly(self, text: str) -> OrganisationMatch | None:
        code = text_of(text)
        if code in self._by_code:
            return self._by_code[code]
        for names, key in ((self._by_name, _plain(text)), (self._by_stem, _stem(text))):
            found = names.get(key, {}) if key else {}
            if len(found) == 1:
                return next(iter(found.values()))
            if found:
                branches = [one for one in found.values() if one.kind == "BRANCH"]
                return branches[0] if len(branches) == 1 else None
        return None

    def nearest(self, text: str) -> tuple[str, ...]:
        wanted = _plain(text)
        same = self._by_name.get(wanted) or self._by_stem.get(_stem(text))
        if same:
            return tuple(f"{one.code} {one.name}" for one in list(same.values())[:_NEAREST])
        shared = Counter(name for pair in _pairs(wanted[:_LONGEST]) for name in self._by_pair.get(pair, ()))
        likely = [name for name, _ in shared.most_common(_COMPARED)]
        names = difflib.get_close_matches(wanted[:_LONGEST], likely, n=_NEAREST, cutoff=0.5)
        return tuple(f"{one.code} {one.name}" for name in names for one in self._by_name[name].values())[:_NEAREST]


def _pairs(name: str) -> set[str]:
    """Return the neighbouring characters of a name: names that are near share many."""
    return {name[index : index + 2] for index in range(len(name) - 1)}


def _plain(name: str) -> str:
    return _HEADS.sub("", _MARKS.sub("", squeezed(text_of(name)))).upper()


def _stem(name: str) -> str:
    """Strip the word for a branch from the end of a name: 东街村党支部 and 东街村支部 are one."""
    return _TAIL.sub("", _plain(name))
