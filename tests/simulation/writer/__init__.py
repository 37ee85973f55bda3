"""The real batch writer against a real PostgreSQL: two workers at once, one statement at a time, by a seed.

`script` makes the batches, `sessions` and `players` cut the work of a worker into statements, `stage` says who goes on
and what goes wrong, `holding` holds the tables against the model, `running.run` is one run.
"""
