"""Readers of frames with a few swaps, for tests."""

from __future__ import annotations

from decimal import Decimal

from market.exchanges.binance import frames as binance
from market.exchanges.bybit import frames as bybit
from market.exchanges.dialect import Reader
from market.exchanges.okx import frames as okx

RECEIVED_US = 1_700_000_000_123_456


def okx_reader() -> Reader:
    return okx.Frames(
        {
            "BTC-USDT-SWAP": okx.Swap("BTC-USDT-SWAP", "BTC", Decimal("0.01")),
            "LTC-USDT-SWAP": okx.Swap("LTC-USDT-SWAP", "LTC", Decimal(1)),
        }
    )


def bybit_reader() -> Reader:
    return bybit.Frames({"BTCUSDT": bybit.Swap("BTC-USDT-SWAP", "BTC")})


def binance_reader() -> Reader:
    return binance.Frames(
        {name: binance.Swap(f"{name.removesuffix('USDT')}-USDT-SWAP", "X") for name in ("BTCUSDT", "BNBUSDT")}
    )


READERS = {"okx": okx_reader, "bybit": bybit_reader, "binance": binance_reader}
