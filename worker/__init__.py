"""Stream to sink: read, validate, write, acknowledge.

`decoding` turns entries into events or dead letters, `consumer` speaks to the consumer group, `read_ahead`
fetches the next batch while Postgres works on this one, `loop` ties them together.
"""
