"""How one call travels, from a frozen request to a frozen answer."""
