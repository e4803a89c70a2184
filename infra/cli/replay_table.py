"""A history as a table: day, what, where and whose, who recorded it when, what was struck through, the state after."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.fact import BODIES
from domain.member.rules import ODDITIES, ONCE_OVER, RULES
from domain.times import SHANGHAI, parse_occurred
from infra.cli.replay_words import channel_words, code_words, effect_words
from infra.fact_words import MEMBERSHIPS, fact_words

if TYPE_CHECKING:
    from uuid import UUID

    from domain.reference import Reference

_STAGES: Final = {
    "reported": "行前",
    "awaiting_check_in": "待报到",
    "checked_in": "已报到",
    "settled": "已纳管",
    "returned": "已返回",
    "closed": "已结束",
}
_UNSAID: Final = frozenset({"movement_id", "activity", "merge_id", "set_aside", "keep_movement", "whose"})
_SERVICE: Final = {"hours": "{} 小时 h", "post": "岗位 post {:.8}"}
_LETTER_LABELS: Final = {"letter_number": "介绍信 ", "valid_days": "有效天数 ", "document": "文件 ", "until": "至 "}
_ORGANISATIONS: Final = {
    **dict.fromkeys(("branch", "to_organisation", "in_favour_of", "affiliation", "code"), ""),
    "keep_affiliation": "保留隶属 ",
    "successor": "由 ",
}
"""What comes before an organisation's name, by the field that holds its code."""
_DROPPED: Final = frozenset({"voided", "set_aside"})
_CORRECTIONS: Final = {"voided": "作废 voided", "set_aside": "搁置 set aside", "corrected": "更正 corrected"}
_TRANSFERS: Final = {
    "requested": "已申请",
    "approved": "已同意",
    "letter_issued": "已开介绍信",
    "accepted": "已接收",
    "receipt_returned": "回执已寄回",
    "rejected": "已退回",
    "withdrawn": "已撤回",
    "expired": "介绍信过期",
}
_OF_A_MERGE: Final = {"kept": "保留 kept {:.8}", "absorbed": "并入者 absorbed {:.8}"}


def print_history(
    member: UUID,
    items: list[dict[str, Any]],
    reference: Reference,
    *,
    as_of: str | None = None,
    known_position: int | None = None,
    console: Console | None = None,
) -> None:
    """Print history items of `projections.history.replay`; `as_of` and `known_position` are told when asked for."""
    console = console or Console()
    numbers = {item["event_id"]: number for number, item in enumerate(items, start=1)}
    title = f"党员 member {member}"
    if as_of is not None:
        title += f" · 截至 as of {as_of}"
    if known_position is not None:
        title += f" · 当时所知 as known at position {known_position}"
    table = Table(title=title, title_justify="left", title_style="bold", show_lines=False, pad_edge=False)
    table.add_column("#", justify="right", style="dim")
    table.add_column("发生 happened", no_wrap=True)
    table.add_column("事项 what", overflow="fold")
    table.add_column("内容 of what", overflow="fold")
    table.add_column("记录 recorded by", overflow="fold")
    table.add_column("之后 after", overflow="fold")
    # Seldom is anything put right; where nothing was, the others have the width.
    tells_effects = any("effect" in item for item in items)
    if tells_effects:
        table.add_column("影响 effect", overflow="fold")
    for item in items:
        effect = [effect_words(item.get("effect"), numbers)] if tells_effects else []
        table.add_row(
            str(numbers[item["event_id"]]),
            _when(item),
            _what(item, numbers),
            _content(item, reference, numbers),
            _recorded(item, reference),
            _after(item, reference),
            *effect,
        )
    console.print(table)
    _print_state(console, items, reference)


def _when(item: dict[str, Any]) -> Text:
    now = _moment(item["occurred_at"], item["occurred_precision"])
    voided = (item["correction"] or {}).get("kind") in _DROPPED
    text = Text(now, "strike" if voided else "")
    before = item.get("as_recorded")
    if before is not None and before["occurred_at"] != item["occurred_at"]:
        text = Text.assemble((_moment(before["occurred_at"], before["occurred_precision"]), "strike dim"), "\n", now)
    return text


def _moment(text: str, precision: str) -> str:
    if precision == "time":
        return datetime.fromisoformat(text).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    return text


def _what(item: dict[str, Any], numbers: dict[str, int]) -> Text:
    fact = item["type"]
    body, zh = BODIES[fact], fact_words(fact)
    correction = item["correction"]
    voided = correction is not None and correction["kind"] in _DROPPED
    text = Text.assemble((zh, "bold strike" if voided else "bold"), (f" {fact}", "dim strike" if voided else "dim"))
    if correction is not None:
        by = numbers.get(correction["by"])
        named = f"#{by}" if by is not None else "以后 later"
        text.append(f"\n由 {named} {_CORRECTIONS[correction['kind']]}", "yellow")
    # One code may have a sentence of its own for each kind of fact.
    sentences = {rule.code: rule.sentence for rule in (*ONCE_OVER, *RULES.get(body, ()), *ODDITIES.get(body, ()))}
    for code in item["flags"]:
        text.append(f"\n⚑ {sentences[code].zh if code in sentences else code}", "red")
    return text


