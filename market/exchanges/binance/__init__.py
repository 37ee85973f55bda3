"""Binance, USD-M futures: perpetuals. Sources: https://developers.binance.com/docs/derivatives/usds-margined-futures."""
