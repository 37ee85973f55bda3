"""CoinAPI over REST: what one of its exchanges trades, asked for every few seconds. Sources: https://docs.coinapi.io."""
