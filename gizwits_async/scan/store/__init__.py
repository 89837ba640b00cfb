"""Where a scan keeps its rows and how far it came: in memory, or in a SQL database."""
