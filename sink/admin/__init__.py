"""What is done to the tables by hand or at a release: migrations, rebuilding, counting, keeping."""
