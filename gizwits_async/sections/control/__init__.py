"""Commands to devices: what is sent, how it is confirmed, and what counts as evidence."""
