"""What a replayed engine emitted, beside what was recorded: where they part, and what became of each signal."""
