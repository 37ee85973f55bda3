"""From the journals to Redis: `link` speaks to the server, `journal` ships one journal, `fleet` all of a home.

`thread` runs a fleet inside the engine, `service` as a process of its own (`signaltape ship`).
"""
