"""Leaves a process behind, as a daemon does: its parent ends at once, in another session."""
import os

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "0.05"])
    os._exit(0)
os.wait()
print("done")
