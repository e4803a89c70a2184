"""A chunk of a register is planned while the one before is being appended: who stands in both is still one person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.organisation import OrganisationRegistered
from infra.recording.application import Kiteline
from infra.recording.desk import Desk
from infra.recording.drafts import Caller
from infra.recording.import_report import ImportReport
from infra.recording.imports import CHUNK, Importer
from infra.recording.organisations import ReferenceDesk
from infra.vault.master_key import MasterKey
from infra.vault.vault import Vault
from tests.running_service import synthetic_identity_number

HEAD = "姓名,公民身份号码,党员类别,流出党支部,流出时间,流入地,返回时间"
CALLER = Caller("bench", "committee", "IMPORT")
NOW_US = 1_751_328_000_000_000  # 1 July 2025, 8 in the morning in Shanghai


@pytest.fixture
def kiteline(database_url: str) -> Iterator[Kiteline]:
    opened = Kiteline(database_url)
    yield opened
    opened.close()


def imported(kiteline: Kiteline, rows: list[str]) -> ImportReport:
    desk = Desk(kiteline, Vault(MasterKey({1: b"k" * 32})), lambda: NOW_US)
    references = ReferenceDesk(desk)
    references.register_many(
        [
            OrganisationRegistered("committee", "样例县委", "COMMITTEE", "620621"),
            OrganisationRegistered("branch", "样例第一支部", "BRANCH", "620621", "committee"),
        ],
        CALLER,
    )
    content = "\n".join([HEAD, *rows]).encode()
    return Importer(desk, references).run(content, "register.csv", organisation="committee", caller=CALLER)


def test_who_stands_in_two_chunks_is_one_person_with_both_absences(kiteline: Kiteline):
    number = synthetic_identity_number()
    others = [f"测试癸,{synthetic_identity_number()},正式党员,样例第一支部,2025-02-01,620102," for _ in range(CHUNK)]
    first = f"测试壬,{number},正式党员,样例第一支部,2024-04-01,620102,2024-04-10"
    second = f"测试壬,{number},正式党员,样例第一支部,2024-04-20,620102,"

    report = imported(kiteline, [first, *others, second])

    assert report.errors == []
    assert (report.rows, report.accepted) == (CHUNK + 2, CHUNK + 2)
    departed = [row.originator_id for row in kiteline.log.read_log(1, 10 * CHUNK) if row.topic == "departed"]
    assert (len(departed), len(set(departed))) == (CHUNK + 2, CHUNK + 1)


def test_what_the_last_chunk_brings_is_recorded_too(kiteline: Kiteline):
    row = f"测试壬,{synthetic_identity_number()},正式党员,样例第一支部,2025-03-01,620102,"

    report = imported(kiteline, [row])

    assert (report.accepted, report.position) == (1, kiteline.log.max_notification_id())
    assert [row.topic for row in kiteline.log.read_log(1, 100)][-1] == "departed"
