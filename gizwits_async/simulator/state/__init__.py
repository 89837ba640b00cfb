"""State of the simulated service: fleet, users, groups, tokens, contexts and quota."""
