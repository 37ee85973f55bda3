"""A model of a Redis or Valkey server, as far as the product asks anything of one: no threads, no clock of its own."""
