"""The guard: objectives of the engine and of signaltape itself, what is left of their error budgets, and their alerts."""
