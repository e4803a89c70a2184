"""One event as a subscriber gets it: a member of Minqin 民勤, seen in Chengguan 城关; nobody real."""

from __future__ import annotations

from typing import Any, Final

_ID: Final = "6b0f7f6e-58f3-4c0b-9a39-2c5f0f0c8a41"

EXAMPLE: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": _ID,
    "source": "urn:kiteline:gansu:1",
    "type": "org.kiteline.checked_in.v1",
    "subject": "0d9f2a5e-0f5e-4a70-8f0b-3a8a2f0f6c11",
    "time": "2024-10-12T02:31:07.184220Z",
    "datacontenttype": "application/json",
    "dataschema": "/schemas/checked_in/v1.json",
    "data": {
        "occurred_at": "2024-10-12T10:31:05+08:00",
        "occurred_precision": "time",
        "actor": "member:0d9f2a5e-0f5e-4a70-8f0b-3a8a2f0f6c11",
        "via": "API",
        "organisation": "620102-000",
        "region": "620102",
        "channel": "CODE",
        "venue": "5c1c2f0e-7c1d-4a5b-9f55-6d1f3b2a4e90",
        "after": {
            "affiliation": "620621-01-01",
            "leg": 1,
            "lost_contact": False,
            "movement": {
                "accepted_by": None,
                "declared_region": "620102",
                "departed_at": "2024-10-08",
                "leg": 1,
                "movement_id": "c2f3b0b1-94d4-4f6c-8c0c-0a6a6b8f4d22",
                "origin": {"organisation": "620621-01-01", "region": "620621"},
                "region": "620102",
            },
            "responsible": "620621-01-01",
            "stage": "checked_in",
            "view": "in_transit",
        },
    },
    "position": 1042,
    "feedposition": 17,
    "prevposition": 16,
    "nonce": "7f1d6a0c5b9e48e2a3c4d5e6f7081920",
    "correlationid": _ID,
}
