"""What the desk's room can do for a person: users entered and taken out, a drill of the panic button, coverage.

Plain functions for commands and pages. Each raises only errors of `signaltape.errors`, each of one line.
"""
