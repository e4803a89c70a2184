"""What `kiteline replay` prints of a life: every fact by its name, every flag by the sentence meant for that fact."""

from __future__ import annotations

from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from domain.fact import BODIES
from domain.member.rules import ODDITIES, ONCE_OVER, RULES
from infra.cli.replay_table import print_history
from projections.folding import MEMBER_FACTS
from tests.model.world import world

STATE: dict[str, Any] = {
    **dict.fromkeys(("movement", "transfer")), "membership": "active", "lost_contact": False, "duties": [],
    "affiliation": "MQ-1", "responsible": "MQ-1", "clocks": {"last_contact_at": None},
}  # fmt: skip


def printed(fact: str, **more: Any) -> str:
    item = {
        "event_id": "e1", "type": fact, "position": 1, "occurred_at": "2025-05-01", "occurred_precision": "day",
        "recorded_at": "2025-05-01T10:00:00+08:00", "actor": "somebody", "channel": "API", "data": {},
        "correction": None, "flags": [], "state": STATE, **more,
    }  # fmt: skip
    console = Console(file=StringIO(), width=250)
    print_history(UUID(int=1), [item], world(), console=console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("fact", sorted(MEMBER_FACTS))
def test_every_fact_has_a_name_that_a_person_reads(fact: str) -> None:
    assert f"{fact} {fact}" not in printed(fact)


@pytest.mark.parametrize("fact", sorted(MEMBER_FACTS))
def test_a_flag_is_told_in_the_sentence_of_the_rule_of_that_fact(fact: str) -> None:
    body = BODIES[fact]
    for rule in (*RULES.get(body, ()), *ODDITIES.get(body, ()), *ONCE_OVER):
        first = next(
            one for one in (*RULES.get(body, ()), *ODDITIES.get(body, ()), *ONCE_OVER) if one.code == rule.code
        )
        assert "".join(first.sentence.zh.split()) in "".join(printed(fact, flags=[rule.code]).split())


def test_what_a_merge_set_aside_is_not_said_to_be_corrected() -> None:
    told = printed("departed", correction={"by": "e2", "kind": "set_aside"})
    assert "搁置 set aside" in told
    assert "更正" not in told


def test_after_a_death_nobody_is_simply_at_home() -> None:
    assert "党籍终止 ended" in printed("member_deceased", state={**STATE, "membership": "ended"})


def test_a_merge_names_both_records_and_not_every_event_that_it_set_aside() -> None:
    kept, absorbed, aside = (str(UUID(int=number << 96)) for number in (1, 2, 3))
    told = printed("records_merged", data={"merge_id": "m", "kept": kept, "absorbed": absorbed, "set_aside": [aside]})
    assert kept[:8] in told
    assert absorbed[:8] in told
    assert aside[:8] not in told


def test_a_correction_tells_what_the_event_said_before_and_after_and_what_differs_in_the_state() -> None:
    changes = [{"pointer": "/occurred_at", "before": "2025-04-30", "after": "2025-05-01"}]
    event = {"event_id": "e1", "type": "departed", "before": {}, "after": {}, "changes": changes}
    state = [{"pointer": "/clocks/last_contact_at", "before": None, "after": "2025-05-01"}]
    told = printed("event_corrected", data={"event_id": "e1"}, effect={"event": event, "state": state})
    assert "影响 effect" in told
    assert "#1 occurred_at 2025-04-30→2025-05-01" in told
    assert "状态 state clocks/last_contact_at 无→2025-05-01" in told


def test_a_void_says_that_its_event_no_longer_counts_and_a_void_of_that_that_it_does_again() -> None:
    event: dict[str, Any] = {"event_id": "e1", "type": "departed", "before": {}, "after": None, "changes": []}
    assert "#1 不再计算" in printed("event_voided", data={"event_id": "e1"}, effect={"event": event, "state": []})
    again = {**event, "before": None, "after": {}}
    assert "#1 重新计算" in printed("event_voided", data={"event_id": "e1"}, effect={"event": again, "state": []})


def test_where_nothing_was_put_right_there_is_no_column_of_effects() -> None:
    assert "影响 effect" not in printed("departed")


def test_who_recorded_it_and_by_which_channel_stand_beside_the_organisation() -> None:
    told = printed("departed", organisation="MQ-1", actor="secretary:1", channel="IMPORT")
    assert "secretary:1，台账导入 import" in told


def test_a_reason_and_a_kind_of_service_that_share_a_code_are_told_apart() -> None:
    assert "照护" in printed("departed", data={"reason": "CARE"})
    assert "关爱帮扶" in printed("service_recorded", data={"kind": "CARE", "hours": 1})
