"""What all peers share: a piece of work, its data and how it is timed. Needs NumPy alone."""
import collections
import ctypes
import importlib
import statistics
import time

SAMPLE_SECONDS = 2e-3
REPEAT = 16  # operations in one run of an overhead case

# Each is a module peer_NAME with a class Peer: see peer_numpy.py for the smallest one.
PEERS = "pytorch", "compiled", "jax", "numpy", "openblas", "onednn", "clblast", "arrayfire"

# run() does the work once, or puts it into a queue, and gives its result; finish() waits for all that was queued, once for a
# sample. `first` is what the first run gave, and `first_seconds` its time: training steps go on from one to the next.
Work = collections.namedtuple("Work", "run repeat finish first first_seconds", defaults=(1, None, None, None))


class Missing(Exception):
    """A peer is not installed; the text says what to install."""


def load(name, threads):
    """The peer of that name, or Missing."""
    try:
        return importlib.import_module("peer_" + name).Peer(threads)
    except ImportError as error:
        raise Missing(str(error)) from error


def keep_memory():
    """Has glibc's malloc keep what is freed, so that results need no fresh pages: each peer at its best."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return
    trim_threshold, mmap_max = -1, -4
    libc.mallopt(mmap_max, 0)
    libc.mallopt(trim_threshold, 2**31 - 1)


def library(*names, install):
    """A C library by the first of its names that is there."""
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise Missing(f"{names[0]} is not there: {install}")


def case_name(name):
    """What a case does, without its size: gelu_grad of gelu_grad_16M."""
    return name.rsplit("_", 1)[0]


def timed(work, calls=1):
    """The seconds of so many runs, and the last one's result."""
    start = time.perf_counter()
    for _ in range(calls):
        result = work.run()
    if work.finish:
        work.finish()
    return time.perf_counter() - start, result


def begun(work):
    """The work after its first run, with what that one compiles and chooses."""
    if work.first_seconds is not None:
        return work
    seconds, result = timed(work)
    return work._replace(first=result, first_seconds=seconds)


def fastest(*works):
    """The one of several ways to do the same work that is the fastest here."""
    def tried(work):
        work = begun(work)
        return min(timed(work)[0] for _ in range(3)), work
    return min((tried(work) for work in works), key=lambda seconds_and_work: seconds_and_work[0])[1]


class Timer:
    """Samples of one piece of work, each of SAMPLE_SECONDS or more."""

    def __init__(self, work, warm_seconds):
        self.work = work
        start = time.perf_counter()
        last = self.call(1)
        while time.perf_counter() - start < warm_seconds:
            last = self.call(1)
        self.calls = max(1, int(SAMPLE_SECONDS / last) + 1)

    def call(self, calls):
        return timed(self.work, calls)[0]

    def sample(self, seconds, least):
        """Samples for so many seconds, and at least so many, as an entry of the JSON."""
        self.call(1)  # wakes its threads
        samples, until = [], time.perf_counter() + seconds
        while len(samples) < least or time.perf_counter() < until:
            samples.append(self.call(self.calls) / (self.calls * self.work.repeat))
            if len(samples) >= 2 and time.perf_counter() > until + 4 * seconds:
                break
        quarters = statistics.quantiles(samples, n=4, method="inclusive")
        seconds = {"min": min(samples), "q1": quarters[0], "median": quarters[1], "q3": quarters[2], "max": max(samples)}
        return {"seconds": seconds, "samples": len(samples), "runs": self.calls,
                "first": self.work.first_seconds / self.work.repeat}
