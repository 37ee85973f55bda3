"""Defects that the simulation must find: patches to the present tree, and the hunt for them.

    <room>/<name>.patch    one defect: what it is, which world finds it, what it breaks, then a unified diff
    elsewhere.toml         faults that no order of events brings out, and the tests that hold them; defects that
                           break nothing, and why
    catalogue.py           reads the patches
    tree.py                a copy of the source tree with one of them in it
    hunt.py                runs a world on such a copy until it finds something
    findings.py            what became of a hunt
    showing.py             the table of what was found, for a terminal and for Markdown

`python -m tests.simulation.mutations` hunts all of them.
"""
