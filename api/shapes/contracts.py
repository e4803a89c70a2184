"""What the index of the published schemas says."""

from pydantic import Field

from api.shapes.base import Shape


class PublishedVersion(Shape):
    """One version of a schema."""

    version: str = Field(description="v1, or v1.2 for the second addition to it", examples=["v1"])
    path: str = Field(description="where it is served, for ever", examples=["/schemas/checked_in/v1.json"])


class PublishedSchema(Shape):
    """A schema with all its versions, the first one first."""

    name: str = Field(description="the fact; cloudevent is what all events have in common", examples=["checked_in"])
    title: str
    type: str | None = Field(description="the type of the events, of the newest major version; null for cloudevent")
    versions: list[PublishedVersion]


class PublishedSchemas(Shape):
    """Every schema that was ever published."""

    items: list[PublishedSchema]
