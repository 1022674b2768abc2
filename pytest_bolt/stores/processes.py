"""Who writes a run: enough about the process to tell later whether it is still there."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_host() -> str:
    """Return the name of this machine."""
    return socket.gethostname()


def this_process() -> str:
    """Return the process id and, where the system tells, when the process started."""
    return _identity(os.getpid())


def is_gone(host: str, process: str) -> bool:
    """Return whether a process is known to have ended; one on another machine never is."""
    if host != this_host() or os.name != "posix":
        return False
    pid = int(process.split(maxsplit=1)[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return _identity(pid) != process  # a zombie has another identity, too


def _identity(pid: int) -> str:
    """Return `pid start`: numbers of processes are used again, but not with the same start time."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return str(pid)
    fields = status.rpartition(")")[2].split()
    return f"{pid} zombie" if fields[0] in "ZX" else f"{pid} {fields[19]}"
