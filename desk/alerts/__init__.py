"""An alert: what an engine said of it, its reference, and how it is shown."""
