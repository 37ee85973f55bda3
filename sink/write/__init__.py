"""From decoded events to rows: COPY, duplicates, conflicts, partitions of records."""
