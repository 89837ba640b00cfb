"""The documentation: its pages, and the commands that build them."""
