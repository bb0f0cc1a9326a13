#!/usr/bin/env python3
"""Checks who includes whom, that a file's name stands once in the tree, that a file named in a comment
exists, that no line has more than 100 columns and no file more than 350 lines, and that each text of
tests/mutants.py stands once in its file; watchdog/README.md draws the picture. Ends with "N passed, N
failed".
"""

import collections
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from mutants import MUTANTS, not_found_once  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
# What a folder may include beside itself. There are no circles: a folder stands below those above it.
MAY_INCLUDE = {
    "watchdog/base": [],
    "watchdog/net": ["watchdog/base"],
    "watchdog/http": ["watchdog/base"],
    "watchdog/client": ["watchdog/base", "watchdog/net", "watchdog/http"],
    "watchdog/trace": ["watchdog/base", "watchdog/net", "watchdog/http", "watchdog/client"],
    "watchdog/auth": ["watchdog/base", "watchdog/net", "watchdog/http", "watchdog/client"],
    "watchdog/process": ["watchdog/base", "watchdog/net"],
    "watchdog/config": ["watchdog/base", "watchdog/net", "watchdog/http", "watchdog/trace",
                        "watchdog/auth", "watchdog/process"],
    "watchdog/function": ["watchdog/base", "watchdog/net", "watchdog/http", "watchdog/process",
                          "watchdog/config"],
    "watchdog/status": ["watchdog/base", "watchdog/http", "watchdog/trace", "watchdog/config",
                        "watchdog/function"],
    "watchdog/server": ["watchdog/base", "watchdog/net", "watchdog/http", "watchdog/trace",
                        "watchdog/auth", "watchdog/process", "watchdog/config", "watchdog/function",
                        "watchdog/status"],
    "modes/static": ["watchdog"],
    "modes/gateway": ["watchdog", "modes/static"],
    "modes/fork/preload": [],
    "modes/fork/warm": ["watchdog", "modes/fork/preload"],
    "modes/fork": ["watchdog", "modes/gateway", "modes/fork/warm"],
    "modes/upstream": ["watchdog", "modes/gateway"],
    "modes/cgi": ["watchdog", "modes/static", "modes/gateway", "modes/fork"],
    "modes/fastcgi": ["watchdog", "modes/static", "modes/gateway", "modes/upstream"],
    "modes": ["watchdog", "modes"],
    "watchdog": ["watchdog", "modes"],  # main.cc
}
# Who may include these headers: folders, or files.
ONLY_IN = {
    r"uv\.h|uv/.*": {"watchdog/net"},
    r"llhttp\.h": {"watchdog/http"},
    r"CLI/.*": {"watchdog/config"},
    r"bearssl(/.*)?\.h": {"watchdog/auth"},
}
# Their weight in a static binary is not worth it.
NOWHERE = r"iostream|ostream|istream|sstream|fstream|iomanip|regex|format|locale"
MOST_COLUMNS = 100
MOST_LINES = 350
# A file, named in a comment as it is included, or from the root.
NAMED_FILE = re.compile(r"(?:\w+/)+\w+\.(?:h|cc|py|sh|md)\b")
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')


def folder_of(path):
    """The folder of a file, relative to the root: "watchdog/net", "modes/fork", "modes"."""
    return str(path.relative_to(ROOT).parent)


def sources():
    for folder in ("watchdog", "modes"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield path


def includes():
    for path in sources():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if found:
                yield path, number, line.strip(), found.group(1) == '"', found.group(2)


def included_folder(name):
    """The folder of a header that is included by this name; those of watchdog/ are named without it."""
    folder = str(Path(name).parent)
    if folder == ".":
        return "watchdog"
    return folder if folder.split("/")[0] == "modes" else f"watchdog/{folder}"


def check_direction(path, own, name):
    if not own or name == "libraries.h":  # which the build makes
        return None
    folder, included = folder_of(path), included_folder(name)
    if included not in MAY_INCLUDE:
        return f"no such folder: {included}"
    allowed = [folder, *MAY_INCLUDE[folder]]
    if not any(included == one or included.startswith(one + "/") for one in allowed):
        return f"{folder} must not include {included}"
    return None


def check_libraries(path, own, name):
    for pattern, places in ONLY_IN.items():
        if re.fullmatch(pattern, name) and \
                not places & {folder_of(path), str(path.relative_to(ROOT))}:
            return f"only in {', '.join(places)}"
    return None


def check_weight(path, own, name):
    return "too heavy for the static binary" if not own and re.fullmatch(NOWHERE, name) else None


def lost_files():
    """The files that comments name and that are not there."""
    for path in sources():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for name in NAMED_FILE.findall(line.partition("//")[2]):
                if not any((ROOT / folder / name).exists() for folder in (".", "watchdog")):
                    yield f"{path.relative_to(ROOT)}:{number}: there is no {name}"


def wide_lines():
    """Comments: clang-format leaves them as they are."""
    for path in sources():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if len(line) > MOST_COLUMNS:
                yield f"{path.relative_to(ROOT)}:{number}: {len(line)} columns, more than {MOST_COLUMNS}"


def long_files():
    for path in sources():
        if (lines := len(path.read_text().splitlines())) > MOST_LINES:
            yield f"{path.relative_to(ROOT)}: {lines} lines, more than {MOST_LINES}"


def main():
    found = list(includes())
    passed = failed = 0
    for check in (check_direction, check_libraries, check_weight):
        wrong = [(path, number, line, why) for path, number, line, own, name in found
                 if (why := check(path, own, name))]
        for path, number, line, why in wrong:
            print(f"{path.relative_to(ROOT)}:{number}: {line}: {why}")
        failed += bool(wrong)
        passed += not wrong
    names = collections.Counter(path.name for path in sources())
    for name in sorted(name for name, count in names.items() if count > 1):
        print(f"{name}: stands in {names[name]} folders; a stack trace and grep cannot tell them apart")
    failed += max(names.values()) > 1
    passed += max(names.values()) == 1
    for wrong in (list(lost_files()), list(wide_lines()), list(long_files()), not_found_once(enumerate(MUTANTS, 1))):
        print("".join(line + "\n" for line in wrong), end="")
        failed += bool(wrong)
        passed += not wrong
    if not found:
        print("no sources found")
        passed, failed = 0, 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
