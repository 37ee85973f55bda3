"""Paper orders: every plan followed bar by bar, price lines that ring, outcomes for engines that only publish."""
