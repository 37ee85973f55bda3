"""The guard's objectives as Prometheus rules, and what Prometheus and Alertmanager are configured by.

`python -m deploy.prometheus` writes `rules.yml` and `alertmanager.yml` out of `guard/rules.toml`: one source, one
meaning.
"""
