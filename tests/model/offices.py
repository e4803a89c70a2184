"""Who stands above whom, and who sits where, in the small country: told without the domain's tree."""

from __future__ import annotations

from tests.model.world import ORGANISATIONS


def line_above(code: str | None) -> list[str]:
    found = []
    while code is not None and (code := ORGANISATIONS[code][2]) is not None:
        found.append(code)
    return found


def related(one: str | None, other: str | None) -> bool:
    return None not in (one, other) and (one == other or one in line_above(other) or other in line_above(one))


def under(one: str | None, other: str | None) -> bool:
    return None not in (one, other) and (one == other or other in line_above(one))


def seat_of(region: str) -> str:
    for place in (region, region[:4] + "00", region[:2] + "0000"):
        for code, (kind, home, _, _) in ORGANISATIONS.items():
            if home == place and kind == "COMMITTEE":
                return code
    raise AssertionError(region)


def sits_in(code: str | None, region: str | None) -> bool:
    if code is None or region is None:
        return False
    _, home, _, stationed = ORGANISATIONS[code]
    return any(
        region.startswith(place.rstrip("0") if place.endswith("00") else place) for place in (home, stationed) if place
    )


def common(parties: list[str | None], origin: str) -> str:
    lines = [line_above(party) for party in parties if party]
    for code in lines[0] if lines else []:
        if all(code in line for line in lines):
            return code
    return (line_above(origin) or [origin])[-1]
