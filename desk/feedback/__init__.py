"""What people make of alerts: thumbs, Took and Skipped, as buttons and reactions; every click kept, the last one wins."""
