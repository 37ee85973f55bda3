"""`python -m deploy.examples.engine_flask`: the example engine as a process of its own."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import click
from msgspec.structs import replace
from werkzeug.serving import WSGIRequestHandler, make_server

from deploy.examples.engine_flask.app import HOOKS, create_app
from deploy.examples.engine_flask.pulse import keep_beating
from signaltape import Emitter
from signaltape.commands.command import begin_command
from signaltape.errors import SettingsError
from signaltape.http import Cors, Limit, keys_from_file
from signaltape.stopping import stop_on_signals


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: what there is to know of requests is measured."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8300, show_default=True, help="0 for any that is free.")
@click.option(
    "--control", type=click.Path(path_type=Path), help="The JSON file of its switches; read as it changes."
)
@click.option("--keys", type=click.Path(path_type=Path), help="The TOML file of clients that may ask.")
@click.option("--rate", default="100/second", show_default=True, help="How often one may ask.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="A page that may read the answers, such as https://desk.example.",
)
def main(
    host: str, port: int, control: Path | None, keys: Path | None, rate: str, origins: tuple[str, ...]
) -> None:
    """Serve /api/signal/SYMBOL, /api/orderflow/SYMBOL and /health until it is stopped.

    Records on the tape with FEATURE_EVENT_LOGGING=true. The first line says where it listens.
    """
    begin_command()
    try:
        hooks = replace(
            HOOKS,
            limit=Limit(rate=rate, free=frozenset({"/health"})),
            keys=None if keys is None else keys_from_file(keys),
            cors=Cors(origins=frozenset(origins)) if origins else None,
        )
        app = create_app(control=control, hooks=hooks)
        listener = socket.create_server((host, port))
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}"
        ) from None
    tape: Emitter = app.extensions["signaltape"]
    stop = stop_on_signals()
    server = make_server(host, port, app, threaded=True, request_handler=_Quiet, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
    click.echo(f"listening on http://{host}:{listener.getsockname()[1]}")
    keep_beating(tape, app.extensions["switches"], app.extensions["pulse"], stop)
    server.shutdown()
    listener.close()
    tape.close()


if __name__ == "__main__":
    main()
