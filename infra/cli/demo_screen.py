"""What the demo prints once it answers: addresses, a token, five questions worth asking, a history worth replaying."""

from __future__ import annotations

import http.client
import os
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.demo.marker import Marker
    from infra.settings import Settings

_LOOK_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 300.0
_OK: Final = 200
_PAST_DAYS: Final = 150
_QUESTION: Final = "/v1/lifecycle?region=000000&min_position={position}"


@dataclass(frozen=True, slots=True)
class Question:
    """A question worth asking over HTTP: its path, and what its answer shows."""

    path: str
    zh: str
    en: str


def questions(marker: Marker) -> list[Question]:
    """Return five questions about the data that the marker describes."""
    today = date.fromisoformat(marker.today)
    past = (today - timedelta(days=_PAST_DAYS)).replace(day=1) - timedelta(days=1)
    known = marker.heads.get(f"{past:%Y-%m}", marker.events)
    month = f"{today - timedelta(days=240):%Y-%m}"
    return [
        Question(
            "/v1/rosters?region=620621&side=outflow&limit=3",
            "民勤现在谁在外：支部、去向、阶段、最近联系、是否逾期",
            "who is away from 民勤 now: branch, place, stage, last contact, overdue",
        ),
        Question(
            f"/v1/rosters?region=510104&side=inflow&as_of={past}&known_at={known}&limit=3",
            f"锦江在 {past} 的流入名册，只按日志当时（第 {known} 位）所知；去掉 known_at 就是现在所知",
            f"who was in 锦江 on {past}, as the log knew it then; without known_at, as known now",
        ),
        Question(
            "/v1/lifecycle?region=620000",
            "甘肃全省的行前、途中、回归三个视图，各阶段人数与逾期",
            "the three views of Gansu: pre-departure, in transit, return, with what is overdue",
        ),
        Question(
            "/v1/worklist?organisation=620821&limit=3",
            "泾川县及以下各组织今天该办什么、谁办、何时到期",
            "what 泾川 and all below it owe today: what, for whom, until when",
        ),
        Question(
            f"/v1/flows?level=province&month={month}",
            f"{month} 各省之间的流动，与花名册对得上",
            f"flows between provinces in {month}; they add up to the rosters",
        ),
    ]


def print_screen(
    settings: Settings, marker: Marker, base: str, token: str, say: Callable[[str], object] = print
) -> None:
    """Print everything worth trying on a service that answers at `base`."""
    command = _command(settings)
    say("")
    say(f"风筝线已就绪 Kiteline is ready   {base}")
    say(f"  控制台 console {base}/   选一位虚构人员登录 sign in as one of the synthetic persons")
    say(f"  文档 docs     {base}/docs")
    say(f"  健康 health   {base}/readyz   {base}/livez")
    say(f"  指标 metrics  {base}/metrics")
    say(f"  台账 registers {settings.home / 'demo' / 'registers'}")
    say("")
    say("令牌（组织部，全国）A token of an organisation department for the whole demo; others by:")
    say(f"  {command} token --role branch_secretary --organisation 620621-01-01")
    say(f"export TOKEN={token}")
    say("")
    for question in questions(marker):
        say(f"# {question.zh}\n# {question.en}")
        say(f"""curl -s -H "Authorization: Bearer $TOKEN" '{base}{question.path}'""")
    say("")
    if marker.story is not None:
        say(f"值得回放的一生 A history worth replaying（{marker.story_told}）:")
        say(f"  {command} replay {marker.story}")
    say("")
    say("Ctrl-C 停止全部 stops everything.")


def await_answers(host: str, port: int, token: str, position: int, stopped: Callable[[], bool]) -> bool:
    """Wait until the service answers with read models that have reached a position; tell whether it came to that."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and not stopped():
        if _answers(host, port, token, position):
            return True
        time.sleep(_LOOK_SECONDS)
    return False


def _answers(host: str, port: int, token: str, position: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", _QUESTION.format(position=position), headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return answer.status == _OK


def _command(settings: Settings) -> str:
    """Write how this program is called from where the person stands, with the home if it is not the default there."""
    program = Path(sys.argv[0])
    here = os.path.relpath(program) if program.is_absolute() else str(program)
    shown = here if not here.startswith("..") else str(program)
    home = "" if settings.home == Path(".kiteline").absolute() else f"KITELINE_HOME={settings.home} "
    return f"{home}{shown}"
