"""The operations of the API document, one module a chapter, and what they share."""
