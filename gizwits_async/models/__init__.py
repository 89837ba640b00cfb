"""What the service answers, as frozen attrs classes: one module a chapter of the API document."""
