"""The ground that a simulation stands on: one seeded scheduler, and stand-ins for clock, threads, disk and network.

`scheduler` runs tasks and moves time, `machines` has machines and processes that can be killed, `threads`, `clocks`,
`files` and `network` stand in for the modules of the standard library that the product touches, and `substitution` puts
them into its modules.
"""
