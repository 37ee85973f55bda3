"""Boards for Grafana 11.6 and later: pipeline, objectives, key figures; from Prometheus and from Postgres views.

`python -m deploy.grafana` writes the JSON files beside this out of `boards`.
"""
