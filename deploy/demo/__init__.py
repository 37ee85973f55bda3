"""The demo: a small deterministic confluence engine over real candles, and the whole way behind it.

`candles` reads and resamples, `indicators` computes, `layers` judges one bar, `trade` walks a signal through the
later candles, `engine` ties them together and records through the public Emitter, `pipeline` runs every station.
"""
