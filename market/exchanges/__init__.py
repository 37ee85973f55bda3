"""The exchanges' own languages: one file a provider, all alike to the outside (`base.py`)."""
