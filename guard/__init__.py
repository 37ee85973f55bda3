"""The guard: objectives of the engine and of signaltape, what is left of error budgets, and their alerts."""
