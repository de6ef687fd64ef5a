"""The last line of a cold-start script: that the epoch is over, and the peak memory of this process in KiB."""

import sys


def peak_memory() -> int:
    """Return the largest resident size so far in KiB."""
    try:
        with open("/proc/self/status") as status:  # unlike getrusage, not inherited from the parent at exec
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource

        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return size // 1024 if sys.platform == "darwin" else size


def done() -> None:
    """Say so."""
    print("done", peak_memory(), flush=True)
