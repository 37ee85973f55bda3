"""Flask: the emitter as an extension, so that every view reaches it as `tape`.

    from signaltape.integrations.flask import SignalTape
    tape = SignalTape()

    def create_app():
        app = Flask(__name__)
        tape.init_app(app)
        return app

    tape.published(signal_id=..., ...)        # inside a request or an app context

    tape.init_app(app, http=HttpHooks())      # measures every endpoint, too: see signaltape.http

By itself it never touches a response: no header, no cookie, no byte of a body. With `http`, each hook that is asked
for does what it says, and no more. Outside of an app context nothing is recorded (and the log says so); nothing raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, SupportsFloat

from flask import Flask, current_app

from signaltape.emitter import Emitter
from signaltape.http.hooks import HttpHooks
from signaltape.notices import Notices
from signaltape.settings import Settings

_NAME = "signaltape"
_OFF = Emitter(Settings(feature_event_logging=False))
_notices = Notices()


class SignalTape:
    """The extension. `app.extensions["signaltape"]` holds the app's Emitter.

    app: initialise this app at once (else call `init_app`).
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(
        self, app: Flask, settings: Settings | None = None, *, http: HttpHooks | None = None
    ) -> None:
        """Give `app` an Emitter. `app.config["SIGNALTAPE_SETTINGS"]` or `settings` replace the environment.

        http: the hooks around its answers, or `app.config["SIGNALTAPE_HTTP"]`; none without. Raises SettingsError if
        one of them cannot be used as it is asked for.
        """
        emitter = app.extensions[_NAME] = Emitter(settings or app.config.get("SIGNALTAPE_SETTINGS"))
        hooks = http or app.config.get("SIGNALTAPE_HTTP")
        if hooks is not None:
            from signaltape.integrations.flask_http import install  # only for those who ask for it

            install(app, emitter, hooks)

    @property
    def emitter(self) -> Emitter:
        """The Emitter of the current app; one that is off where there is no app context, or init_app was not called."""
        try:
            emitter: Emitter = current_app.extensions[_NAME]
        except (RuntimeError, KeyError):
            _notices.say("context", "not recorded: no app context here, or init_app was not called")
            return _OFF
        return emitter

    def published(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """See `Emitter.published`."""
        return self.emitter.published(event, **fields)

    def triggered(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """See `Emitter.triggered`."""
        return self.emitter.triggered(event, **fields)

    def invalidated(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """See `Emitter.invalidated`."""
        return self.emitter.invalidated(event, **fields)

    def closed(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """See `Emitter.closed`."""
        return self.emitter.closed(event, **fields)

    def measure(self, kind: str, name: str, /, **figures: SupportsFloat) -> bool:
        """See `Emitter.measure`."""
        return self.emitter.measure(kind, name, **figures)