def _content(item: dict[str, Any], reference: Reference, numbers: dict[str, int]) -> Text:
    day = parse_occurred(item["occurred_at"]).day
    text = Text()
    before = (item.get("as_recorded") or {}).get("data", item["data"])
    for name, value in item["data"].items():
        if name in _UNSAID:
            continue
        if text:
            text.append("，")
        if before.get(name) != value and name in before:
            text.append(_value(name, before[name], reference, day, numbers), "strike dim")
            text.append("→")
        text.append(_value(name, value, reference, day, numbers))
    return text


def _value(name: str, value: Any, reference: Reference, day: Any, numbers: dict[str, int]) -> str:  # noqa: ANN401 - JSON
    if name == "destination":
        if "region" not in value:
            return "境外 abroad" if value.get("abroad") else "去向不明 unknown"
        return f"往{_place(value['region'], reference, day)}"
    if name == "region":
        return f"在{_place(value, reference, day)}"
    if name in {"event_id", "claim_id"}:
        return f"#{numbers[value]}" if value in numbers else "（此处未示）"
    if name in _ORGANISATIONS:
        return _ORGANISATIONS[name] + _organisation(value, reference)
    if name == "shares":
        value = ["分与 " + _organisation(one["successor"], reference) for one in value]
    if name == "changes":
        return "；".join(f"{key} = {_value(key, one, reference, day, numbers)}" for key, one in value.items())
    if name == "periods":
        value = [f"{one['from']} 至 {one['until']}" for one in value]
    if isinstance(value, list):
        return "、".join(map(str, value)) if name != "points" else f"五清 {len(value)}/5"
    label = {"departs_on": "拟于 ", "expected_on": "预计 ", "preferred_kind": "意愿 ", **_LETTER_LABELS}.get(name, "")
    return (_SERVICE | _OF_A_MERGE).get(name, "{}").format(f"{label}{code_words(name, value)}")


def _place(code: str, reference: Reference, day: Any) -> str:  # noqa: ANN401 - a date
    region = reference.regions.get(code, day)
    above = reference.regions.parents(code, day)
    city = above[0].name if above else ""
    return f"{city}{region.name if region is not None else ''} {code}"


def _organisation(code: str | None, reference: Reference) -> str:
    found = reference.organisations.get(code)
    return found.name if found is not None else (code or "")


def _recorded(item: dict[str, Any], reference: Reference) -> Text:
    recorded = datetime.fromisoformat(item["recorded_at"]).astimezone(SHANGHAI)
    who = _organisation(item.get("organisation"), reference) or item["actor"]
    by = (
        f"{item['actor']}，{channel_words(item['channel'])}" if who != item["actor"] else channel_words(item["channel"])
    )
    return Text.assemble(who, (f"\n{by}\n{recorded:%Y-%m-%d %H:%M:%S}，第 {item['position']} 位", "dim"))


def _after(item: dict[str, Any], reference: Reference) -> Text:
    state = item["state"]
    movement = state["movement"]
    if movement is None:
        text = Text("在家 at home", "dim")
    else:
        text = Text(_STAGES.get(movement["stage"], movement["stage"]), "cyan")
        leg = movement["legs"][-1]
        if len(movement["legs"]) > 1:
            text.append(f"（第 {leg['leg']} 程 leg {leg['leg']}）")
    if state["membership"] in MEMBERSHIPS:
        text.append(f" {MEMBERSHIPS[state['membership']]}", "red")
    if state["lost_contact"]:
        text.append(" 失联 lost", "red")
    transfer = state["transfer"]
    if transfer is not None and transfer["status"] != "receipt_returned":
        text.append(f"\n转接 transfer {_TRANSFERS[transfer['status']]}", "magenta")
    if movement is None and transfer is None:
        return text
    responsible = _organisation(state["responsible"], reference)
    text.append(f"\n{responsible}", "dim")
    return text


def _print_state(console: Console, items: list[dict[str, Any]], reference: Reference) -> None:
    """Tell how it stands after the last fact, and what was owed at that moment."""
    if not items:
        console.print("那时还没有任何记录。 Nothing was known then.")
        return
    state = items[-1]["state"]
    movement = state["movement"]
    stage = _STAGES.get(movement["stage"], "") if movement is not None else "在家"
    stage = " ".join([stage, *filter(None, [MEMBERSHIPS.get(state["membership"])])])
    console.print(
        f"最后：{stage}；隶属 {_organisation(state['affiliation'], reference)}；"
        f"责任 {_organisation(state['responsible'], reference)}；最近联系 {state['clocks']['last_contact_at'] or '-'}"
    )
    for duty in state["duties"]:
        overdue = "（逾期 overdue）" if duty["overdue"] else ""
        console.print(
            f"  应办 {duty['kind']}：{_organisation(duty['organisation'], reference)}，{duty['due_on']}{overdue}"
        )
