"""How an evidence sheet says what is in a fact, what became of it, and how the member stood after it."""

from __future__ import annotations

from typing import Any, Final

from infra.fact_words import MEMBERSHIPS

_STAGES: Final = {
    "reported": "行前 reported",
    "awaiting_check_in": "待报到 awaiting check-in",
    "checked_in": "已报到 checked in",
    "settled": "已纳管 settled",
    "returned": "已返回 returned",
    "closed": "已结束 closed",
}
_BECAME: Final = {"voided": "作废 voided", "set_aside": "搁置 set aside", "corrected": "更正 corrected"}
_ORGANISATIONS: Final = frozenset(
    {"affiliation", "branch", "to_organisation", "in_favour_of", "code", "successor", "keep_affiliation"}
)
_UNSAID: Final = frozenset({"movement_id", "set_aside", "keep_movement", "whose", "changes"})


def content_words(data: dict[str, Any], names: dict[str, Any], numbers: dict[str, str]) -> str:
    """Say what is in a fact: places and organisations by name and code, other events by their number on the sheet."""
    return "；".join(_value(name, value, names, numbers) for name, value in data.items() if name not in _UNSAID)


def change_words(correction: dict[str, Any] | None, numbers: dict[str, str]) -> str:
    """Say what became of an event."""
    if correction is None:
        return ""
    return f"由 by #{numbers.get(correction['by'], '–')} {_BECAME[correction['kind']]}"


def state_words(state: dict[str, Any] | None, names: dict[str, Any]) -> str:
    """Say how the member stood."""
    if state is None:
        return "–"
    movement = state["movement"]
    said = [_STAGES[movement["stage"]] if movement is not None else "在家 at home"]
    if state["membership"] in MEMBERSHIPS:
        said.append(MEMBERSHIPS[state["membership"]])
    if state["lost_contact"]:
        said.append("失联 lost contact")
    if state["transfer"] is not None:
        said.append(f"转接 transfer: {state['transfer']['status']}")
    said.append(f"隶属 {_organisation(state['affiliation'], names)}")
    if state["responsible"] != state["affiliation"]:
        said.append(f"责任 {_organisation(state['responsible'], names)}")
    return "；".join(said)


def _value(name: str, value: Any, names: dict[str, Any], numbers: dict[str, str]) -> str:  # noqa: ANN401 - any JSON
    if name == "destination":
        region = value.get("region")
        return _region(region, names) if region else "境外 abroad" if value.get("abroad") else "去向不明 unknown"
    if name == "region":
        return _region(value, names)
    if name in _ORGANISATIONS:
        return _organisation(value, names)
    if name in {"event_id", "claim_id"}:
        return f"#{numbers.get(value, '–')}"
    said = "、".join(map(str, value)) if isinstance(value, list) else value
    return f"{name} {said}"


def _region(code: str, names: dict[str, Any]) -> str:
    return f"{names['regions'].get(code, '')} {code}".strip()


def _organisation(code: str | None, names: dict[str, Any]) -> str:
    return f"{names['organisations'].get(code, '')}（{code}）" if code is not None else "–"
