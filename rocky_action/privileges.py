"""What a process gives up when it starts: core dumps, and of root's privileges all that it does not need."""

from __future__ import annotations

import ctypes
import resource
import sys
from contextlib import suppress

_NEEDED = (0, 1, 3)
"""CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER: the workspace belongs to another user, and is handed back to it."""
_DROP, _NO_NEW_PRIVILEGES, _DUMPABLE = 24, 38, 4
_LAST_CAPABILITY = 63
_VERSION_3 = 0x20080522


def confine() -> None:
    """No core dump of this process, none that another could take, and of root's privileges only those that it needs.

    A container's root has fourteen; its runner starts it, so it is for the process to give them back. What a system
    does not know, or this user may not do, is left as it is: there is less to give back then.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for capability in range(_LAST_CAPABILITY + 1):
        if capability not in _NEEDED:
            libc.prctl(_DROP, capability, 0, 0, 0)
    with suppress(AttributeError):  # musl has no such function
        _keep(libc, sum(1 << capability for capability in _NEEDED))
    libc.prctl(_DUMPABLE, 0, 0, 0, 0)


def _keep(libc: ctypes.CDLL, mask: int) -> None:
    """Gives up all capabilities but these, of those that there are."""
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    held = (ctypes.c_uint32 * 6)()
    if libc.capget(header, held) == 0:
        for index, word in enumerate(held):
            half = mask & 0xFFFFFFFF if index < len(held) // 2 else mask >> 32
            held[index] = word & half
        held[2] = held[5] = 0  # nothing is handed on beyond what a program's file gives
        libc.capset(header, held)
