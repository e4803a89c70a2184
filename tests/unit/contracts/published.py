"""Reads events by the published schemas alone, as a subscriber does who has nothing else of ours."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from jsonschema import Draft7Validator, FormatChecker

from infra.contracts.releases import ENVELOPE, Version, released


@cache
def reader_of(path: str) -> Draft7Validator:
    """Return what judges by the schema that is served under a path."""
    content = {version.path: content for version, content in released().items()}[path]
    return Draft7Validator(orjson.loads(content), format_checker=FormatChecker())


def faults_of(event: dict[str, Any]) -> list[str]:
    """Return what is wrong with an event, its envelope and its data; empty when all is as published."""
    envelope = reader_of(Version(ENVELOPE, 1, 0).path)
    found = [f"/{'/'.join(map(str, one.path))}: {one.message}" for one in envelope.iter_errors(event)]
    data = reader_of(event["dataschema"])
    found += [f"/data/{'/'.join(map(str, one.path))}: {one.message}" for one in data.iter_errors(event["data"])]
    return [f"{event['type']} {line}" for line in found]
