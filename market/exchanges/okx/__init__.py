"""OKX, API v5: perpetual swaps. Sources: https://www.okx.com/docs-v5/en/."""
