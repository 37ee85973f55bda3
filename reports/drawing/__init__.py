"""The scorecard as a picture and a PDF."""
