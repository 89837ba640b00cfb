"""Asyncio client for the Gizwits (机智云) Enterprise API: the public names, nothing else."""
