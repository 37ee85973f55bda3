"""The guard: rules over what engines and signaltape measure of themselves, error budgets, and alerts that ring once."""
