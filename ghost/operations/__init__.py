"""What a person can do with ghosts: settings in, structs out, errors typed."""
