"""Asking a provider over HTTP: one question, one answer within its time, and a bound on its size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import aiohttp
import msgspec

from market.exchanges.errors import RateLimited, RequestFailed, RequestRefused
from market.exchanges.pace import Pace
from market.exchanges.patience import Patience
from signaltape.showing import describe, show

Answer = TypeVar("Answer")
#: The longest lists of instruments have some megabytes.
MOST_BYTES = 32 * 1024 * 1024
_CHUNK = 64 * 1024
_DEFAULT_WAIT_S, _LONGEST_WAIT_S = 5.0, 3600.0
_TOO_MANY = (418, 429)  # 418: one who went on after being told 429
_LAST_OK, _FIRST_BROKEN = 299, 500
#: CoinAPI's own: it has no data of what was asked for, and is well.
_NO_DATA = 550


class Got(NamedTuple):
    """An answer as it came. Its status is below 500, and no complaint about too many questions."""

    status: int
    body: bytes


class Rest:
    """The HTTP side of one provider."""

    def __init__(
        self,
        provider: str,
        base: str,
        session: aiohttp.ClientSession,
        patience: Patience,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._provider = provider
        self._base = base.rstrip("/")
        self._session = session
        self._patience = patience
        self._headers = dict(headers or {})
        self._pace = Pace(patience.ask_s)

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Got:
        """When it is its turn. Raises RequestFailed, or RateLimited."""
        await self._pace.wait()
        try:
            async with asyncio.timeout(self._patience.request_s):
                return await self._ask(path, params)
        except TimeoutError as error:
            raise RequestFailed(
                f"{self._provider} did not answer {path} in {self._patience.request_s:g} s"
            ) from error
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise RequestFailed(f"{self._provider} gave no answer to {path}: {describe(error)}") from error

    async def _ask(self, path: str, params: Mapping[str, str | int] | None) -> Got:
        asked = self._session.get(
            self._base + path, params=params, headers=self._headers, allow_redirects=False
        )
        async with asked as response:
            if response.status in _TOO_MANY:
                raise RateLimited(f"{self._provider} was asked too often", _wait_s(response.headers))
            if response.status >= _FIRST_BROKEN and response.status != _NO_DATA:
                raise RequestFailed(f"{self._provider} answered {path} with status {response.status}")
            return Got(response.status, await self._body(response))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > MOST_BYTES:
                raise RequestFailed(f"{self._provider} sent more than {MOST_BYTES} bytes")
        return bytes(body)

    def read(self, got: Got, form: type[Answer]) -> Answer:
        """An answer in its form. Raises RequestFailed for what is not in it, RequestRefused for 4xx and 550."""
        if got.status > _LAST_OK:
            raise RequestRefused(f"{self._provider} answered with status {got.status}: {show(got.body)}")
        return self.decode(got.body, form)

    def decode(self, body: bytes, form: type[Answer]) -> Answer:
        """As `read`, whatever the status was."""
        try:
            return msgspec.json.decode(body, type=form)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise RequestFailed(f"{self._provider} sent no answer but {show(body)}") from error


def _wait_s(headers: Mapping[str, str]) -> float:
    """What `Retry-After` says in seconds, within reason."""
    said = headers.get("Retry-After", "")
    if not (said.isascii() and said.isdigit() and len(said) < len("1000000")):
        return _DEFAULT_WAIT_S
    return min(float(said), _LONGEST_WAIT_S)
