"""The endpoints: one module a chapter of the API document, in its order."""
