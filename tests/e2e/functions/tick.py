"""Prints the time it is, six times, a fifth of a second apart."""
import time

for _ in range(6):
    print(time.time(), flush=True)
    time.sleep(0.2)
