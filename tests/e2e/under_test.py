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


def _sanitizer():
    image = BINARY.read_bytes() if BINARY.exists() else b""
    return next((name for name in ("asan", "tsan") if f"__{name}_init".encode() in image), None)


SANITIZER = _sanitizer()
STATIC = BINARY.exists() and b"/ld-linux" not in BINARY.read_bytes()
# Deadlines are this much longer under a sanitizer.
PATIENCE = 4 if SANITIZER else 1
