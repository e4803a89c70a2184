"""What all shapes share: more fields may stand beside those named."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Occurred = Annotated[str, Field(description="a time with offset, a date, or a month, as recorded")]
RegionCode = Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")]
Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Position = Annotated[int, Field(ge=0)]


class Shape(BaseModel):
    """A JSON object of an answer."""

    model_config = ConfigDict(extra="allow")


class PageShape(Shape):
    """A page of a list."""

    next: str | None = Field(description="the cursor of the next page, null on the last")
    position: Position = Field(description="what the answer reflects")
    known_position: Position = Field(description="the last position that was taken as known")
