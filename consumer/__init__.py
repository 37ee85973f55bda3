"""The other end of the stream: reading in a group, taking over, isolating poison, acknowledging, trimming, decoding.

Workers and archivers stand on it. An engine that only emits installs nothing of this.
"""
