"""From the journals to Redis: `link` speaks to the server, `journal` ships one journal, `fleet` all of a home.

`forgetting` decides whether the server still has what it was given.

`thread` runs a fleet inside the engine, `service` as a process of its own (`signaltape ship`).
"""
