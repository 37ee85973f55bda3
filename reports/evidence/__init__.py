"""What the data can actually support: a verdict of three on "a higher score wins more often".

`statistics` holds the tests, `verdict` the decision, `pooling` several weeks as one, `simulation` measures how
often the decision is right.
"""
