"""The name by which engines used to import the Flask extension; it stays."""

from signaltape.integrations.flask import SignalTape

__all__ = ["SignalTape"]
