"""How a message looks on a phone, as one HTML file."""
