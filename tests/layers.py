#!/usr/bin/env python3
"""Checks who includes whom (design: the house), and ends with "N passed, N failed".

base <- net <- process, base <- http, {base, net, http, process} <- server <- modes <- main
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAY_INCLUDE = {
    "base": {"base"},
    "net": {"base", "net"},
    "http": {"base", "http"},
    "process": {"base", "net", "process"},
    "server": {"base", "net", "http", "process", "server"},
    "modes": {"base", "net", "http", "process", "server", "modes"},
    "main": {"base", "net", "http", "process", "server", "modes", "main"},
}
# Who may include these headers: folders, or files.
ONLY_IN = {
    r"uv\.h|uv/.*": {"net"},
    r"llhttp\.h": {"http"},
    r"getopt\.h": {"watchdog/command_line.cc"},
}
# Their weight in a static binary is not worth it.
NOWHERE = r"iostream|ostream|istream|sstream|fstream|iomanip|regex|format|locale"
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')


def layer(path):
    """base, net, ... of a file under watchdog/ or modes/; main for those beside the folders."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "modes":
        return "modes"
    return parts[1] if len(parts) > 2 else "main"


def includes():
    for folder in ("watchdog", "modes"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                if found:
                    yield path, number, line.strip(), found.group(1) == '"', found.group(2)


GENERATED = {"version.h": "base", "libraries.h": "base"}


def target_layer(name):
    if name in GENERATED:
        return GENERATED[name]
    first, slash, _ = name.partition("/")
    return first if slash else "main"


def check_direction(path, own, name):
    if not own:
        return None
    target = target_layer(name)
    if target not in MAY_INCLUDE:
        return f"no such layer: {target}"
    if target not in MAY_INCLUDE.get(layer(path), set()):
        return f"{layer(path)} must not include {target}"
    return None


def check_modes(path, own, name):
    wrong = own and target_layer(name) == "modes" and layer(path) != "modes" and \
        path != ROOT / "watchdog/main.cc"
    return "only main.cc includes modes/" if wrong else None


def check_libraries(path, own, name):
    for pattern, places in ONLY_IN.items():
        if re.fullmatch(pattern, name) and \
                not places & {layer(path), str(path.relative_to(ROOT))}:
            return f"only in {', '.join(places)}"
    return None


def check_weight(path, own, name):
    return "too heavy for the static binary" if not own and re.fullmatch(NOWHERE, name) else None


def main():
    found = list(includes())
    passed = failed = 0
    for check in (check_direction, check_modes, check_libraries, check_weight):
        wrong = [(path, number, line, why) for path, number, line, own, name in found
                 if (why := check(path, own, name))]
        for path, number, line, why in wrong:
            print(f"{path.relative_to(ROOT)}:{number}: {line}: {why}")
        failed += bool(wrong)
        passed += not wrong
    if not found:
        print("no sources found")
        passed, failed = 0, 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
