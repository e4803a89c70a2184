"""The JSON Schema of a fact's whole `data`, from its event class: what all share, its own fields, `after`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import domain.activity
import domain.code_lists
import domain.member.commands
import domain.member.merging.events
import domain.merge
import domain.post
import domain.reference
import domain.venue  # noqa: F401 - all register their facts
from domain.fact import BODIES
from infra.contracts.after_schema import after_schema
from infra.contracts.fact_names import FACT_NAMES
from infra.contracts.own_fields import NotDescribed, own_fields
from infra.contracts.values import Schema, listed, listed_so_far, occurred, organisation, said

if TYPE_CHECKING:
    from domain.fact import Body

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_WAYS: Final = ("API", "BULK", "IMPORT", "SIMULATION", "SYSTEM")
_SHARED: Final[Schema] = {
    "occurred_at": occurred("发生时间", "when it happened"),
    "occurred_precision": listed(("time", "day", "month"), "发生时间的精度", "what is known of when it happened"),
    "actor": said("记录人代号", "who recorded it, by an opaque id", type="string", minLength=1),
    "via": listed_so_far(_WAYS, "记录途径", "the way by which it came in", "docs/subscribing.md"),
    "organisation": organisation("办理组织", "who acts; absent where nobody was named"),
    "text": said("另有文字说明，不随事件发送", "free text goes with it, which is kept and not sent", type="boolean"),
}
_ALWAYS: Final = ("occurred_at", "occurred_precision", "actor", "via", "after")


def facts() -> dict[str, type[Body]]:
    """Return every fact that can be recorded, by name, in alphabetical order."""
    return dict(sorted(BODIES.items()))


def data_schema(body: type[Body]) -> Schema:
    """Return the schema of a fact's `data`; more fields may stand beside those named. Raises NotDescribed."""
    if body.fact not in FACT_NAMES:
        msg = f"say in infra/contracts/fact_names.py what `{body.fact}` is called"
        raise NotDescribed(msg)
    zh, en = FACT_NAMES[body.fact]
    own, always = own_fields(body)
    return {
        "$schema": DIALECT,
        "title": f"{body.fact}: {zh} / {en}",
        "type": "object",
        "properties": {**_SHARED, **own, "after": after_schema(body)},
        "required": sorted({*_ALWAYS, *always}),
    }
