"""Endpoints of the simulated service, one module a chapter of the API document."""
