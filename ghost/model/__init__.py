"""What becomes of a plan, from bars alone: pure, exact, without a clock. docs/ghost.md states it."""
