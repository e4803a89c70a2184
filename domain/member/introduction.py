"""引介: a member known in two deployments. Whom the origin calls one thing is called another here, and each keeps both.

The fact is recorded on the stream of the member's own id here and says by what id another deployment knows them. Where
the member was unknown it also says whose member they are, and so registers them; where they were known, by an explicit
act or because the other side told of its introduction, it is a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.fact import Body, recorded_as


@recorded_as
@dataclass(frozen=True, slots=True)
class MemberIntroduced(Body):
    """引介. At `source` (deployment and epoch) this member is `subject`; `movement_id` is the movement it is about.

    `introduction` is the text that the origin signed. `category` and `affiliation` are those of somebody who was not
    known here; without `affiliated_since` they hold as far back as anybody asks.
    """

    fact: ClassVar[str] = "member_introduced"
    order: ClassVar[int] = 3
    source: str
    subject: str
    movement_id: str | None = None
    introduction: str | None = None
    category: str | None = None
    affiliation: str | None = None
    affiliated_since: str | None = None
