"""The AsyncAPI 3.1 document: topics, feeds and webhooks, who sends what on them, and a message for every fact."""

from __future__ import annotations

from typing import Any, Final

from infra.contracts.asyncapi_channels import CHANNELS, OPERATIONS, SECURITY, SERVERS
from infra.contracts.asyncapi_example import EXAMPLE
from infra.contracts.fact_names import FACT_NAMES
from infra.contracts.releases import ENVELOPE, Version, event_type, latest, released

Part = dict[str, Any]

EVENT_JSON: Final = "application/cloudevents+json"
BATCH_JSON: Final = "application/cloudevents-batch+json"
_KEY: Final = {"type": "string", "format": "uuid", "description": "事件的 subject / the event's subject"}
_KAFKA: Final = {"kafka": {"key": _KEY, "bindingVersion": "0.5.0"}}
_CONTENT_TYPE: Final = {
    "type": "object",
    "properties": {"content-type": {"type": "string", "const": EVENT_JSON}},
    "required": ["content-type"],
}


def asyncapi_document(version: str) -> Part:
    """Return the document, which is the same for every deployment of a version of the software."""
    described = sorted(latest(released()).values())
    events = [one for one in described if one.name != ENVELOPE]
    envelope = next(one for one in described if one.name == ENVELOPE)
    names = [_name(one) for one in events]
    topic = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    channels = {name: dict(channel) for name, channel in CHANNELS.items()}
    channels["region_topic"]["messages"] = topic
    channels["region_feed"]["messages"] = {"page": {"$ref": "#/components/messages/page"}}
    channels["region_stream"]["messages"] = {"frame": {"$ref": "#/components/messages/frame"}}
    channels["webhook"]["messages"] = {"delivery": {"$ref": "#/components/messages/delivery"}}
    return {
        "asyncapi": "3.1.0",
        "info": {"title": "风筝线 Kiteline", "version": version, "description": _DESCRIPTION},
        "defaultContentType": EVENT_JSON,
        "servers": SERVERS,
        "channels": channels,
        "operations": OPERATIONS,
        "components": {
            "schemas": {**{_name(one): _event(one, envelope) for one in events}, "event": _any_of(names)},
            "messages": {**{_name(one): _message(one) for one in events}, **_OTHER_MESSAGES},
            "securitySchemes": SECURITY,
        },
    }


def _name(version: Version) -> str:
    """A fact's name; of a later major version with its number, so that both can stand beside each other."""
    return version.name if version.major == 1 else f"{version.name}_v{version.major}"


def _event(version: Version, envelope: Version) -> Part:
    first = version._replace(minor=0)
    own = {
        "type": {"const": event_type(version)},
        "dataschema": {"const": first.path},
        "data": {"$ref": version.path},
    }
    return {"allOf": [{"$ref": envelope.path}, {"type": "object", "properties": own}]}


def _any_of(names: list[str]) -> Part:
    return {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}


def _message(version: Version) -> Part:
    zh, en = FACT_NAMES[version.name]
    shown = (
        {"examples": [{"name": "兰州城关报到", "payload": EXAMPLE}]} if event_type(version) == EXAMPLE["type"] else {}
    )
    return {
        **shown,
        "name": event_type(version),
        "title": zh,
        "summary": en,
        "contentType": EVENT_JSON,
        "headers": _CONTENT_TYPE,
        "payload": {"$ref": f"#/components/schemas/{_name(version)}"},
        "bindings": _KAFKA,
    }


_OTHER_MESSAGES: Final[Part] = {
    "page": {
        "name": "page",
        "title": "一页事件",
        "summary": "Events behind the last one held, in their order; empty at the end of the feed",
        "contentType": BATCH_JSON,
        "payload": {"type": "array", "items": {"$ref": "#/components/schemas/event"}},
    },
    "frame": {
        "name": "frame",
        "title": "一帧",
        "summary": "A frame of server-sent events: `id` is the event's id, `data` the CloudEvent on one line",
        "contentType": "text/event-stream",
        "payload": {"$ref": "#/components/schemas/event"},
    },
    "delivery": {
        "name": "delivery",
        "title": "一次投递",
        "summary": "One event, signed as Standard Webhooks 1.0 says; sent again until it is answered with 2xx",
        "contentType": EVENT_JSON,
        "headers": {
            "type": "object",
            "properties": {
                "webhook-id": {
                    "type": "string",
                    "description": "同一投递重发时不变 / the same whenever the same is sent again",
                },
                "webhook-timestamp": {
                    "type": "string",
                    "pattern": "^[0-9]+$",
                    "description": "本次投递的秒数 / when this attempt was made, in seconds since 1970 UTC",
                },
                "webhook-signature": {
                    "type": "string",
                    "pattern": "^v1a?,[A-Za-z0-9+/=]+( v1a?,[A-Za-z0-9+/=]+)*$",
                    "description": "签名，以空格分隔 / signatures with a space between: v1 HMAC-SHA256, v1a Ed25519",
                },
            },
            "required": ["webhook-id", "webhook-signature", "webhook-timestamp"],
        },
        "payload": {"$ref": "#/components/schemas/event"},
    },
}
_DESCRIPTION: Final = """
与本地区有关的事件流：Kafka、HTTP 与 Webhook 传送同样的事件、编号与次序。
What concerns a region, as it is recorded: Kafka, HTTP and webhooks send the same events, ids and order. An event is a
CloudEvent 1.0. `feedposition` counts a region's feed from 1 without a gap; `prevposition` is that of the event before
it that passed the same filter: whoever keeps the last one sees whether anything is missing. Events can come more than
once: (`source`, `id`) names an event. No event holds names, numbers or addresses of persons.
"""
