"""What was published: every version of every schema, as kept in `released`, and what the event classes would add."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from infra.contracts.compatibility import incompatibilities
from infra.contracts.data_schema import data_schema, facts
from infra.contracts.envelope import envelope_schema
from infra.contracts.values import Schema

if TYPE_CHECKING:
    from collections.abc import Iterable

ENVELOPE: Final = "cloudevent"
DIGESTS: Final = "SHA256SUMS"
"""Of every published file: who changes one has to say so here as well."""
_FILE: Final = re.compile(r"([a-z][a-z_]*)[.]v([1-9][0-9]*)(?:[.]([1-9][0-9]*))?[.]json")


class Version(NamedTuple):
    """A version of a schema: the first of a major version has the minor 0, which its name leaves out."""

    name: str
    major: int
    minor: int

    @property
    def text(self) -> str:
        """As in the path: `v1`, `v1.2`."""
        return f"v{self.major}" + (f".{self.minor}" if self.minor else "")

    @property
    def path(self) -> str:
        """Where it is served, for ever."""
        return f"/schemas/{self.name}/{self.text}.json"

    @property
    def file(self) -> str:
        """What it is called in the folder of the released ones."""
        return f"{self.name}.{self.text}.json"


class Proposal(NamedTuple):
    """A schema as the event classes have it now that was not published yet, and why it must not be, if so."""

    version: Version
    content: bytes
    refused: list[str]


@cache
def released() -> dict[Version, bytes]:
    """Return every published schema, exactly as published, in the order of names and versions."""
    files = resources.files("infra.contracts.released").iterdir()
    read = [(match, file.read_bytes()) for file in files if (match := _FILE.fullmatch(file.name)) is not None]
    return dict(sorted((Version(match[1], int(match[2]), int(match[3] or 0)), content) for match, content in read))


@cache
def digests() -> dict[str, str]:
    """Return the SHA-256 that every published file had when it was published, by its name."""
    lines = resources.files("infra.contracts.released").joinpath(DIGESTS).read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def event_type(version: Version) -> str:
    """Return the `type` of the events that a version describes."""
    return f"org.kiteline.{version.name}.v{version.major}"


def latest(versions: Iterable[Version]) -> dict[tuple[str, int], Version]:
    """Return the last minor version of each major one."""
    return {(version.name, version.major): version for version in sorted(versions)}


def as_written(schema: Schema, version: Version) -> bytes:
    """Return a schema as its file holds it: with the path that it is served under, for people to read."""
    whole = {"$schema": schema["$schema"], "$id": version.path, **schema}
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def current() -> dict[tuple[str, int], Schema]:
    """Return the schemas that the event classes have now, by name and major version."""
    found = {(name, body.class_version): data_schema(body) for name, body in facts().items()}
    return {**found, (ENVELOPE, 1): envelope_schema()}


def proposals(published: dict[Version, bytes], now: dict[tuple[str, int], Schema]) -> list[Proposal]:
    """Return what would have to be published for readers to know what is written now."""
    lasts = latest(published)
    found: list[Proposal] = []
    for (name, major), schema in now.items():
        last = lasts.get((name, major))
        if last is None:
            first = Version(name, major, 0)
            found.append(Proposal(first, as_written(schema, first), []))
        elif as_written(schema, last) != published[last]:
            following = Version(name, major, last.minor + 1)
            refused = incompatibilities(orjson.loads(published[last]), schema)
            found.append(Proposal(following, as_written(schema, following), refused))
    return found


def gone(published: dict[Version, bytes], now: dict[tuple[str, int], Schema]) -> list[str]:
    """Return the names that were published and of which no event class is left to read what was recorded."""
    return sorted({version.name for version in published} - {name for name, _ in now})
