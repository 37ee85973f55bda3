"""Long work for others: put into a queue, carried out by `python -m replay serve` in a process for each."""
