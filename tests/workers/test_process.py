"""The process of a worker: its event loop, and its garbage collector."""

import gc

import uvloop

from gizwits_async.workers.process import few_collections, new_event_loop


def test_a_worker_runs_on_uvloop_and_leaves_the_garbage_collector_as_it_was() -> None:
    """What was loaded is not looked at again while it runs; afterwards all is as before."""
    loop, before = new_event_loop(), gc.get_threshold()
    loop.close()
    gc.unfreeze()  # The suite freezes what it has loaded.
    assert isinstance(loop, uvloop.Loop)
    with few_collections():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] >= 20_000
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before
