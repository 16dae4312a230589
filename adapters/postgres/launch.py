"""Becomes a PostgreSQL program: drops to the right user, ties its life to the supervisor, executes.

Run by path as a program of its own (standard library only), because between `fork` and `exec` of
a threaded process none of this may be done safely. The order is forced by the kernel: changing
the user or the capabilities clears the parent-death signal, so that comes last.
"""

import ctypes
import json
import os
import signal
import sys

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
REFUSED = 125
"""Exit status that says: not the program but this launcher failed; the reason is on standard error."""

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def order(
    *, argv: list[str], enter: str, uid: int | None = None, gid: int | None = None, capability: int | None = None
) -> list[str]:
    """Return the command line that makes this launcher carry out `argv`.

    Args:
        argv: the program, by absolute path, and its arguments.
        enter: a folder that the user must be able to reach; the reach is tried.
        uid: the user to become; none stays who we are.
        gid: the group to become, together with `uid`.
        capability: the one capability to keep as that user, where paths are closed to it.
    """
    wish = {
        "argv": argv,
        "enter": enter,
        "uid": uid,
        "gid": gid,
        "capability": capability,
        "supervisor_pid": os.getpid(),
    }
    return [sys.executable, "-I", "-S", __file__, json.dumps(wish)]


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _become(kernel: ctypes.CDLL, uid: int, gid: int, capability: int | None) -> None:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    if capability is None:
        os.setresuid(uid, uid, uid)
        return
    # Without this bit the kernel would drop every capability with the user, and `access()`, by which
    # initdb looks for its programs, would ignore the one that is kept.
    _checked(kernel.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0))
    os.setresuid(uid, uid, uid)
    mask = 1 << capability
    header = _Header(_CAPABILITY_VERSION_3, 0)
    sets = (_Sets * 2)(_Sets(mask, mask, mask), _Sets(0, 0, 0))
    _checked(kernel.capset(ctypes.byref(header), sets))
    _checked(kernel.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def main() -> None:
    """Carry out the order in the first argument; never returns."""
    wish = json.loads(sys.argv[1])
    on_linux = sys.platform.startswith("linux")
    kernel = ctypes.CDLL(None, use_errno=True)
    try:
        os.umask(0o077)
        if wish["uid"] is not None:
            _become(kernel, wish["uid"], wish["gid"], wish["capability"])
        os.chdir(wish["enter"])
        if on_linux:
            _checked(kernel.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0))
            if os.getppid() != wish["supervisor_pid"]:  # it died before the signal was armed
                sys.exit(REFUSED)
        os.execv(wish["argv"][0], wish["argv"])  # noqa: S606  (an absolute path, no shell)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
