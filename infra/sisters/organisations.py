"""Organisations of sister deployments: external here, entered by their code when a fact of hers first names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain.errors import Sentence
from domain.organisation import OrganisationRegistered
from infra.sisters.foreign_event import CannotTake
from infra.sisters.known import prefix_of

if TYPE_CHECKING:
    from domain.reference import Reference
    from infra.sisters.known import Sister, Sisters

NOT_THEIRS: Final = Sentence(
    "兄弟地区以不属于它的组织名义办理", "A sister acts in the name of an organisation that is not hers"
)


UNNAMED: Final = "EXT-"
"""How the codes of homes begin that stand for wherever somebody comes from."""


def must_be_theirs(code: str | None, sister: Sister, sisters: Sisters, reference: Reference, *, relayed: bool) -> None:
    """Let a sister act for organisations of hers, and relay what those of others did; never for one of ours.

    Raises CannotTake `not_their_organisation`.
    """
    known = reference.organisations.get(code)
    if known is None:
        return
    others = [one for one in sisters.by_deployment.values() if one is not sister]
    of_another = any(one.has(known.region) for one in others) and not sister.has(known.region)
    if not known.external or (of_another and not relayed):
        raise CannotTake("not_their_organisation", NOT_THEIRS, known.code)


def unknown_ones(
    codes: list[str], after: dict[str, Any], sister: Sister, reference: Reference, contender: str | None = None
) -> list[OrganisationRegistered]:
    """Return those of `codes` that nobody knows here, external, each where the event shows it to be.

    That is the origin of the movement for its own organisation, the place of the leg for whoever acts there, the
    declared destination for a `contender` for somebody who is elsewhere; else the first of the sister's regions. An
    unnamed home is none of them: whoever names one says only that the home is not known to them.
    """
    unknown = [code for code in codes if reference.organisations.get(code) is None and not code.startswith(UNNAMED)]
    homes = {code: _home(_places(code, after, contender), sister, reference) for code in unknown}
    return [OrganisationRegistered(code, code, "BRANCH", home, external=True) for code, home in homes.items()]


def _places(code: str, after: dict[str, Any], contender: str | None) -> tuple[object, ...]:
    movement = after.get("movement") or {}
    origin = movement.get("origin") or {}
    home, here, declared = origin.get("region"), movement.get("region"), movement.get("declared_region")
    if code in (origin.get("organisation"), after.get("affiliation")):
        return home, here, declared
    return (declared, here, home) if code == contender else (here, declared, home)


def _home(places: tuple[object, ...], sister: Sister, reference: Reference) -> str:
    hers = (place for place in places if isinstance(place, str) and sister.has(place) and len(place) >= _COUNTY)
    found = next(hers, sister.seat)
    return found if reference.regions.known(found[:_COUNTY]) else prefix_of(sister.seat)[:2] + "0000"


_COUNTY: Final = 6
