"""One quota and one login for the processes of a machine, in a file: exact, safe after `kill -9`."""

import asyncio
import errno
import fcntl
import json
import logging
import os
import signal
import stat
import sys
import threading
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path

import pytest

from gizwits_async.errors import QuotaWaitError
from gizwits_async.models.authorization import Token
from gizwits_async.options import Lane
from gizwits_async.quota import SharedQuota, SharedTokenStore
from gizwits_async.quota.ledger import PAGE_SIZE
from gizwits_async.quota.shared import locks
from gizwits_async.quota.shared.address import path_of
from gizwits_async.quota.shared.page_file import PageFile
from tests.doubles import now, virtually
from tests.quota.servers import EPOCH

GRAB = """
import asyncio, json, sys, time
from gizwits_async.errors import QuotaWaitError
from gizwits_async.quota import SharedQuota

async def main(url, seconds):
    quota = SharedQuota.from_url(url, "eid", calls=2000, initial=0)
    granted, end = 0, time.monotonic() + seconds
    print("ready", flush=True)
    while time.monotonic() < end:
        try:
            await quota.acquire(max_wait=0)
            quota.observe(None)
            granted += 1
        except QuotaWaitError:
            break
    print(json.dumps([granted, quota._bucket.counter.granted]), flush=True)
    await quota.aclose()

asyncio.run(main(sys.argv[1], float(sys.argv[2])))
"""
"""A process that takes all interactive permits it can get."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a file that does not exist yet."""
    return f"file://{tmp_path}/quota"


@pytest.fixture(params=["flock", "sqlite"])
def any_lock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use each kind of lock; SQLite's as on a platform without `flock`."""
    if request.param == "sqlite":
        monkeypatch.setattr(locks, "fcntl", None)


def shared(url: str, **settings: object) -> SharedQuota:
    """Return a quota on the clock of the running event loop."""
    return SharedQuota.from_url(url, "eid", monotonic=now, **settings)  # type: ignore[arg-type]


async def known(url: str) -> None:
    """Begin a file whose books go back for two windows."""
    quota = shared(url)
    await quota.acquire()
    quota.observe(None)
    await asyncio.sleep(2 * 3700)
    await quota.aclose()


