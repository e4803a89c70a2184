"""How answers are written: JSON by orjson, with what must stand on every answer."""

from typing import Any

import orjson
from starlette.responses import Response

PROBLEM_JSON = "application/problem+json"


class JsonAnswer(Response):
    """An answer in JSON, UTF-8 as it is, not escaped."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the content; datetimes and UUIDs as RFC 3339 and RFC 9562 text."""
        return orjson.dumps(content)


class ProblemAnswer(JsonAnswer):
    """An RFC 9457 problem."""

    media_type = PROBLEM_JSON


def stream_etag(version: int) -> str:
    """Write a stream's version as an entity tag."""
    return f'"{version}"'
