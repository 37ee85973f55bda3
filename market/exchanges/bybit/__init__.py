"""Bybit, API v5, linear perpetuals. Sources: https://bybit-exchange.github.io/docs/v5/intro."""
