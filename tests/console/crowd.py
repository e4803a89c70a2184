"""A service that strains its pages: ten thousand on one roster, names as long as names get, and offices with nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from domain.times import local_day
from infra.database.embedded import EmbeddedPostgres
from infra.tokens.principal import Role
from tests.running_service import Running, service_on_fresh_database, synthetic_identity_number

ROWS = 10_000
WRONG = 120
COUNTY, ELSEWHERE = "620621", "620102"
COMMITTEE, BRANCH, EMPTY = "MQ", "MQ-1", "MQ-2"
STREET = "CG"
LONG = "阿卜杜热西提·麦麦提吐尔逊江·样例"
_LONG_COMMITTEE = "中国共产党民勤县大滩镇驻福建省泉州市晋江市流动党员综合服务中心联合委员会（样例）"
_LONG_BRANCH = "中共民勤县大滩镇外出务工人员驻晋江市陈埭镇国际鞋纺城流动党员临时支部委员会（样例）"
_LATIN = "Jinjiang Internationalfootwearandtextiletradingcentre Liaison Station of Mobile Members (sample)"
_UPLOAD = 8_000_000
_PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Crowd:
    """The service, who signs in to it by token, and what is there: a member with a long story, registers, venues."""

    running: Running
    member: str
    register: str
    venue: str
    code: str
    link: str
    tokens: dict[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        return self.running.url

    def upload(self, content: bytes, name: str, *, dry_run: bool = True) -> str:
        """Let the secretary send a register; returns its id at once."""
        return uploaded(self.running, content, name, dry_run=dry_run)


@contextmanager
def gathered(postgres: EmbeddedPostgres, home: Path) -> Iterator[Crowd]:
    """Serve it until the context ends: made through the API, in a few seconds."""
    with service_on_fresh_database(postgres, home, max_upload_bytes=_UPLOAD) as running:
        department = running.department
        department.organise(COMMITTEE, COUNTY, kind="COMMITTEE", name=_LONG_COMMITTEE)
        department.organise(BRANCH, COUNTY, parent=COMMITTEE, name=_LONG_BRANCH)
        department.organise(EMPTY, COUNTY, parent=COMMITTEE, name="中共民勤县大滩镇新设支部委员会（样例）")
        department.organise(STREET, ELSEWHERE, kind="COMMITTEE", name=_LATIN)
        department.organise(f"{STREET}-1", ELSEWHERE, parent=STREET, name="中共兰州市城关区样例社区流动党员支部委员会")
        today = local_day(running.service.now_us)
        member = storied(running, today)
        register = uploaded(running, register_of(today), _REGISTER, dry_run=False)
        done(running, register)
        venue, code, link = opened(running)
        department.ask("/v1/rosters", region="000000", limit=1)
        tokens = {
            name: running.as_role(role, subject=f"crowd-{name}", **place).token
            for name, (role, place) in (_PEOPLE | {"member": (Role.MEMBER, {"member": member})}).items()
        }
        yield Crowd(running, member, register, venue, code, link, tokens)


def storied(running: Running, today: date) -> str:
    """Register somebody with a long name, whose liaison called every week for two years."""
    department = running.department
    member = department.register(BRANCH, name=LONG)

    def day(ago: int) -> str:
        return (today - timedelta(days=ago)).isoformat()

    department.command(member, "depart", day(760), organisation=BRANCH, destination={"region": ELSEWHERE})
    department.command(member, "check-in", day(750), organisation=STREET, region=ELSEWHERE, channel="WORKER")
    department.command(member, "accept", day(749), organisation=STREET, branch=f"{STREET}-1")
    for ago in range(740, 0, -7):
        points = dict.fromkeys(("BASICS", "SINCE_WHEN", "WHERE", "WORK", "WELLBEING"), True)
        department.command(member, "record-contact", day(ago), organisation=STREET, channel="PHONE", points=points)
    return member


def register_of(today: date, *, rows: int = ROWS, wrong: int = WRONG) -> bytes:
    """Write a register of the branch: everybody left within four months, the day of some is none."""
    head = "姓名,公民身份号码,党员类别,流出党支部,流出时间,流出原因,流入地"
    lines = [head]
    for count in range(rows):
        day = today - timedelta(days=1 + count % 120)
        left = f"{day.year}-13-{day.day:02}" if count < wrong else day.isoformat()
        name = f"测试{LONG[count % 9]}" if count % 10 else f"{LONG[:9]}·{LONG[count % 9]}"
        place = ("兰州城关", "成都锦江", "晋江市")[count % 3]
        lines.append(f"{name},{synthetic_identity_number()},正式党员,{BRANCH},{left},务工,{place}")
    return "\n".join(lines).encode("utf-8-sig")


def uploaded(running: Running, content: bytes, name: str, *, dry_run: bool) -> str:
    """Send a register as the secretary, to be worked on when its turn comes."""
    secretary = running.as_role(Role.BRANCH_SECRETARY, organisation=BRANCH, subject="crowd-secretary")
    answer = secretary.http.post(
        "/v1/imports",
        files={"file": (name, content)},
        data={"dry_run": str(dry_run).lower()},
        headers={"Idempotency-Key": str(uuid4()), "Prefer": "respond-async"},
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["import_id"])


def done(running: Running, import_id: str) -> None:
    """Await the end of an import."""
    secretary = running.as_role(Role.BRANCH_SECRETARY, organisation=BRANCH, subject="crowd-secretary")
    until = time.monotonic() + _PATIENCE_SECONDS
    while (run := secretary.ask(f"/v1/imports/{import_id}"))["state"] != "done":
        assert run["state"] != "failed", run
        assert time.monotonic() < until, run
        time.sleep(0.05)
    running.latest = running.service.kiteline.log.max_notification_id() or 0


def opened(running: Running) -> tuple[str, str, str]:
    """Open a venue whose name is long in letters without a gap; returns its id, its code's, and the link."""
    worker = running.as_role(Role.COMMUNITY_WORKER, organisation=STREET, subject="crowd-worker")
    venue = worker.record("/v1/venues", name=_LATIN, region=ELSEWHERE, kind="STATION")["stream"]
    code = worker.record(f"/v1/venues/{venue}/codes")
    return venue, code["code_id"], code["link"]


