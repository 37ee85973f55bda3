"""A small TCP proxy in front of a server: it can cut, freeze, slow down, split, and be pointed at another server."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any

_CHUNK = 65536
#: What so many entries are added with at once is a batch of a shipper.
_ENTRIES_OF_A_BATCH = 8
#: The server has worked through the first half of a batch by then.
_HALF_DONE_S = 0.05


class Proxy:
    """Forwards 127.0.0.1:`port` to a Unix socket. Runs in a thread of its own.

    target: path of the server's socket; may be changed at any time, for connections made from then on.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.port = 0
        self._frozen = False
        self._delay_s = 0.0
        self._away = False
        self._splits: list[Callable[[], object]] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        """Begin listening on a free port."""
        self._thread.start()
        self._do(self._listen())

    def stop(self) -> None:
        """End everything."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def freeze(self, frozen: bool = True) -> None:
        """Swallow all traffic without closing anything (a half-open connection), or flow again."""
        self._frozen = frozen

    def slow(self, delay_s: float) -> None:
        """Hold every chunk back for this long."""
        self._delay_s = delay_s

    def split_next_batch(self, between: Callable[[], object]) -> None:
        """Let the first half of the next batch of XADDs through, call `between`, then let the second half through."""
        self._splits.append(between)

    def split_no_more(self) -> None:
        """Let whole batches through again."""
        self._splits.clear()

    def away(self) -> None:
        """The server is out of reach: every connection breaks, and so does every new one."""
        self._away = True
        self.cut()

    def back(self) -> None:
        """It can be reached again."""
        self._away = False

    def cut(self) -> None:
        """Close every connection now."""
        self._do(self._cut())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self._away:
                raise ConnectionError
            server_reader, server_writer = await asyncio.open_unix_connection(self.target)
            self._writers.add(server_writer)
            await asyncio.gather(
                self._pump(reader, server_writer, splits=self._splits), self._pump(server_reader, writer)
            )
            self._writers.discard(server_writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        splits: list[Callable[[], object]] | None = None,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                if self._frozen:
                    continue  # gone for ever: the other side waits for it in vain
                if splits and data.count(b"XADD") >= _ENTRIES_OF_A_BATCH:
                    data = await self._send_half(data, writer, splits.pop(0))
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    async def _send_half(
        self, data: bytes, writer: asyncio.StreamWriter, between: Callable[[], object]
    ) -> bytes:
        """Send the first half, call `between`; the half that is left."""
        middle = len(data) // 2
        writer.write(data[:middle])
        await writer.drain()
        await asyncio.sleep(_HALF_DONE_S)
        await asyncio.to_thread(between)
        return data[middle:]
