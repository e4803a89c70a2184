"""What each own field of each fact means and may hold: by the field's name, or for one fact where they differ."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from domain import codes
from domain.agreement import DUTIES, VISIBLE
from domain.code_lists import LISTS
from domain.policy import DEFAULT_POLICY
from domain.venue import VENUE_KINDS
from infra.contracts.values import (
    Schema,
    a_map,
    an_object,
    day,
    hours,
    identifier,
    listed,
    listed_so_far,
    many,
    moment,
    month,
    organisation,
    reference,
    region,
    said,
    whole,
    words,
)
from infra.vault.fields import PERSONAL_FIELDS

if TYPE_CHECKING:
    from domain.fact import Body

_DESTINATION: Final = said(
    "流入地：区划、境外或不明",
    "where to: a region, abroad, or unknown",
    type="object",
    properties={
        "region": region("区划", "the region"),
        "abroad": said("境外", "abroad", const=True),
        "unknown": said("去向不明", "nobody knows", const=True),
    },
    anyOf=[{"required": ["region"]}, {"required": ["abroad"]}, {"required": ["unknown"]}],
)
_CONTACT: Final = listed_so_far(codes.CONTACT_CHANNELS, "联系方式", "by which channel")
_PERIOD: Final = an_object(
    {"from": day("起", "the first day"), "until": day("止", "the last day, included")},
    ["from", "until"],
    "时段",
    "a period",
)
_SHARE: Final = an_object(
    {
        "successor": organisation("承接组织", "who succeeds to what this share names"),
        "members": many(identifier("党员", "a member"), "党员", "the members of this share"),
        "organisations": many(organisation("下级组织", "an organisation below"), "下级组织", "the organisations below"),
    },
    ["successor"],
    "分属",
    "one share",
)
_FIGURE: Final = said("数值", "its value, a whole number", type="integer", minimum=0)

_BY_NAME: Final[dict[str, Schema]] = {
    "absorbed": identifier("并入的党员", "the member whose facts become those of `kept`"),
    "activity": identifier("活动", "the activity"),
    "affiliated_since": day("隶属起始日；没有则视为一直如此", "since when; absent: as far back as anybody asks"),
    "affiliation": organisation("组织关系隶属", "the one formal home branch"),
    "branch": organisation("支部", "the branch"),
    "card_number": identifier("活动证编号；没有则以事件编号为号", "the card's number; absent: the event's id names it"),
    "category": listed(codes.CATEGORIES, "党员类别", "GB/T 4762: full or probationary"),
    "changes": said(
        "更正的各项及其新值，可含 occurred_at",
        "the fields that are otherwise, with their new values; occurred_at may be among them",
        type="object",
        minProperties=1,
    ),
    "channel": _CONTACT,
    "claim_id": identifier("争议编号", "the claim"),
    "code": organisation("党组织代码", "the organisation's own code"),
    "code_list": listed(tuple(LISTS), "代码表", "which list"),
    "codes": many(words("代码", "a code"), "代码表的全部代码", "the whole list", minItems=1),
    "count": whole("人数", "how many members"),
    "departs_on": day("计划离开日", "the day on which the member means to leave"),
    "destination": _DESTINATION,
    "document": reference("文号", "the document's reference"),
    "duties": many(
        an_object(
            {
                "organisation": organisation("承担方", "the party that owes it"),
                "duty": listed_so_far(DUTIES, "义务", "what it owes", "the agreement's own terms"),
            },
            ["organisation", "duty"],
            "义务",
            "one duty",
        ),
        "各方义务",
        "what each party owes",
    ),
    "effective_on": day("生效日", "the first day in force"),
    "ends_on": day("截止日", "the last day in force"),
    "event_id": identifier("所涉事件", "the event that it is about"),
    "expected_on": day("预计返回日", "when the member means to come home"),
    "expires_at": moment("失效时间", "from when on the code counts no more"),
    "external": said("是否外部组织", "whether it belongs to another deployment, or to none", type="boolean"),
    "fields": many(
        said("项目", "a field's name", type="string", examples=list(PERSONAL_FIELDS)),
        "更新的项目，仅名称",
        "the names of the fields written anew, no values",
    ),
    "figures": said(
        "各项指标",
        "figures of the policy by name; those not named stay as they were",
        type="object",
        properties=dict.fromkeys(DEFAULT_POLICY.__dataclass_fields__, _FIGURE),
        additionalProperties=_FIGURE,
    ),
    "from_codes": many(region("原区划", "a region that was"), "原区划", "the regions that were"),
    "holds": many(
        many(whole("微秒", "microseconds since 1970 UTC"), "起止", "from, until; alone: no end yet", minItems=1),
        "任岗时段",
        "when the member holds a place: from, and the end, which is exclusive",
    ),
    "holidays": many(day("休息日", "a day off"), "工作日中的休息日", "weekdays that are days off"),
    "hours": hours("小时数", "hours, whole or in quarters"),
    "in_favour_of": organisation("裁定归属", "in whose favour"),
    "introduction": said(
        "引介文本，由流出地签名", "what the member takes to another deployment, signed (JWS, Ed25519)", type="string"
    ),
    "keep_affiliation": organisation("保留的隶属", "the affiliation that is kept"),
    "keep_movement": identifier("保留的流动", "the movement that is kept"),
    "kept": identifier("保留的党员", "the member that remains"),
    "key_version": whole("密钥版本", "the version of the key that signs the code", least=1),
    "last_day": day("最后一日", "the last day in force"),
    "letter_number": reference("介绍信编号", "the letter's number"),
    "liaison": identifier("联络员代号", "the liaison, by an opaque id"),
    "meeting": reference("会议", "the meeting's reference"),
    "member": identifier("党员", "the member"),
    "merge_id": identifier("合并编号", "the merge"),
    "month": month("月份", "the month"),
    "months": many(month("月份", "a month"), "月份", "the months", minItems=1),
    "movement_id": identifier(
        "并入的流动", "the movement known already from a later fact that this one joins or opens"
    ),
    "name": words("名称", "the name, of no person"),
    "names": a_map(words("名称", "the name"), "名称", "what each code is called"),
    "parent": organisation("上级组织", "what is directly above"),
    "parties": many(organisation("一方", "a party"), "各方", "the parties"),
    "periods": many(_PERIOD, "在当地的时段", "the days of the year that the member was there"),
    "places": whole("名额", "how many places there are", least=1),
    "points": many(listed(codes.FIVE_POINTS, "一清", "one of the five points"), "五清", "the five points spoken of"),
    "post": identifier("岗位", "the post"),
    "preferred_kind": listed(codes.PLACEMENT_KINDS, "本人意愿", "the kind that the member prefers"),
    "region": region("区划", "the region"),
    "request": listed(codes.PERSONAL_DATA_REQUESTS, "申请事项", "what is asked for"),
    "rotates_every": whole("动态码更换秒数", "seconds after which the number beside the code changes", least=1),
    "said_lost": said("台账写明失联", "a register says that contact was lost on that day", type="boolean"),
    "set_aside": many(identifier("事件", "an event"), "搁置的事件", "the events that do not count meanwhile"),
    "shares": many(_SHARE, "各承接组织所得", "who else succeeds to what, where there are several"),
    "signed_for": many(organisation("一方", "a party"), "已签署的各方", "the parties for which it was signed"),
    "skills": many(words("技能", "a skill"), "所需技能", "the skills asked for"),
    "source": words("依据", "where it comes from"),
    "starts_on": day("起始日", "the first day in force"),
    "stationed_in": region("驻外地", "where it is stationed, if elsewhere"),
    "subject": identifier("对方的党员编号", "the member's id there"),
    "successor": organisation("承接组织", "who succeeds to everything that no share names"),
    "title": words("岗位名称", "the post's title"),
    "to_codes": many(region("现区划", "a region that is"), "现区划", "the regions that are"),
    "to_organisation": organisation("转往组织", "the organisation that it goes to"),
    "until": day("期限", "the last day of a temporary relationship"),
    "valid_days": whole("有效天数", "how many days the letter is valid; absent: as the policy says", least=1),
    "venue": identifier("报到点", "the venue"),
    "visible": many(
        an_object(
            {
                "organisation": organisation("可见方", "the party that may see it"),
                "what": listed_so_far(VISIBLE, "可见内容", "what it may see", "the agreement's own terms"),
            },
            ["organisation", "what"],
            "可见",
            "one thing that one party may see",
        ),
        "可见范围",
        "what each party may see",
    ),
    "whose": a_map(
        listed(("KEPT", "ABSORBED"), "归属", "whose it is"), "各事件归属", "of each later event, whose it is"
    ),
    "workdays": many(day("工作日", "a day worked"), "周末中的工作日", "weekend days that are worked"),
    "year": whole("年份", "the year", least=1900),
}
_BY_FACT: Final[dict[tuple[str, str], Schema]] = {
    ("activity_held", "kind"): listed(codes.ACTIVITY_KINDS, "活动类别", "the kind of activity"),
    ("attendance_recorded", "kind"): listed(codes.ACTIVITY_KINDS, "活动类别", "the kind of activity"),
    ("check_in_code_revoked", "code"): identifier("报到码", "the code, by its event id"),
    ("check_in_prompted", "channel"): listed(
        (*codes.CONTACT_CHANNELS, *codes.CHECK_IN_CHANNELS), "提示方式", "by which channel"
    ),
    ("checked_in", "channel"): listed(codes.CHECK_IN_CHANNELS, "报到方式", "by whom or what"),
    ("contact_attempt_failed", "reason"): listed_so_far(codes.FAILED_CONTACT_REASONS, "未果原因", "why it failed"),
    ("contact_waived", "reason"): listed_so_far(codes.WAIVER_REASONS, "免予原因", "why it was waived"),
    ("declined", "reason"): listed_so_far(codes.DECLINE_REASONS, "不予接收原因", "why not"),
    ("departed", "reason"): listed_so_far(codes.DEPARTURE_REASONS, "外出原因", "what for"),
    ("departure_cancelled", "reason"): listed_so_far(codes.CANCEL_REASONS, "取消原因", "why"),
    ("departure_reported", "reason"): listed_so_far(codes.DEPARTURE_REASONS, "外出原因", "what for"),
    ("member_introduced", "movement_id"): identifier("所引介的流动", "the movement that the introduction is about"),
    ("member_introduced", "source"): words(
        "对方来源", "the other deployment and its epoch, as in `source` of its events"
    ),
    ("movement_closed", "reason"): listed_so_far(codes.CLOSING_REASONS, "结束原因", "why it ended"),
    ("organisation_registered", "kind"): listed(codes.ORGANISATION_KINDS, "党组织类别", "the kind of organisation"),
    ("placed_in_branch", "kind"): listed(codes.PLACEMENT_KINDS, "编入方式", "by what the branch was chosen"),
    ("pre_departure_talk_waived", "reason"): listed_so_far(codes.WAIVER_REASONS, "免予原因", "why it was waived"),
    ("region_reorganised", "kind"): listed(codes.REORGANISATION_KINDS, "调整方式", "what happened to them"),
    ("return_education_waived", "reason"): listed_so_far(codes.WAIVER_REASONS, "免予原因", "why it was waived"),
    ("service_recorded", "kind"): listed(codes.SERVICE_KINDS, "服务类别", "the kind of service, without a post"),
    ("transfer_rejected", "reason"): listed_so_far(codes.TRANSFER_REJECTION_REASONS, "不予接收原因", "why not"),
    ("transfer_requested", "kind"): listed(codes.TRANSFER_KINDS, "转接类别", "formal, or temporary"),
    ("venue_opened", "kind"): listed(VENUE_KINDS, "报到点类别", "the kind of venue"),
}


class NotDescribed(LookupError):
    """A field of a fact has no meaning in this module yet; nothing is published that says nothing."""


def own_fields(body: type[Body]) -> tuple[Schema, list[str]]:
    """Return the schemas of a fact's own fields, and those that are always there. Raises NotDescribed."""
    found: Schema = {}
    always: list[str] = []
    for field in fields(body):  # type: ignore[arg-type]
        schema: Any = _BY_FACT.get((body.fact, field.name)) or _BY_NAME.get(field.name)
        if schema is None:
            msg = f"say in infra/contracts/own_fields.py what `{field.name}` of `{body.fact}` is"
            raise NotDescribed(msg)
        found[field.name] = schema
        if field.default is not None:  # absent only where None stands for absent
            always.append(field.name)
    return found, always
