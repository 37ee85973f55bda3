"""The commands that an engine installs: `signaltape ship|schema|emit|doctor|pause|resume|processes`."""
