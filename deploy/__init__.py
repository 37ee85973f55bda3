"""Running signaltape: embedded servers, the demo engine, examples."""
