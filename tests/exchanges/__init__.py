"""Exchanges on this machine: real servers that speak the wire formats of OKX v5, Bybit v5, Binance's futures and
CoinAPI, written from their documentation, and misbehave on command.

Nothing here imports the product: the formats are written down a second time, on the other end of the wire.
"""