async def grab(url: str, seconds: float) -> asyncio.subprocess.Process:
    """Start a process that takes permits."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GRAB, url, str(seconds), stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    assert await worker.stdout.readline() == b"ready\n"
    return worker


def age(url: str) -> None:
    """Make the books of the file go back for a day: nothing was spent."""
    path = path_of(url)
    assert path is not None
    quota = SharedQuota.from_url(url, "eid", calls=2000, initial=0)
    asyncio.run(quota.acquire())  # Bulk would wait half a minute for an hour that is not known.
    bucket = quota._bucket
    assert bucket._file.lock()
    bucket.counter.header[5] = -1e9
    bucket._file.unlock()
    asyncio.run(quota.aclose())


async def test_four_processes_take_exactly_what_there_is(url):
    """Of 2,000 permits of an unused hour four processes take 2,000 together, one of them begun by us."""
    await asyncio.to_thread(age, url)
    workers = [await grab(url, 20) for _ in range(4)]
    counts = [json.loads((await worker.communicate())[0]) for worker in workers]
    assert sum(granted for granted, _ in counts) == 1999
    assert max(total for _, total in counts) == 2000


async def test_a_killed_process_leaves_its_books_whole(url):
    """After `kill -9` in mid-grant the file holds what was granted, and the others go on."""
    await asyncio.to_thread(age, url)
    for _ in range(5):
        worker = await grab(url, 20)
        await asyncio.sleep(0.01)
        worker.send_signal(signal.SIGKILL)
        await worker.communicate()
    quota = SharedQuota.from_url(url, "eid", calls=2000, initial=0)
    bucket = quota._bucket
    assert bucket._file.lock()
    assert 0 < bucket.window == sum(bucket.counter._counts) == bucket.counter.granted <= 2000
    bucket._file.unlock()
    await quota.aclose()


@pytest.mark.usefixtures("any_lock")
def test_processes_share_one_window(url):
    """What one takes the other lacks, and both know what was spent before they began."""

    async def main():
        await known(url)
        one, two = shared(url), shared(url)
        for quota in [one, two] * 1800:
            await quota.acquire(max_wait=0)
            quota.observe(None)
        with pytest.raises(QuotaWaitError, match="the hour is used up until") as refusal:
            await one.acquire(max_wait=60)
        await one.aclose()
        await two.aclose()
        return refusal.value.retry_after

    assert virtually(main()) == pytest.approx(3612, abs=16)


@pytest.mark.usefixtures("any_lock")
def test_a_new_process_knows_what_was_spent(url):
    """500 bulk calls of a new process take under a minute where the books allow it."""

    async def main():
        await known(url)
        start = now()
        quota = shared(url)
        await asyncio.gather(*(quota.acquire(Lane.BULK) for _ in range(500)))
        await quota.aclose()
        return now() - start

    assert virtually(main()) < 60


def test_headers_that_one_process_read_count_for_all(url):
    """A crowd of 200 goes at once over two new workers, of which only one has read a reply."""

    async def main() -> list[float]:
        one, two = shared(url), shared(url)
        await one.acquire()
        reset = str(int(EPOCH) + 1800)
        headers = {"date": formatdate(EPOCH, usegmt=True), "x-ratelimit-reset": reset}
        one.observe({**headers, "x-ratelimit-remaining": "3599", "x-ratelimit-limit": "3600"})
        waits = [one.acquire(max_wait=2.0) for _ in range(100)]
        waits += [two.acquire(max_wait=2.0) for _ in range(100)]
        await asyncio.gather(*waits)
        took = now()
        await asyncio.sleep(1800)
        late = two.snapshot().next_in[Lane.INTERACTIVE]
        await one.aclose()
        await two.aclose()
        return [took, late]

    took, late = virtually(main())
    assert took < 1
    assert late == 0


def test_a_refusal_stops_all_processes(url):
    """A 5013 of one process makes the others wait, and go by the bucket afterwards."""

    async def main():
        await known(url)
        one, two = shared(url), shared(url)
        await one.acquire()
        one.observe({}, refused=True)
        start = now()
        await two.acquire()
        two.observe({})
        paused = now() - start
        crowd = [asyncio.create_task(two.acquire()) for _ in range(100)]
        await asyncio.sleep(1)
        at_once = sum(task.done() for task in crowd)
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        await one.aclose()
        await two.aclose()
        return paused, at_once

    paused, at_once = virtually(main())
    assert paused == pytest.approx(60, abs=0.1)
    assert at_once <= 25


def test_a_restart_of_the_machine_keeps_the_books(url):
    """The monotonic clock begins at zero; what was spent ages by the time the machine was off."""
    wall = [1_800_000_000.0]

    async def spend() -> None:
        await known(url)
        quota = shared(url, wall=lambda: wall[0])
        for _ in range(3600):
            await quota.acquire(max_wait=0)
            quota.observe(None)
        await quota.aclose()

    async def after() -> float:
        quota = shared(url, wall=lambda: wall[0])
        with pytest.raises(QuotaWaitError) as refusal:
            await quota.acquire(max_wait=60)
        await quota.aclose()
        return refusal.value.retry_after or 0.0

    virtually(spend())
    wall[0] += 1000
    assert virtually(after()) == pytest.approx(3612 - 1000, abs=16)


def test_only_its_user_reads_the_files(url, tmp_path):
    """Quota and tokens are files of mode 0600, whatever the umask; no secret is in the quota's."""

    async def main():
        quota, tokens = shared(url), SharedTokenStore.from_url(url)
        await quota.acquire()
        await tokens.save("key", Token(token="secret-token", expires_at=2_000_000_000))
        await quota.aclose()

    before = os.umask(0)
    try:
        virtually(main())
    finally:
        os.umask(before)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["quota", "quota.tokens"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert files[0].stat().st_size == PAGE_SIZE


def test_enterprises_share_a_file_but_no_quota(url):
    """Each enterprise has a page of its own."""

    async def main():
        one = shared(url)
        other = SharedQuota.from_url(url, "another", monotonic=now)
        for quota in (one, other, one):
            await quota.acquire()
            quota.observe(None)
        counts = one._bucket.window, other._bucket.window
        await one.aclose()
        await other.aclose()
        return counts

    assert virtually(main()) == (2, 1)


def test_a_file_of_another_kind_is_kept(url, tmp_path):
    """What stands in the file already is not overwritten: pages are added after it."""
    (tmp_path / "quota").write_bytes(b"x" * 5000)

    async def main():
        quota = shared(url)
        await quota.acquire()
        await quota.aclose()

    virtually(main())
    assert (tmp_path / "quota").read_bytes()[:PAGE_SIZE] == b"x" * PAGE_SIZE


def test_without_its_file_a_process_counts_for_itself(tmp_path, caplog):
    """A folder that is missing is one warning; calls go on by the books of the process."""

    async def main():
        quota = shared(f"file://{tmp_path}/missing/quota")
        for _ in range(60):
            await quota.acquire(max_wait=0)
            quota.observe(None)
        await quota.aclose()

    with caplog.at_level(logging.WARNING, "gizwits_async.quota"):
        virtually(main())
    assert [record.message.split(":")[0] for record in caplog.records] == ["quota.degraded"]
    assert str(tmp_path) not in caplog.text


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_file_that_can_be_used_again_is_used_again(url, from_the_start, monkeypatch, caplog):
    """Within seconds, without a restart, and with the permits that were granted meanwhile."""
    broken = [from_the_start]
    lock = PageFile.lock

    def sometimes(file: PageFile) -> bool:
        if broken[0]:
            raise OSError(errno.EACCES, "Permission denied")
        return lock(file)

    monkeypatch.setattr(PageFile, "lock", sometimes)

    async def take(quota: SharedQuota, calls: int) -> None:
        for _ in range(calls):
            await quota.acquire(max_wait=0)
            quota.observe(None)

    async def main() -> int:
        if not from_the_start:
            await known(url)
        one, two = shared(url), shared(url)
        if not from_the_start:
            await take(one, 30)
            broken[0] = True
        await take(one, 10)
        await take(two, 20)
        broken[0] = False
        await asyncio.sleep(6)
        await take(one, 1)
        await take(two, 1)
        seen = two.snapshot().remaining
        await one.aclose()
        await two.aclose()
        return 3600 - seen

    with caplog.at_level(logging.WARNING, "gizwits_async.quota"):
        assert virtually(main()) == (32 if from_the_start else 62)
    assert [record.message.split(";")[0].split(" (")[0] for record in caplog.records] == [
        *(["quota.degraded: its file cannot be used"] * 2),
        *(["quota.degraded over: its file can be used again"] * 2),
    ]


def test_a_fork_takes_no_lock_along(url):
    """A forked process opens the file anew: a lock taken by one keeps the other out."""

    async def main():
        quota = shared(url)
        await quota.acquire()
        file = quota._bucket._file
        assert file.lock()
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            os._exit(0 if not file.lock() else 1)
        status = os.waitpid(child, 0)[1]  # noqa: ASYNC222 - it ends at once
        file.unlock()
        await quota.aclose()
        return os.waitstatus_to_exitcode(status)

    assert virtually(main()) == 0


@pytest.mark.parametrize(
    "url",
    ["file://host/quota", "file:///", "file:quota/", "file:///folder/", "file://", "file:///a%00b"],
)
def test_a_url_without_a_file_is_refused(url):
    """A file URL names a file of this machine."""
    with pytest.raises(ValueError, match="file:///PATH"):
        SharedQuota.from_url(url, "eid")
    with pytest.raises(ValueError, match="file:///PATH"):
        SharedTokenStore.from_url(url)


def test_a_path_may_hold_any_character(tmp_path):
    """Spaces and other characters are written as in any URL."""
    assert path_of("file:///a%20folder/%E9%85%8D%E9%A2%9D") == "/a folder/配额"
    assert path_of("file:///C:/folder/quota") == "C:/folder/quota"
    assert path_of("redis://localhost") is None


class TestTokens:
    """One login for the processes of a machine."""

    TOKEN = Token(token="t" * 20, expires_at=1_900_000_000)

    async def test_what_one_saves_another_loads(self, url):
        """A token is found by other processes, and forgotten only if it is still that one."""
        one, two = SharedTokenStore.from_url(url), SharedTokenStore.from_url(url)
        assert await two.load("key") is None
        await one.save("key", self.TOKEN)
        await one.save("other", self.TOKEN)
        assert await two.load("key") == self.TOKEN
        await two.discard("key", Token(token="older", expires_at=1))
        assert await one.load("key") == self.TOKEN
        await two.discard("key", self.TOKEN)
        assert await one.load("key") is None
        assert await one.load("other") == self.TOKEN

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 5}', '{"key": "{"}', "\0" * 100])
    async def test_a_corrupt_file_holds_no_token(self, url, tmp_path, content):
        """A file that cannot be read is as good as none, and is replaced by the next token."""
        (tmp_path / "quota.tokens").write_text(content)
        store = SharedTokenStore.from_url(url)
        assert await store.load("key") is None
        await store.save("key", self.TOKEN)
        assert await store.load("key") == self.TOKEN

    @pytest.mark.usefixtures("any_lock")
    async def test_one_renewal_at_a_time(self, url):
        """Two processes never log in at once."""
        stores = [SharedTokenStore.from_url(url) for _ in range(3)]
        inside = most = 0

        async def renew(store: SharedTokenStore) -> None:
            nonlocal inside, most
            async with store.renewing("key"):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.01)
                inside -= 1

        await asyncio.gather(*(renew(store) for store in stores))
        assert most == 1

    async def test_without_a_folder_nothing_raises(self, tmp_path):
        """Where no file can be written there is no token, and no error either."""
        store = SharedTokenStore.from_url(f"file://{tmp_path}/missing/quota")
        await store.save("key", self.TOKEN)
        await store.discard("key", self.TOKEN)
        assert await store.load("key") is None
        async with store.renewing("key"):
            pass
        await store.aclose()


