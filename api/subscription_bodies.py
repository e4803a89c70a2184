"""What is sent about subscriptions: schemas for the document, and readers that name every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from api.access import known_organisation, must_be_allowed_at
from api.actions import Action
from api.command_schemas import ORGANISATION, closed
from api.openapi import takes
from api.problems import invalid
from domain.errors import Sentence
from domain.member.reading import MISSING, UNKNOWN_FIELD
from infra.contracts.fact_names import FACT_NAMES
from infra.webhooks.desk import owner_of
from infra.webhooks.subscriptions import Wanted
from infra.webhooks.targets import LONGEST_URL, TargetRefused
from projections.region_feeds import bounds, last_of_types, place_of

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.service import Service
    from infra.recording.keys import Key
    from infra.tokens.principal import Principal
    from infra.webhooks.subscriptions import Subscription

TYPES: Final = tuple(sorted(FACT_NAMES))
_MOST_OVERLAP: Final = 720
_OVERLAP: Final = 24
_OWN: Final = ("url", "region", "types", "from", "organisation")
WANTED: Final = closed(
    {
        "url": {
            "type": "string",
            "minLength": 8,
            "maxLength": LONGEST_URL,
            "description": "called by POST; https, to a public address, unless the deployment allows another 回调地址",
            "examples": ["https://sister.example/kiteline"],
        },
        "region": {"type": "string", "pattern": "^[0-9]{6}$", "description": "whose feed 区划", "examples": ["620102"]},
        "types": {
            "anyOf": [
                {"type": "array", "items": {"type": "string", "enum": list(TYPES)}, "minItems": 1, "uniqueItems": True},
                {"type": "null"},
            ],
            "description": "facts to be sent; all, if none are named 事件类型",
        },
        "from": {
            "anyOf": [{"type": "string", "enum": ["now", "start"]}, {"type": "string", "format": "uuid"}],
            "default": "now",
            "description": "what comes from now on, everything, or what follows an event of this feed 起点",
        },
        "organisation": {**ORGANISATION, "description": "who looks after it; default: who answers for the region"},
    },
    ["url", "region"],
    examples=[{"url": "https://sister.example/kiteline", "region": "620102", "types": ["checked_in"], "from": "start"}],
)
_RESET: Final = closed(
    {"from": {**{name: told for name, told in WANTED["properties"]["from"].items() if name != "default"}}},
    ["from"],
    examples=[{"from": "start"}],
)
_ROTATION: Final = closed(
    {
        "overlap_hours": {
            "type": "integer",
            "minimum": 0,
            "maximum": _MOST_OVERLAP,
            "default": _OVERLAP,
            "description": "how long the keys before sign beside the new ones 新旧并用小时数",
        }
    },
    [],
    examples=[{"overlap_hours": _OVERLAP}],
)


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    described = takes(schema)
    described["requestBody"]["required"] = False
    return described


TAKES_WANTED: Final = takes(WANTED)
TAKES_NOTHING: Final = _optional(closed({}, [], examples=[{}]))
TAKES_RESET: Final = takes(_RESET)
TAKES_ROTATION: Final = _optional(_ROTATION)


def must_be_fields(payload: dict[str, Any], known: tuple[str, ...]) -> None:
    """Refuse fields that nobody asked for. Raises Problem (422)."""
    unknown = sorted(payload.keys() - set(known))
    if unknown:
        raise invalid(f"/{unknown[0]}", "unknown_field", UNKNOWN_FIELD, ", ".join(known) or "{}")


def read_overlap(payload: dict[str, Any]) -> int:
    """Read how many hours old keys go on signing. Raises Problem (422)."""
    must_be_fields(payload, ("overlap_hours",))
    hours = payload.get("overlap_hours", _OVERLAP)
    if isinstance(hours, bool) or not isinstance(hours, int) or not 0 <= hours <= _MOST_OVERLAP:
        sentence = Sentence("应为整数小时", "This is a whole number of hours.")
        raise invalid("/overlap_hours", "unreadable", sentence, f"0 to {_MOST_OVERLAP}")
    return hours


def place_wanted(service: Service, principal: Principal, payload: dict[str, Any]) -> tuple[str, str | None]:
    """Read whose feed is wanted and who looks after the subscription, and let those pass who may.

    Raises Problem: 422, 404 for a region out of reach, 403.
    """
    must_be_fields(payload, _OWN)
    region = payload.get("region")
    if region is None:
        raise invalid("/region", "missing", MISSING, "620102")
    known = service.kiteline.reference().regions.known
    if not (isinstance(region, str) and len(region) == 6 and region.isascii() and region.isdigit() and known(region)):
        sentence = Sentence("没有这个区划", "There is no such region.")
        raise invalid("/region", "unknown_region", sentence, "six digits, as in 620102")
    organisation = payload.get("organisation")
    acting = None if organisation is None else known_organisation(service, organisation, "/organisation")
    must_be_allowed_at(service, principal, Action.CHANGE_SUBSCRIPTION, region=region, acting=acting)
    return region, acting or principal.organisation or owner_of(service.kiteline.reference(), region)


def read_wanted(
    service: Service, principal: Principal, key: Key, payload: dict[str, Any], region: str, organisation: str | None
) -> Wanted:
    """Read the rest of what is wanted; looks names and events up. Raises Problem (422)."""
    types = _types(payload.get("types"))
    url = _url(service, payload.get("url"))
    after, previous = _beginning(service, region, types, payload.get("from", "now"))
    # The same key is the same subscription, also where the first answer was lost before the key was kept.
    minted = service.vault.keyed_hash("subscription", f"{key.caller}\n{key.key}".encode())[:16]
    return Wanted(UUID(bytes=minted, version=4), region, url, types, organisation, principal.caller, after, previous)


def read_reset(service: Service, subscription: Subscription, payload: dict[str, Any]) -> tuple[int, int]:
    """Read from where a subscription is to go on: the entry before, and the last before that passes its filter.

    Raises Problem (422).
    """
    must_be_fields(payload, ("from",))
    if payload.get("from") is None:
        raise invalid("/from", "missing", MISSING, "now, start, or an event's id")
    return _beginning(service, subscription.region, subscription.types, payload["from"])


def _beginning(service: Service, region: str, types: list[str] | None, value: object) -> tuple[int, int]:
    with service.subscriptions.reading() as connection:
        after = _begins_after(connection, region, value)
        return after, after if types is None else last_of_types(connection, region, after, types)


def _types(value: object) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        sentence = Sentence("应为事件类型的列表", "This is a list of facts.")
        raise invalid("/types", "unreadable", sentence, '["checked_in", "accepted"], or none for all')
    for number, one in enumerate(value):
        if one not in TYPES:
            sentence = Sentence("没有这种事件", "There is no such fact.")
            raise invalid(f"/types/{number}", "not_in_list", sentence, list(TYPES))
    return sorted(set(value))


def _url(service: Service, value: object) -> str:
    if value is None:
        raise invalid("/url", "missing", MISSING, "https://sister.example/kiteline")
    try:
        if not isinstance(value, str):
            raise TargetRefused("unreadable", "no text")  # noqa: TRY301 - answered like the others, below
        service.subscriptions.check_target(value)
    except TargetRefused as refused:
        sentence = _NO_URL if refused.code == "unreadable" else _NOT_THERE
        expected = "https://host[:port]/path" if refused.code == "unreadable" else "https to a public address"
        raise invalid("/url", refused.code, sentence, expected) from None
    return value


_NO_URL: Final = Sentence(
    "应为 http(s) 网址，不含用户名与片段", "This is an http or https URL, without user and without fragment."
)
_NOT_THERE: Final = Sentence(
    "该主机没有可以调用的地址：应为公网 https，其余须由运维以 KITELINE_WEBHOOK_ALLOWED_TARGETS 允许",
    "The host has no address that may be called: https to a public address, or what the operator allows by "
    "KITELINE_WEBHOOK_ALLOWED_TARGETS.",
)


def _begins_after(connection: Connection[TupleRow], region: str, value: object) -> int:
    if value == "start":
        return 0
    if value == "now":
        ends = bounds(connection, region)
        return 0 if ends is None else ends.head
    try:
        place = place_of(connection, region, UUID(str(value)))
    except ValueError:
        sentence = Sentence("应为 now、start 或事件编号", "This is now, start or the id of an event.")
        raise invalid("/from", "unreadable", sentence, "now, start, or an event's id") from None
    if place is None:
        sentence = Sentence("该区划的事件流中没有这一事件", "This event is not in the region's feed.")
        raise invalid("/from", "unknown_event", sentence, "now, start, or the id of an event of this feed")
    return place
