"""What people make of alerts: thumbs, Took and Skipped. Every click is kept, the last one wins."""