async def test_a_file_that_is_locked_or_emptied_grants_no_more(tmp_path: Path) -> None:
    """Books that could not be begun, or are gone, are those of a new process: credit for 60 calls."""
    path = tmp_path / "quota"
    path.touch(mode=0o600)
    quota = SharedQuota.from_url(f"file://{path}", "eid", calls=3600)
    held = path.open("r+b")
    fcntl.flock(held, fcntl.LOCK_EX)
    first = asyncio.ensure_future(quota.acquire(max_wait=30))
    await asyncio.sleep(0)
    fcntl.flock(held, fcntl.LOCK_UN)
    held.close()
    await first
    for _ in range(2):
        granted = 0
        with suppress(QuotaWaitError):
            for _ in range(300):
                await quota.acquire(max_wait=0)
                granted += 1
        assert granted <= 61
        os.truncate(path, 0)
    await quota.aclose()


def test_a_database_lock_serves_one_thread_after_another(tmp_path: Path) -> None:
    """An event loop of another thread may go on with it, and its failures are `OSError`s."""
    lock = locks.DatabaseLock(str(tmp_path / "lock.db"))
    assert lock.acquire()
    lock.release()
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(lock.acquire()))
    thread.start()
    thread.join()
    assert found == [True]
    lock.close()
    with pytest.raises(OSError, match="closed"):
        lock.release()
