"""The peer of S11: an endpoint as FastAPI's users write one, that verifies a JWT, parses a model and inserts one row.

Nothing is decided, nothing is loaded, no event is told to anybody. Run as a program it serves until it is terminated.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jwt import JWTClaimsRegistry
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

from infra.settings import Settings
from infra.tokens.key_sources import LocalKeys

TABLE = """
CREATE TABLE contact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id uuid NOT NULL, occurred_at timestamptz NOT NULL, channel text NOT NULL, organisation text,
    actor text NOT NULL, key text NOT NULL, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (actor, key)
)
"""
_INSERT = """
INSERT INTO contact (member_id, occurred_at, channel, organisation, actor, key)
VALUES (%s, %s, %s, %s, %s, %s) RETURNING id, recorded_at
"""
_CONNECTIONS = 16


class Contact(BaseModel):
    """What is sent."""

    occurred_at: datetime
    channel: Literal["PHONE", "MESSAGE", "VIDEO", "VISIT", "ACTIVITY"]
    organisation: str | None = None


class Recorded(BaseModel):
    """What is answered."""

    id: int
    member_id: UUID
    recorded_at: datetime
    contact: Contact


def application(url: str, key: ECKey, issuer: str, audience: str) -> FastAPI:
    """Make the application over its database."""
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        url, min_size=_CONNECTIONS, max_size=_CONNECTIONS, open=False, kwargs={"autocommit": True}
    )
    expected = JWTClaimsRegistry(
        iss={"essential": True, "value": issuer}, aud={"essential": True, "value": audience}, exp={"essential": True}
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pool.open()
        yield
        await pool.close()

    app = FastAPI(lifespan=lifespan)

    async def caller(authorization: Annotated[str, Header()]) -> dict[str, Any]:
        try:
            token = jwt.decode(authorization.removeprefix("Bearer "), key, algorithms=["ES256"])
            expected.validate(token.claims)
        except JoseError as error:
            raise HTTPException(401) from error
        return token.claims

    @app.post("/v1/members/{member_id}/record-contact", status_code=201)
    async def record_contact(
        member_id: UUID,
        contact: Contact,
        claims: Annotated[dict[str, Any], Depends(caller)],
        idempotency_key: Annotated[str, Header()],
    ) -> Recorded:
        organisation = contact.organisation or claims.get("organisation")
        values = (member_id, contact.occurred_at, contact.channel, organisation, claims["sub"], idempotency_key)
        async with pool.connection() as connection:
            cursor = await connection.execute(_INSERT, values)
            row = await cursor.fetchone()
        if row is None:
            raise HTTPException(500)
        return Recorded(id=row[0], member_id=member_id, recorded_at=row[1], contact=contact)

    return app


def main() -> None:
    """Serve: URL of the database, folder of the keys, port."""
    url, home, port = sys.argv[1:]
    settings = Settings(home=Path(home))
    key = ECKey.import_key(LocalKeys(settings.home).signing_key.as_dict(private=False))
    app = application(url, key, settings.token_issuer, settings.token_audience)
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
