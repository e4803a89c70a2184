"""Sends one message to one subscriber: to an address that was looked at, in bounded time, following nothing."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from infra.webhooks.targets import AllowedTargets, Resolve, Target, TargetRefused, look_up

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

SECONDS: Final = 20.0
"""The longest that one attempt takes, from looking the name up to the status line."""
_CONNECT_SECONDS: Final = 5.0
_DRAIN_SECONDS: Final = 1.0
_MOST_ANSWER: Final = 65_536
_GONE: Final = 410
CONTENT_TYPE: Final = "application/cloudevents+json"
_HEADERS: Final = {"content-type": CONTENT_TYPE, "user-agent": "Kiteline-Webhooks/1.0", "accept": "*/*"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one attempt: a status, or the code of what kept us from getting one.

    Nothing else of an answer is kept: who reads the log of deliveries learns nothing from inside a network.
    """

    status: int | None
    error: str | None
    seconds: float
    retry_after: str | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_unwanted(self) -> bool:
        """Whether the receiver asked for no more (410)."""
        return self.status == _GONE


class Sender:
    """Sends to one target; keeps its connections, which no other target shares, until closed."""

    def __init__(
        self,
        target: Target,
        allowed: AllowedTargets,
        *,
        names: Executor,
        tls: ssl.SSLContext,
        resolve: Resolve = look_up,
        seconds: float = SECONDS,
    ) -> None:
        """Look names up on the threads of `names`: a resolver that hangs holds up nothing else."""
        self.target = target
        self.used_at = time.monotonic()
        self._allowed = allowed
        self._names = names
        self._resolve = resolve
        self._seconds = seconds
        # No proxy and no .netrc of the environment; the time of a whole attempt is bounded in `post`.
        self._client = httpx.AsyncClient(
            verify=tls,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=2, max_keepalive_connections=1),
        )

    async def post(self, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Make one attempt; whatever goes wrong is in its answer."""
        began = self.used_at = time.monotonic()
        status, error, again = None, None, None
        try:
            async with asyncio.timeout(self._seconds):
                status, again = await self._posted(headers, body)
        except (TimeoutError, httpx.TimeoutException):
            error = "timeout"
        except TargetRefused as refused:
            error = refused.code
        except httpx.ConnectError as failure:
            error = "tls_failed" if _is_tls(failure) else "connection_failed"
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError):
            error = "connection_lost"
        self.used_at = time.monotonic()
        return Attempt(status, error, self.used_at - began, again)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _posted(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str | None]:
        loop = asyncio.get_running_loop()
        addresses = await loop.run_in_executor(self._names, self._allowed.permitted, self.target, self._resolve)
        for address in addresses[:-1]:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._posted_to(address, headers, body)
        return await self._posted_to(addresses[-1], headers, body)

    async def _posted_to(self, address: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str | None]:
        """Send to an address; the certificate is still checked against the name."""
        target = self.target
        url = httpx.URL(scheme=target.scheme, host=address, port=target.port, raw_path=target.path.encode("ascii"))
        request = self._client.build_request(
            "POST",
            url,
            headers={"host": target.authority, **_HEADERS, **headers},
            content=body,
            extensions={"sni_hostname": target.host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            await _drained(answer)
        finally:
            await answer.aclose()
        return answer.status_code, answer.headers.get("retry-after")


async def _drained(answer: httpx.Response) -> None:
    """Read what little comes with an answer, so that the connection serves again; its status is known by now."""
    with contextlib.suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            taken = 0
            async for chunk in answer.aiter_raw():
                taken += len(chunk)
                if taken > _MOST_ANSWER:
                    return


def _is_tls(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
