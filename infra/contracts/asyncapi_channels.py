"""Where events pass, and who does what there: the servers, channels and operations of the AsyncAPI document."""

from __future__ import annotations

from typing import Any, Final

Part = dict[str, Any]

_REGION: Final = {
    "region": {
        "description": "六位区划代码 / a county-level region; a city's own code for what names the city only",
        "examples": ["620621"],
    }
}
_LAST: Final = {
    "type": "string",
    "description": "已收到的最后一个事件 / the last event held; without it from the first",
}
_GET: Final = "0.3.0"

SERVERS: Final[Part] = {
    "kafka": {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "Kafka，地址向运维人员索取 / ask the operator for its address and for what it takes to log in",
        "variables": {"bootstrap": {"default": "localhost:9092", "description": "bootstrap servers"}},
    },
    "http": {
        "host": "{address}",
        "protocol": "http",
        "description": "提供本文档的服务 / the service that serves this document",
        "variables": {"address": {"default": "127.0.0.1:8080", "description": "host and port"}},
        "security": [{"$ref": "#/components/securitySchemes/bearer"}],
    },
    "subscriber": {
        "host": "{subscriber}",
        "protocol": "https",
        "description": "订阅方自己的地址 / the subscriber's own address, as given with the subscription",
        "variables": {"subscriber": {"default": "sister.example", "description": "host of the subscription's url"}},
    },
}
SECURITY: Final[Part] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "role sister_system"}
}
CHANNELS: Final[Part] = {
    "region_topic": {
        "address": "kiteline.region.{region}",
        "title": "区划主题",
        "description": "One partition for good, nothing deleted by age; the key is the subject, the value an event.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "parameters": _REGION,
        "bindings": {
            "kafka": {
                "partitions": 1,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1},
                "bindingVersion": "0.5.0",
            }
        },
    },
    "region_feed": {
        "address": "/v1/feeds/{region}",
        "title": "区划数据流",
        "description": "Pages of the feed as http-feeds.org has them; `timeout` waits for what is to come.",
        "servers": [{"$ref": "#/servers/http"}],
        "parameters": _REGION,
    },
    "region_stream": {
        "address": "/v1/feeds/{region}/stream",
        "title": "区划事件流",
        "description": "The same feed as server-sent events; `Last-Event-ID` goes on where a connection was lost.",
        "servers": [{"$ref": "#/servers/http"}],
        "parameters": _REGION,
    },
    "webhook": {
        "address": None,
        "title": "回调",
        "description": "The url of a subscription (POST /v1/subscriptions), which gets one event with every request.",
        "servers": [{"$ref": "#/servers/subscriber"}],
    },
}
OPERATIONS: Final[Part] = {
    "publish": {
        "action": "send",
        "channel": {"$ref": "#/channels/region_topic"},
        "summary": "发布到区划主题 / every event of a region's feed, in its order, at least once",
    },
    "consume_sisters": {
        "action": "receive",
        "channel": {"$ref": "#/channels/region_topic"},
        "summary": "接收兄弟地区 / what sister deployments publish, told apart by source",
    },
    "serve_feed": {
        "action": "send",
        "channel": {"$ref": "#/channels/region_feed"},
        "summary": "按页提供 / answers with what lies behind the last event that the caller holds",
        "bindings": {
            "http": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {
                        "lastEventId": _LAST,
                        "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
                        "timeout": {"type": "integer", "minimum": 0, "description": "毫秒 / milliseconds to wait"},
                    },
                },
                "bindingVersion": _GET,
            }
        },
    },
    "stream_feed": {
        "action": "send",
        "channel": {"$ref": "#/channels/region_stream"},
        "summary": "持续推送 / sends from the last event held, and whatever comes",
        "bindings": {"http": {"method": "GET", "bindingVersion": _GET}},
    },
    "deliver": {
        "action": "send",
        "channel": {"$ref": "#/channels/webhook"},
        "summary": "投递 / in the order of the subscription, retried with growing pauses for up to 24 hours",
        "bindings": {"http": {"method": "POST", "bindingVersion": _GET}},
    },
}
