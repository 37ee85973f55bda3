"""Batch after batch: write, then acknowledge; through every outage of Redis and of what is written to."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from consumer.consumer import Consumer
from consumer.entry import DecodedBatch, Decoding
from consumer.heartbeat import Heartbeat
from consumer.limits import Limits
from consumer.link import RedisError
from consumer.prefetcher import Prefetcher
from consumer.writing import SinkUnavailable, Target, Writing
from signaltape.shipping.backoff import Backoff

log = logging.getLogger("signaltape")

B = TypeVar("B", bound=DecodedBatch)

#: How long one thread computes before another may go on (CPython: 5 ms). The thread that writes mostly waits for the
#: server and needs the interpreter only for a moment, several times a batch; each time it would wait this long for the
#: thread that decodes, and the server with it.
_SWITCH_INTERVAL_S = 0.0005


def tune_interpreter() -> None:
    """Suit this process to moving batches: threads take turns sooner, garbage is looked for less often.

    A batch holds very many objects and no cycles: the collector would look through them again and again for nothing.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


class Loop(Generic[B]):
    """Moves entries from the stream to a target until stopped.

    make_consumer: a consumer for one thread (there are three: reading, acknowledging, heartbeat).
    target: where to write; its name stands in the log.
    stop: set it to finish the batch in flight, acknowledge it and leave.
    """

    def __init__(
        self,
        make_consumer: Callable[[], Consumer],
        target: Target[B],
        decoding: Decoding[B],
        stop: threading.Event,
        limits: Limits,
    ) -> None:
        self._make_consumer = make_consumer
        self._target = target
        self._decoding = decoding
        self._stop = stop
        self._limits = limits

    def run(self, *, once: bool = False) -> None:
        """Work until stopped; with `once`, until the stream is drained.

        With `once`, raises the first error of Redis, and SinkUnavailable: at once if the target is away, at the end
        if it refused entries, which stay pending. Otherwise waits for ever.
        """
        reading, acknowledging = self._make_consumer(), self._make_consumer()
        heartbeat = Heartbeat(self._make_consumer(), self._limits.claim_idle_ms)
        ahead = Prefetcher(reading, self._decoding, self._limits, self._stop, once=once)
        writing = Writing(self._target, self._decoding, self._stop, ahead.is_no_crash, once=once)
        # Acknowledged beside the writing of the next batch, one at a time and in order.
        beside = ThreadPoolExecutor(1, thread_name_prefix="acknowledge")
        last: Future[None] | None = None
        orderly = False

        def acknowledge(ids: dict[str, list[str]]) -> None:
            try:
                self._acknowledge(acknowledging, ids, once=once)
            except BaseException as error:
                ahead.fail(error)
                raise
            ahead.done()

        heartbeat.start()
        ahead.start()
        try:
            while (handed := ahead.next_batch()) is not None:
                written = writing.write(handed)
                if written.aside:
                    ahead.set_aside(written.aside, isolated=handed.isolated)
                if last is not None:
                    last.result()
                last = beside.submit(acknowledge, written.ids)
            if last is not None:
                last.result()
            if once and writing.refusal is not None:
                raise writing.refusal
            orderly = True
        except (SinkUnavailable, *RedisError):
            orderly = True
            raise
        finally:
            self._stop.set()  # else an acknowledgement would wait for a Redis that is away, and the end for that
            beside.shutdown()
            ahead.abandon()
            heartbeat.stop()
            if orderly:
                self._leave(reading)
            reading.close()
            acknowledging.close()
            self._target.close()

    def _acknowledge(self, consumer: Consumer, ids: dict[str, list[str]], *, once: bool) -> None:
        """Acknowledge what is written. If that fails, it comes again and is dropped as duplicate."""
        backoff = Backoff()
        while True:
            try:
                consumer.acknowledge(ids)
                return
            except RedisError as error:
                consumer.disconnect()
                if once:
                    raise
                wait_s = backoff.next_s()
                log.warning("cannot acknowledge, trying again in %.1f s: %s", wait_s, error)
                if self._stop.wait(wait_s):
                    return

    def _leave(self, consumer: Consumer) -> None:
        try:
            consumer.give_back()
            consumer.leave()
        except RedisError as error:
            log.info("left without signing off: %s", error)
