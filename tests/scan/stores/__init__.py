"""Stores that earlier versions wrote; see `make.py`."""
