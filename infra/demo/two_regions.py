"""One synthetic member between two deployments: leaves Gansu, is received in Sichuan, comes home, and is transferred.

Every step is recorded over HTTP at the side that it belongs to; the other learns of it through Kafka, and after each
part both are asked and must say the same.
"""

from __future__ import annotations

import http.client
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid4

from domain.identity import make_identity_number
from domain.times import local_day
from infra.failures import OperatorFailure

GANSU: Final = "gansu"
SICHUAN: Final = "sichuan"
HOME: Final = "620621"
AWAY: Final = "510104"
_PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1
_CREATED: Final = 300
_CONFLICT: Final = 409
_TOLD: Final = ("affiliation", "responsible", "category", "movement", "transfer")
_MICROSECONDS: Final = 1_000_000
Say = Callable[[str], object]


class PlayStopped(OperatorFailure):
    """A step was refused, or the two sides did not come to agree."""


@dataclass(frozen=True, slots=True)
class Side:
    """One deployment, spoken to as its organisation department."""

    host: str
    port: int
    token: str

    @property
    def base(self) -> str:
        """Where it answers."""
        return f"http://{self.host}:{self.port}"

    def record(self, path: str, **body: object) -> dict[str, Any]:
        """Record; raises PlayStopped with what was wrong."""
        status, answer = self._ask("POST", path, body)
        if status >= _CREATED:
            raise PlayStopped(f"{path}：{answer}", f"{path}: {answer}")
        return answer

    def organise(self, code: str, region: str, name: str, parent: str | None = None) -> None:
        """Register an organisation, unless an earlier run has."""
        kind = "COMMITTEE" if parent is None else "BRANCH"
        body = {"code": code, "name": name, "kind": kind, "region": region, "parent": parent}
        status, answer = self._ask("POST", "/v1/organisations", body)
        if status >= _CREATED and status != _CONFLICT:
            raise PlayStopped(f"{code}：{answer}", f"{code}: {answer}")

    def member(self, member: str) -> dict[str, Any]:
        """Return a member's state."""
        return self._ask("GET", f"/v1/members/{member}", None)[1]

    def _ask(self, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid4()),
        }
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@dataclass(slots=True)
class _Story:
    home: Side
    host: Side
    say: Say
    today: date
    member: str = ""
    here: str = ""

    def at_home(self, verb: str, days_ago: int, told: str, **body: object) -> dict[str, Any]:
        """Record at the origin."""
        return self._at(self.home, "甘肃", self.member, verb, days_ago, told, body)

    def at_host(self, verb: str, days_ago: int, told: str, **body: object) -> dict[str, Any]:
        """Record at the destination."""
        return self._at(self.host, "四川", self.here, verb, days_ago, told, body)

    def day(self, days_ago: int) -> str:
        """Return a day before today."""
        return (self.today - timedelta(days=days_ago)).isoformat()

    def agree(self, **movement: object) -> None:
        """Wait until both sides say the same, and that the movement is so; tell how long it took."""
        began = time.monotonic()
        while True:
            theirs, ours = self.home.member(self.member), self.host.member(self.here)
            same = all(theirs[name] == ours[name] for name in _TOLD)
            if same and movement.items() <= (theirs["movement"] or {}).items():
                break
            if time.monotonic() - began > _PATIENCE_SECONDS:
                raise PlayStopped("两个部署的记录没有一致。", "The two deployments did not come to agree.")
            time.sleep(_LOOK_SECONDS)
        stage = theirs["movement"]["stage"]
        self.say(
            f"  ✓ 两地一致 both agree ({time.monotonic() - began:.1f} s): {stage}，"
            f"隶属 affiliation {theirs['affiliation']}，责任 responsible {theirs['responsible']}"
        )

    def _at(
        self, side: Side, place: str, member: str, verb: str, days_ago: int, told: str, body: dict[str, object]
    ) -> dict[str, Any]:
        occurred_at = self.day(days_ago)
        self.say(f"{occurred_at}  {place}  {told}  {verb}")
        return side.record(f"/v1/members/{member}/{verb}", occurred_at=occurred_at, **body)


