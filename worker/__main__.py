"""`python -m worker`: run, `status`, `dead-letters`."""

from __future__ import annotations

import logging
from typing import Any

import click

from consumer.consumer import Consumer
from consumer.limits import Limits
from consumer.link import RedisError
from consumer.loop import tune_interpreter
from consumer.names import Slot, consumer_name
from consumer.partitions import keys_beyond
from consumer.writing import SinkUnavailable
from signaltape.clock import utc_now
from signaltape.commands.command import begin_command, usable_folder
from signaltape.errors import SettingsError
from signaltape.measures import serve_measures
from signaltape.redis_client import redis_client
from signaltape.settings import Secret, Settings
from signaltape.stopping import stop_on_signals
from signaltape.stream import WORKER_GROUP, stream_keys
from signaltape.terminal import Screen, print_json
from sink.db import DatabaseError, connect, database_url, one_line
from worker.arguments import TEXT, json_option
from worker.dead_letters import dead_letters
from worker.loop import Worker
from worker.metrics import worker_parts
from worker.status import whole_status
from worker.status_screen import show_status

_DEFAULTS = Limits()


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--once", is_flag=True, help="Drain the stream, then exit (exit code 1 if a server is away).")
@click.option("--name", type=TEXT, help="Consumer name. Default: $DYNO, or machine name and a free number.")
@click.option(
    "--batch", type=click.IntRange(1, 100_000), default=_DEFAULTS.max_entries, show_default=True,
    help="Entries in one transaction at most.",
)  # fmt: skip
@click.option(
    "--max-age-ms", type=click.IntRange(0, 60_000), default=_DEFAULTS.max_age_ms, show_default=True,
    help="How long a batch may gather.",
)  # fmt: skip
@click.option(
    "--claim-idle-ms", type=click.IntRange(100, 86_400_000), default=_DEFAULTS.claim_idle_ms, show_default=True,
    help="Take over entries that another worker has held for longer.",
)  # fmt: skip
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Serve Prometheus metrics on 127.0.0.1.")
@click.pass_context
def main(
    context: click.Context,
    once: bool,
    name: str | None,
    batch: int,
    max_age_ms: int,
    claim_idle_ms: int,
    metrics_port: int | None,
) -> None:
    """Move events from the Redis Stream to Postgres. Reads REDIS_URL and DATABASE_URL.

    Runs until SIGTERM or Ctrl-C: then the batch in hand is finished and acknowledged.
    """
    begin_command()
    if context.invoked_subcommand is not None:
        return
    settings, redis_url, database = _settings(writes=True)
    slot = Slot(settings.home / "worker")
    consumer = name or consumer_name(settings.dyno, slot)
    keys = stream_keys(settings.stream, settings.partitions)
    beyond = keys_beyond(settings.stream, settings.partitions)
    stop = stop_on_signals()
    limits = Limits(batch, max_age_ms, claim_idle_ms, settings.stream_retention_s, settings.stream_max_bytes)
    worker = Worker(lambda: Consumer(redis_url, consumer, keys, WORKER_GROUP, beyond), database, stop, limits)
    logging.getLogger("worker").info("consumer %s on %s", consumer, ", ".join(keys))
    try:
        parts = worker_parts(redis_client(redis_url), database, settings, lambda: worker.total)
        stop_metrics = serve_measures(metrics_port, "worker", parts)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    tune_interpreter()
    try:
        done = worker.run(once=once)
    except SinkUnavailable as error:
        raise click.ClickException(str(error)) from None
    except RedisError as error:
        raise click.ClickException(f"Redis: {error}") from None
    finally:
        stop_metrics()
    click.echo(
        f"stored {done.stored}, duplicates {done.duplicates}, conflicts {done.conflicts}, "
        f"dead letters {done.dead}"
    )


@main.command()
@json_option
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=28, show_default=True,
    help="Count stored events and orphans of so many days.",
)  # fmt: skip
def status(as_json: bool, days: int) -> None:
    """Show lag, pending entries, consumers, journals, and what Postgres holds."""
    settings, redis_url, database = _settings()
    client: Any = redis_client(redis_url)
    try:
        with connect(database, name="signaltape-status") as connection:
            found = whole_status(client, connection, settings, utc_now(), days)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except DatabaseError as error:
        raise click.ClickException(f"Postgres: {one_line(error)}") from None
    except RedisError as error:
        raise click.ClickException(f"Redis: {error}") from None
    finally:
        client.close()
    if as_json:
        print_json(found)
    else:
        show_status(Screen(), found, settings)


main.add_command(dead_letters)


def _settings(*, writes: bool = False) -> tuple[Settings, Secret, Secret]:
    try:
        settings = Settings.from_env()
        if settings.redis_url is None:
            raise SettingsError("REDIS_URL is not set: export REDIS_URL=redis://host:6379/0")
        if writes:
            usable_folder("SIGNALTAPE_HOME", settings.home)
        return settings, settings.redis_url, database_url(settings)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


if __name__ == "__main__":
    main()