@contextmanager
def under_way(crowd: Crowd) -> Iterator[str]:
    """Let the secretary try a register, and hold it up on its way: nothing more of its progress is written down."""
    today = local_day(crowd.running.service.now_us)
    register = crowd.upload(register_of(today, rows=12_000, wrong=0), _REGISTER)
    secretary = crowd.running.as_role(Role.BRANCH_SECRETARY, organisation=BRANCH, subject="crowd-secretary")
    until = time.monotonic() + _PATIENCE_SECONDS
    while not (run := secretary.ask(f"/v1/imports/{register}"))["rows_read"]:
        assert run["state"] in ("waiting", "running"), run
        assert time.monotonic() < until, run
    with psycopg.connect(_database_of(crowd.running)) as connection:
        connection.execute("LOCK TABLE register_import IN EXCLUSIVE MODE")
        yield register
    done(crowd.running, register)


@contextmanager
def a_table_is_missing(running: Running) -> Iterator[None]:
    """Let what the operator's page asks for fail in a way that nobody foresaw."""
    with psycopg.connect(_database_of(running), autocommit=True) as connection:
        connection.execute("ALTER TABLE operator_act RENAME TO operator_act_lost")
        try:
            yield
        finally:
            connection.execute("ALTER TABLE operator_act_lost RENAME TO operator_act")


@contextmanager
def a_table_is_locked(running: Running) -> Iterator[None]:
    """Let what the operator's page asks for take longer than any request may."""
    with psycopg.connect(_database_of(running)) as connection:
        connection.execute("LOCK TABLE operator_act IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def the_database_is_away(running: Running) -> Iterator[None]:
    """Let nobody connect to the service's database, and end whoever did."""
    url = _database_of(running)
    name = conninfo_to_dict(url)["dbname"]
    with psycopg.connect(make_conninfo(url, dbname="kiteline"), autocommit=True) as connection:
        admitted = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        connection.execute(admitted.format(sql.Identifier(str(name)), sql.SQL("false")))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            connection.execute(admitted.format(sql.Identifier(str(name)), sql.SQL("true")))


def _database_of(running: Running) -> str:
    url = running.service.settings.database_url
    assert url is not None
    return url


_REGISTER = "民勤县大滩镇2026年第三季度流出党员登记台账（含外出务工人员，定稿第三版，请勿外传）-final-reviewed.csv"
_PEOPLE: dict[str, tuple[Role, dict[str, str]]] = {
    "secretary": (Role.BRANCH_SECRETARY, {"organisation": BRANCH}),
    "worker": (Role.COMMUNITY_WORKER, {"organisation": STREET}),
    "department": (Role.ORGANISATION_DEPARTMENT, {"region": COUNTY}),
    "auditor": (Role.AUDITOR, {"region": "000000"}),
    "operator": (Role.OPERATOR, {"region": "000000"}),
    "liaison": (Role.LIAISON, {"organisation": BRANCH}),
    "newcomer": (Role.BRANCH_SECRETARY, {"organisation": EMPTY}),
    "elsewhere": (Role.ORGANISATION_DEPARTMENT, {"region": "540000"}),
    "empty-worker": (Role.COMMUNITY_WORKER, {"organisation": f"{STREET}-1"}),
}
