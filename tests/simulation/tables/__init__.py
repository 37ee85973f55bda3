"""A model of Postgres at the writer's boundary, for worlds in which the worker runs as it is.

`database.ModelDatabase` is what is committed, and the faults; its `connect` stands in for `sink.db.connect`, and
`writer.ModelWriter` for `sink.write.writer.BatchWriter`.
"""
