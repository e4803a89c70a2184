"""The thread that sends webhooks, in a process whose role it is: one process at a time leads.

All that it knows stands in the database, so that whoever leads next goes on where this one was. An event answered with
2xx whose answer was not kept, because the process or the database died in between, is sent again with the same id.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import httpx
import psycopg

from consumers.webhooks.delivering import Means, deliver
from consumers.webhooks.progress import LEAD
from infra.database.connections import connect_pool, connection_options
from infra.logs import get_logger
from infra.metrics import WEBHOOK_BEHIND, WEBHOOK_SUBSCRIPTIONS
from infra.webhooks.sealed_keys import configured_seal
from infra.webhooks.sending import SECONDS, Sender
from infra.webhooks.subscriptions import KEPT_DAYS, Subscription, counted, due, forget_deliveries
from infra.webhooks.targets import AllowedTargets, Resolve, look_up, read_target
from projections.region_feeds import NEWS

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from uuid import UUID

    from infra.recording.application import Kiteline
    from infra.settings import Settings

_log = get_logger(__name__)
_LISTEN: Final = f"LISTEN {NEWS}"
_LOOK_SECONDS: Final = 0.5
_GATHER_SECONDS: Final = 0.05
"""Announcements that come faster are looked at together."""
_RETRY_SECONDS: Final = 1.0
_FINISH_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 30.0
_STALE_SECONDS: Final = 30.0
_COUNT_SECONDS: Final = 5.0
_FORGET_SECONDS: Final = 3_600.0
_IDLE_SECONDS: Final = 60.0
_AT_ONCE: Final = 500
_STATUSES: Final = ("active", "paused", "exhausted", "gone")


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


class Webhooks:
    """Runs until closed; `state` is the part of readiness."""

    def __init__(  # noqa: PLR0913 - each has a default that serves
        self,
        kiteline: Kiteline,
        database_url: str,
        settings: Settings,
        *,
        sound: Callable[[], bool] = lambda: True,
        clock: Callable[[], datetime] = utc_now,
        resolve: Resolve = look_up,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """Start at once; the database may be away. Raises MasterKeyFailure."""
        self._kiteline = kiteline
        self._url = database_url
        self._seal = configured_seal(settings)
        self._allowed = AllowedTargets.read(settings.webhook_allowed_targets)
        self._sound, self._clock, self._resolve, self._seconds = sound, clock, resolve, seconds
        # The system's certificates, or those of SSL_CERT_FILE.
        self._tls = tls or httpx.create_ssl_context()
        self._names = ThreadPoolExecutor(8, "webhook names")
        self._questions = ThreadPoolExecutor(4, "webhook questions")
        self._pool = connect_pool(database_url, role="writer", max_size=4, name="kiteline webhooks")
        self._senders: dict[UUID, Sender] = {}
        self._failed_at = float("-inf")
        self._leading = False
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="webhooks", daemon=True)
        self._thread.start()

    @property
    def state(self) -> str:
        """`ok`, or `failing` while what it last tried failed a moment ago; what receivers answer is not our state."""
        return "failing" if time.monotonic() - self._failed_at < _STALE_SECONDS else "ok"

    @property
    def leading(self) -> bool:
        """Whether this process sends."""
        return self._leading

    def close(self) -> None:
        """Stop after the attempts under way, or some seconds."""
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_SECONDS)
        self._names.shutdown(wait=False, cancel_futures=True)
        self._questions.shutdown()
        self._pool.close()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        while not self._stop.is_set():
            try:
                await self._candidate()
            except Exception as error:  # noqa: BLE001 - the database away: tried again
                self._failed_at = time.monotonic()
                _log.warning("webhooks not sent, trying again", kind=type(error).__name__, exc_info=error)
            await self._rest()

    async def _candidate(self) -> None:
        # A database that went away took the pool's connections along: one by one they would each fail a question.
        await self._loop.run_in_executor(self._questions, self._pool.check)
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, options=connection_options("writer"), connect_timeout=5,
            application_name="kiteline webhooks leader",
        )  # fmt: skip
        async with connection:
            while not self._stop.is_set():
                cursor = await connection.execute(LEAD)
                row = await cursor.fetchone()
                if row is not None and row[0]:
                    break
                await self._rest()
            self._leading = True
            try:
                await self._lead(connection)
            finally:
                self._leading = False

    async def _rest(self, seconds: float = _RETRY_SECONDS) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _lead(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Send while the connection, and with it the lock, lives."""
        await connection.execute(_LISTEN)
        tasks: dict[UUID, asyncio.Task[None]] = {}
        means = Means(
            self._kiteline, self._seal, self._ask, self._clock, self._sound, self._stop, asyncio.Semaphore(_AT_ONCE)
        )
        counted_at = forgot_at = float("-inf")
        try:
            while not self._stop.is_set():
                looked = time.monotonic()
                await self._start(means, tasks)
                self._failed_at = float("-inf")
                if time.monotonic() - counted_at > _COUNT_SECONDS:
                    counted_at = time.monotonic()
                    _tell(await self._ask(counted))
                    await self._let_go(tasks)
                if time.monotonic() - forgot_at > _FORGET_SECONDS:
                    forgot_at = time.monotonic()
                    await self._ask(forget_deliveries, self._clock() - timedelta(days=KEPT_DAYS))
                async for _ in connection.notifies(timeout=_LOOK_SECONDS, stop_after=1):
                    await self._rest(looked + _GATHER_SECONDS - time.monotonic())
        finally:
            await self._end(tasks)

    async def _start(self, means: Means, tasks: dict[UUID, asyncio.Task[None]]) -> None:
        """Begin to deliver what is due and not under way."""
        for one in [one for one, task in tasks.items() if task.done()]:
            _notice(tasks.pop(one))
        if not self._sound():
            return
        for one in await self._ask(due, self._clock()):
            if one.subscription_id not in tasks:
                task = asyncio.create_task(deliver(means, one, self._sender(one)))
                tasks[one.subscription_id] = task

    def _sender(self, one: Subscription) -> Sender:
        sender = self._senders.get(one.subscription_id)
        if sender is None:
            sender = self._senders[one.subscription_id] = Sender(
                read_target(one.url), self._allowed, names=self._names, tls=self._tls, resolve=self._resolve,
                seconds=self._seconds,
            )  # fmt: skip
        return sender

    async def _let_go(self, tasks: dict[UUID, asyncio.Task[None]]) -> None:
        """Close connections that nothing was sent over for a while."""
        before = time.monotonic() - _IDLE_SECONDS
        for one in [one for one, sender in self._senders.items() if one not in tasks and sender.used_at < before]:
            await self._senders.pop(one).close()

    async def _end(self, tasks: dict[UUID, asyncio.Task[None]]) -> None:
        """Let attempts under way end where we stop; who has lost the lock ends them at once."""
        running = [task for task in tasks.values() if not task.done()]
        if running and self._stop.is_set():
            await asyncio.wait(running, timeout=_FINISH_SECONDS)
        for task in running:
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        for sender in self._senders.values():
            await sender.close()
        self._senders.clear()

    async def _ask(self, question: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 - what the question answers
        return await self._loop.run_in_executor(self._questions, self._asked, question, args)

    def _asked(self, question: Callable[..., Any], args: tuple[object, ...]) -> Any:  # noqa: ANN401 - as above
        with self._pool.connection() as connection:
            return question(connection, *args)


def _tell(counts: dict[str, tuple[int, int]]) -> None:
    for status in _STATUSES:
        WEBHOOK_SUBSCRIPTIONS.labels(status).set(counts.get(status, (0, 0))[0])
    WEBHOOK_BEHIND.set(counts.get("active", (0, 0))[1])


def _notice(task: asyncio.Task[None]) -> None:
    """Say what ended a delivery that should not have ended so; it is begun again with the next look."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("webhook delivery broke off, trying again", kind=type(error).__name__, exc_info=error)
