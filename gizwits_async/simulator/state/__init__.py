"""What the simulated service knows: its fleet, users, groups, tokens, contexts and quota."""
