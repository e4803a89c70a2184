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
        "recorded_at": "2025-05-01T10:00:00+08:00", "actor": "somebody", "data": {}, "correction": None, "flags": [],
        "state": STATE, **more,
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
