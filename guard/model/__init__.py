"""What rings, since when and for how long, from measurements alone: pure, without a clock. docs/guard.md states it."""
