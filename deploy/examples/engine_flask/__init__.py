"""A small engine with a Flask API: hooks, headers, limits, and the quality of its data."""
