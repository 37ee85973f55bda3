"""Sessions: everything recorded in a span, built, kept, played and reprocessed."""
