"""Which layers help: lift with its interval, a second opinion, and the weights that follow from both.

`stored` reads what layers said, `lift` and `regression` are the statistics, `findings` puts them side by side,
`weights` nudges, `rules` keeps the versions of weights, `simulation` measures how often this is right.
"""
