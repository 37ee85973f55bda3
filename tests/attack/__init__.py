"""The attack suite: property tests over everything that something from outside reaches.

Each says one promise for whatever an engine, a producer in another language, an environment, a command line, a Bot API
or a disk may hand in: nothing raises that may not, nothing leaks, nothing hangs, and what emit accepts ends as a row.
`hostile` makes the values, `run` runs commands, `way` is the whole way to Postgres, `effort` says how much is tried.
"""
