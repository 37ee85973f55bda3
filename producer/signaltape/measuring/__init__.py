"""What an engine measures of itself: histograms that can be added up, a recorder, its record on the tape."""