def play(home: Side, host: Side, say: Say) -> None:
    """Let one more member live between the two; raises PlayStopped."""
    story = _Story(home, host, say, local_day(int(time.time() * _MICROSECONDS)))
    home.organise("MQ", HOME, "样例民勤县委")
    home.organise("MQ-1", HOME, "样例民勤第一支部", "MQ")
    host.organise("JJ", AWAY, "样例锦江区委")
    host.organise("JJ-1", AWAY, "样例锦江第一支部", "JJ")
    born = date(1970, 1, 1) + timedelta(days=secrets.randbelow(10_000))
    number = make_identity_number("990000", born, secrets.randbelow(1_000))
    story.member = home.record("/v1/members", identity_number=number, name="测试甲", organisation="MQ-1")["member_id"]
    say(f"甘肃登记了一名虚构的党员 a synthetic member is registered in Gansu: {story.member}")
    _leave(story)
    _arrive(story)
    _come_home(story)
    _leave_for_good(story)


def _leave(story: _Story) -> None:
    to_sichuan = {"region": AWAY}
    story.at_home("report-departure", 90, "外出报备", organisation="MQ-1", destination=to_sichuan, reason="WORK")
    story.at_home("hold-pre-departure-talk", 90, "行前谈话", organisation="MQ-1")
    story.at_home("depart", 89, "离开", organisation="MQ-1")


def _arrive(story: _Story) -> None:
    prompted = story.at_home("prompt-check-in", 88, "提示报到", organisation="MQ-1", channel="MESSAGE")
    introduction = prompted["events"][0]["data"]["introduction"]
    story.say(f"  引介（随链接或二维码交给党员） the introduction, as a link or code: {introduction[:60]}…")
    venue = story.host.record("/v1/venues", name="锦江党群服务站", region=AWAY, organisation="JJ", kind="STATION")
    story.say(f"{story.day(87)}  四川  凭引介报到  check-in with the introduction")
    arrived = story.host.record(
        "/v1/check-ins",
        venue=venue["stream"],
        introduction=introduction,
        organisation="JJ",
        occurred_at=story.day(87),
    )
    story.here = arrived["member_id"]
    story.say(f"  四川的编号 the id there: {story.here}")
    story.agree(stage="checked_in")
    story.at_host("accept", 86, "接收纳管", organisation="JJ", branch="JJ-1")
    story.agree(stage="settled")


def _come_home(story: _Story) -> None:
    for days_ago in (75, 45):
        story.at_host("record-contact", days_ago, "每月联系", organisation="JJ-1", channel="VISIT")
    story.at_home("return", 30, "返回", organisation="MQ-1")
    story.at_home("hold-return-education", 28, "回归教育", organisation="MQ-1")
    story.agree(stage="closed", closed_reason="RETURNED")


def _leave_for_good(story: _Story) -> None:
    story.at_home("depart", 20, "再次离开", organisation="MQ-1", destination={"region": AWAY})
    story.agree(stage="awaiting_check_in")
    story.at_host("check-in", 19, "报到", organisation="JJ", region=AWAY, channel="WORKER")
    story.at_host("accept", 18, "接收纳管", organisation="JJ", branch="JJ-1")
    story.agree(stage="settled")
    story.at_home("request-transfer", 10, "申请转接组织关系", organisation="MQ-1", to_organisation="JJ-1")
    story.at_home("approve-transfer", 9, "同意转出", organisation="MQ")
    letter = f"样例介〔{story.today.year}〕{secrets.randbelow(10_000)}号"
    story.at_home("issue-transfer-letter", 8, "开具介绍信", organisation="MQ", letter_number=letter)
    story.agree(stage="settled")
    story.at_host("accept-transfer", 1, "接收转入", organisation="JJ-1")
    story.at_host("return-receipt", 0, "寄回回执", organisation="JJ-1")
    story.agree(stage="closed", closed_reason="TRANSFERRED")
