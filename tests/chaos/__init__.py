"""The fault matrix: break every part on purpose, under load, on real servers; then count every event.

`rig` runs servers and processes, `load` is the engine, `proxy` stands between clients and servers, `faults`
holds one function per fault, `audit` counts, `case` runs one fault, `python -m tests.chaos` all of them.
"""
