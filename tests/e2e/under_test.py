"""The binary under test, and what kind of build it is.

$WATCHDOG names it.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = Path(__file__).resolve().parent / "functions"
BINARY = Path(os.environ.get("WATCHDOG", ROOT / "build/release/fwatchdog")).resolve()

EXIT_USAGE = 64
EXIT_UNAVAILABLE = 69
EXIT_INTERNAL = 70


_IMAGE = BINARY.read_bytes() if BINARY.exists() else b""
_IS_ARM64 = _IMAGE[18:20] == b"\xb7\x00" and os.uname().machine != "aarch64"


def _sanitizer():
    if _IS_ARM64:
        return "qemu"
    return next((name for name in ("asan", "tsan") if f"__{name}_init".encode() in _IMAGE), None)


# What shares the process with the watchdog and takes time and memory: a sanitizer or an emulator.
SANITIZER = _sanitizer()
STATIC = bool(_IMAGE) and b"/ld-linux" not in _IMAGE
# Deadlines are this much longer then.
PATIENCE = 4 if SANITIZER else 1
# How the binary is started. ThreadSanitizer of older compilers cannot live with a widely randomised
# address space.
COMMAND = {"qemu": ("qemu-aarch64-static",),
           "tsan": ("setarch", os.uname().machine, "-R")}.get(SANITIZER, ()) + (str(BINARY),)
