"""Where things are."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build/engine"  # what is kept from one run to the next, and what the engine writes
BINARY = Path(os.environ.get("WATCHDOG", ROOT / "build/release/fwatchdog")).resolve()
# Ours in the control groups of the machine; run.py removes it when all is over.
CONTROL_GROUP = os.environ.setdefault("ENGINE_CONTROL_GROUP", f"/fwatchdog-engine-{os.getpid()}")

sys.path.append(str(ROOT / "tests/e2e"))  # client, harness
