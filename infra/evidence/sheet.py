"""The evidence sheet: a bundle printed as a PDF, in Chinese and English, with the proofs' data on it."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime
from hashlib import sha256
from importlib import resources
from io import BytesIO
from typing import Any, Final, Literal

import orjson
import pylopdf_fonts_zh_cn
import segno
import typst

from domain.times import SHANGHAI
from infra.evidence.words import change_words, content_words, state_words
from infra.fact_words import fact_words

_FONT: Final = "Noto Sans SC"
_PPI: Final = 110.0


def render(bundle: bytes, personal: dict[str, str] | None = None) -> bytes:
    """Return the sheet of a bundle as a PDF.

    `personal` is what personal data was asked for, with a purpose: it is printed, and not in the bundle.
    """
    return _compiled(bundle, personal, "pdf")[0]


def pictures(bundle: bytes, personal: dict[str, str] | None = None) -> list[bytes]:
    """Return the sheet's pages as PNG pictures."""
    return _compiled(bundle, personal, "png")


def _compiled(bundle: bytes, personal: dict[str, str] | None, form: Literal["pdf", "png"]) -> list[bytes]:
    held = orjson.loads(bundle)
    template = resources.files("infra.evidence").joinpath("sheet.typ").read_bytes()
    made: bytes | list[bytes] | None = typst.compile(
        template,
        format=form,
        ppi=_PPI if form == "png" else None,
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[str(pylopdf_fonts_zh_cn.sans_path().parent)]),
        sys_inputs={"sheet": orjson.dumps(_sheet(held, personal or {})).decode(), "qr": _qr(held["signature"])},
        timestamp=datetime.fromisoformat(held["evidence"]["made_at"]).replace(microsecond=0),
    )
    return [made] if isinstance(made, bytes) else list(made or [])


def _sheet(held: dict[str, Any], personal: dict[str, str]) -> dict[str, Any]:
    """Return what the template prints."""
    evidence = held["evidence"]
    names = evidence["names"]
    numbers = {item["event_id"]: str(number) for number, item in enumerate(evidence["history"], 1)}
    return {
        "font": _FONT,
        "member_id": evidence["member_id"],
        "origin": evidence["origin"],
        "asked": evidence["asked"],
        "made_at": evidence["made_at"],
        "made_by": evidence["made_by"],
        "personal": [[name, value] for name, value in sorted(personal.items())],
        "events": [_event(item, names, numbers) for item in evidence["history"]],
        "state": state_words(evidence["state"], names),
        "duties": [
            [one["kind"], names["organisations"].get(one["organisation"], one["organisation"] or ""), one["due_on"]]
            for one in (evidence["state"] or {}).get("duties", [])
        ],
        "checkpoint": evidence["checkpoint"],
        "keys": evidence["keys"],
        "signature": held["signature"],
        "proofs": [
            {
                "position": one["position"],
                "leaf": sha256(b"\x00" + b64decode(one["leaf"])).hexdigest(),
                "hashes": one["hashes"],
            }
            for one in evidence["events"]
        ],
    }


def _event(item: dict[str, Any], names: dict[str, Any], numbers: dict[str, str]) -> dict[str, Any]:
    correction = item["correction"]
    recorded = item.get("as_recorded")
    effect = item.get("effect") or {}
    return {
        "number": numbers[item["event_id"]],
        "occurred": _moment(item),
        "was": _moment(recorded) if recorded and recorded["occurred_at"] != item["occurred_at"] else "",
        "what": fact_words(item["type"]),
        "type": item["type"],
        "content": content_words(item["data"], names, numbers),
        "struck": correction is not None and correction["kind"] != "corrected",
        "correction": change_words(correction, numbers),
        "before_after": [
            [one["pointer"], _short(one["before"]), _short(one["after"])]
            for one in ((effect.get("event") or {}).get("changes") or []) + (effect.get("state") or [])
        ],
        "flags": item["flags"],
        "by": names["organisations"].get(item["organisation"], item["organisation"] or item["actor"]),
        "actor": item["actor"],
        "channel": item["channel"],
        "recorded": f"{datetime.fromisoformat(item['recorded_at']).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S.%f} +08:00",
        "position": item["position"],
        "after": state_words(item["state"], names),
    }


def _moment(told: dict[str, Any]) -> str:
    """Return a time in Asia/Shanghai to the minute; a day or month as it is."""
    if told["occurred_precision"] != "time":
        return str(told["occurred_at"])
    return f"{datetime.fromisoformat(told['occurred_at']).astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _short(value: Any) -> str:  # noqa: ANN401 - any JSON
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return "–" if value is None else text if len(text) < 80 else text[:77] + "…"


def _qr(text: str) -> str:
    drawn = BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", xmldecl=False, border=2)
    return drawn.getvalue().decode()
