"""What an event is: its declaration, its exact and its fast checks, its codec, its JSON Schema."""
