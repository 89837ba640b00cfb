"""What goes wrong on demand: the rules, and their effects on replies and sockets."""
