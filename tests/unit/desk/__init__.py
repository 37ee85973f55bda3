"""The desk's pure core."""
