"""Paper orders that follow every plan bar by bar, lines that ring, outcomes of engines that only publish."""
