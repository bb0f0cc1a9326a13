#!/usr/bin/env python3
"""Writes a file as the initializer of a C++ array: embed.py FILE HEADER."""

import sys


def main(source, header):
    with open(source, "rb") as file:
        data = file.read()
    rows = [", ".join(f"0x{byte:02x}" for byte in data[at:at + 16]) for at in range(0, len(data), 16)]
    with open(header, "w", encoding="ascii") as file:
        file.write("static constexpr unsigned char kPreloadBytes[] = {\n" + ",\n".join(rows) + "};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
