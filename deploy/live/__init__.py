"""`make live`: the whole product on one machine, fed by a demo engine that relives January 2022 as if it were now.

`happenings` says what the engine records in each minute of the market, `relived` at which moment and under which id,
`place` where it is, `engine` is its process; `processes` and `settled` run and end all the others.
"""
