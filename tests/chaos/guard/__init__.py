"""The guard in trouble: killed again and again, and every alert of its rules fired for real."""
