"""A real service on a real port over a real database, and callers that speak to it as people and systems do."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from api.server import Server
from api.service import Service, open_service
from domain.identity import make_identity_number
from infra.cli.serve import claimed_port
from infra.database.embedded import EmbeddedPostgres
from infra.settings import Settings
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Role

Answer = dict[str, Any]
logins_of_readers: dict[str, str] = {}
"""By the folder of its sockets, how a session's server is asked questions; whoever starts it says so."""
_numbers = count(1)
_PATIENCE = 30
"""How often a question is asked again that waited 2 s in vain: on a machine with much else to do."""


def synthetic_identity_number() -> str:
    """Make an identity number of region 99 that nobody in this session had before."""
    day, sequence = divmod(next(_numbers), 1000)
    return make_identity_number("990000", date(1970, 1, 1) + timedelta(days=day), sequence)


class Running:
    """A service that runs, and the tokens to speak to it."""

    def __init__(self, service: Service, url: str) -> None:
        """Name the service and where it listens."""
        self.service = service
        self.url = url
        self.latest = 0
        self._issuer = local_issuer(service.settings) if service.settings.token_jwks_url is None else None

    def as_role(
        self,
        role: Role | str,
        *,
        organisation: str | None = None,
        region: str | None = None,
        member: UUID | str | None = None,
        subject: str | None = None,
        language: str = "en",
    ) -> "Person":
        """Return somebody with a token of this role; without a `subject` somebody new."""
        assert self._issuer is not None, "tokens come from an outside issuer"
        token = self._issuer.mint(
            Role(role),
            organisation=organisation,
            region=region,
            member=None if member is None else UUID(str(member)),
            subject=subject,
            lifetime=3600,
        )
        return Person(self, token, language)

    @property
    def department(self) -> "Person":
        """Somebody who may do everything, everywhere."""
        return self.as_role(Role.ORGANISATION_DEPARTMENT, region="000000", subject="department")


@dataclass
class Person:
    """A caller: records with a key of its own each time, and reads what was written before."""

    running: Running
    token: str
    language: str = "en"
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        """Open connections of this caller's own."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": self.language}
        self.http = httpx.Client(base_url=self.running.url, headers=headers, timeout=30, trust_env=False)

    def post(self, path: str, body: object = None, *, key: str | None = None, **headers: str) -> httpx.Response:
        """Send a recording; headers by name, `if_match='"1"'`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.post(path, json=body, headers={"Idempotency-Key": key or str(uuid4()), **named})
        if answer.status_code in (200, 201) and "application/json" in answer.headers.get("content-type", ""):
            self.running.latest = max(self.running.latest, answer.json().get("position", 0))
        return answer

    def get(self, path: str, **parameters: object) -> httpx.Response:
        """Ask; the answer reflects everything that was recorded through this service so far.

        Told to come back because the read models are not there yet, it comes back, as a patient client does.
        """
        asked = {"min_position": self.running.latest, **parameters}
        chosen = {name: str(value) for name, value in asked.items() if value is not None}
        for _ in range(_PATIENCE):
            answer = self.http.get(path, params=chosen)
            if answer.status_code != 503 or int(chosen.get("min_position", 0)) > self.running.latest:
                break
        return answer

    def record(self, path: str, **body: object) -> Answer:
        """Record and return the answer; anything but 200 and 201 is an AssertionError that shows the problem."""
        answer = self.post(path, body)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def command(self, member_id: str, verb: str, occurred_at: str, **body: object) -> Answer:
        """Record a command of a member."""
        return self.record(f"/v1/members/{member_id}/{verb}", occurred_at=occurred_at, **body)

    def ask(self, path: str, **parameters: object) -> Answer:
        """Ask and return the answer; anything but 200 is an AssertionError that shows the problem."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def register(self, organisation: str, *, name: str = "测试甲", **body: object) -> str:
        """Register somebody new, and return their member id."""
        number = body.pop("identity_number", None) or synthetic_identity_number()
        answer = self.record("/v1/members", identity_number=number, name=name, organisation=organisation, **body)
        return str(answer["member_id"])

    def organise(
        self, code: str, region: str, *, parent: str | None = None, kind: str = "BRANCH", **body: object
    ) -> str:
        """Register an organisation, and return its code."""
        named = {"name": f"样例{code}", **body}
        self.record("/v1/organisations", code=code, kind=kind, region=region, parent=parent, **named)
        return code


def reader_of(database_url: str) -> str | None:
    """Return the reader's own login for a database of the session's server, None for one of another server."""
    named = conninfo_to_dict(database_url)
    login = logins_of_readers.get(str(named.get("host")))
    return None if login is None else login.replace("@/kiteline?", f"@/{named['dbname']}?")


@contextmanager
def running_service(home: Path, database_url: str, **settings: object) -> Iterator[Running]:
    """Serve on a free port until the context ends; stops as `kiteline serve` does."""
    reader = {"reader_database_url": reader_of(database_url)}
    chosen = Settings(home=home, database_url=database_url, **(reader | settings))  # type: ignore[arg-type]
    with ExitStack() as stack:
        listening = stack.enter_context(claimed_port(chosen, port=0))
        service = stack.enter_context(open_service(chosen, database_url))
        server = Server(service)
        thread = threading.Thread(target=server.run, args=([listening],), name="service")
        thread.start()
        try:
            yield Running(service, f"http://127.0.0.1:{listening.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def service_on_fresh_database(postgres: EmbeddedPostgres, home: Path, **settings: object) -> Iterator[Running]:
    """Serve on a database of its own, dropped at the end."""
    database = f"served_{uuid4().hex}"
    name = sql.Identifier(database)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE kiteline_template STRATEGY FILE_COPY").format(name))
        try:
            with running_service(home, postgres.url.replace("@/kiteline?", f"@/{database}?"), **settings) as running:
                yield running
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
