"""`after`: the member as known once the fact was recorded (domain.member.views.after), as JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain import codes
from infra.contracts.values import (
    Schema,
    an_object,
    day,
    identifier,
    listed,
    occurred,
    or_null,
    organisation,
    reference,
    region,
    said,
    whole,
)

if TYPE_CHECKING:
    from domain.fact import Body

_OF_MEMBERS: Final = "domain.member"
_OF_TRANSFERS: Final = "domain.member.transfer.events"
_MERGED: Final = "records_merged"

_ORIGIN: Final = an_object(
    {
        "organisation": or_null(organisation("流出地党组织", "the origin")),
        "region": or_null(region("流出地区划", "the origin's region")),
    },
    ["organisation", "region"],
    "流出地",
    "where the movement comes from",
)
_MOVEMENT: Final = or_null(
    an_object(
        {
            "movement_id": identifier("流动编号", "the movement's id, for life"),
            "leg": whole("第几程", "the current leg, from 1", least=1),
            "origin": _ORIGIN,
            "departed_at": or_null(occurred("离开时间", "when the member left")),
            "declared_region": or_null(region("申报流入地", "the destination declared for this leg")),
            "region": or_null(region("报到地", "where the member checked in on this leg")),
            "accepted_by": or_null(organisation("接收组织", "who accepted on this leg")),
        },
        ["movement_id", "leg", "origin", "departed_at", "declared_region", "region", "accepted_by"],
        "当前流动；没有则为 null",
        "the movement, also one that has closed until the next opens; null if there was none",
    )
)
_TRANSFER: Final = an_object(
    {
        "transfer_id": identifier("转接编号", "the transfer's id"),
        "kind": listed(codes.TRANSFER_KINDS, "转接类别", "formal, or temporary"),
        "status": listed(codes.TRANSFER_STATUSES, "转接状态", "how the transfer stands"),
        "from": or_null(organisation("转出组织", "the side that it leaves")),
        "to": organisation("转入组织", "the side that it goes to"),
        "letter_number": or_null(reference("介绍信编号", "the letter's number")),
        "valid_until": or_null(day("介绍信有效期", "the last day on which the letter is valid")),
        "receipt_due": or_null(day("回执期限", "when the receipt is due")),
    },
    ["transfer_id", "kind", "status", "from", "to", "letter_number", "valid_until", "receipt_due"],
    "组织关系转接",
    "the transfer, with the facts of a transfer",
)
_PRESENT: Final = said(
    "为 false 时：所述并非党员现状，而是该事项当时的情形，或不予说明",
    "false where this is not how the member stands today, but how it stood at the event's own time, or nothing; "
    "absent otherwise",
    type="boolean",
)
_STATE: Final[Schema] = {
    "affiliation": or_null(organisation("组织关系隶属", "the one formal home branch")),
    "category": or_null(listed(codes.CATEGORIES, "党员类别", "GB/T 4762: full or probationary")),
    "responsible": or_null(organisation("责任组织", "who is responsible for the member")),
    "stage": or_null(listed(codes.STAGES, "流动环节", "the stage of the movement")),
    "view": or_null(listed(codes.VIEWS, "生命周期视图", "the one lifecycle view that the movement stands in")),
    "leg": or_null(whole("第几程", "the current leg, from 1", least=1)),
    "lost_contact": said("是否失联", "whether contact is lost", type="boolean"),
    "movement": _MOVEMENT,
}
_SINCE: Final = frozenset({"category"})
"""Fields that events recorded before them do not have."""


def is_about_a_member(body: type[Body]) -> bool:
    """Whether a fact stands in a member's stream, and so says how the member is after it."""
    return body.__module__.startswith(_OF_MEMBERS)


def after_schema(body: type[Body]) -> Schema:
    """Return the schema of `after` for a fact; null for facts of other streams."""
    if not is_about_a_member(body):
        return said("非党员事项，恒为 null", "not about one member", type="null")
    more: Schema = {"present": _PRESENT}
    if body.__module__ == _OF_TRANSFERS:
        more["transfer"] = _TRANSFER
    if body.fact == _MERGED:
        more["merged_into"] = identifier("并入的党员", "of the absorbed record: the member that it is now")
    return an_object(
        _STATE | more,
        [name for name in _STATE if name not in _SINCE],
        "记录此事项之后的状态（当时所知）",
        "the member once this was recorded, as known then",
    )
