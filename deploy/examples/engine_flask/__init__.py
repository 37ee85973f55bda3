"""A small engine with a Flask API: hooks, headers, limits, the quality of its data. `python -m deploy.examples.engine_flask`."""
