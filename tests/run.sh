#!/bin/bash
# Builds and tests everything: ./tests/run.sh [SUITE]...
# Suites: layers, format, unit, e2e, tidy, threads, fuzz, attack, arm64; all of them when none is named.
# And, by name only:
#   soak       ten minutes of everything at once
#   image      builds and runs the images with podman
#   engine     runs every example and template on containerd, and replaces functions under load
#   recipes    follows watchdog/README.md in a copy of the tree, and builds that
#   templates  builds and runs each template for faas-cli with its own language (installs Go, Ruby and Java)
#   compose    runs examples/compose with Docker
#   warm       ten thousand requests with warm starts, each compared with a cold one (ten minutes)
# attack takes ten minutes when it is named, and a minute, with the sanitizers, among all.
# Ends with one line, "N passed, N failed"; fails if any failed or none ran.
set -u
cd "$(dirname "$0")/.."
. examples/packages.sh

TEST_PACKAGES="python3 bash php-cli curl prometheus python3-prometheus-client procps iproute2 util-linux coreutils
  python3-flask python3-waitress gunicorn nginx-light chromium zsh fish
  php-cgi php-fpm perl git openssl python3-yaml python3-pip docker-compose systemd mandoc lintian
  clang-format clang-tidy clang libclang-rt-dev"
FUZZ_SECONDS=${FUZZ_SECONDS:-10}
WARNINGS=${CI:+-Dwerror=true}  # elsewhere a newer compiler may warn of more

export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1:exitcode=99}
export TSAN_OPTIONS=${TSAN_OPTIONS:-exitcode=99:suppressions=$PWD/tests/tsan.supp}

passed=0
failed=0

# suite NAME COMMAND...: runs it and adds up what its last line says. One that fails without saying
# so, or says nothing, counts as one failure.
suite() {
  local name=$1 start=$SECONDS status line good bad
  shift
  printf '\n== %s\n' "$name"
  local log
  log=$(mktemp)
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$|test cases:' "$log" | tail -n 1)
  rm -f "$log"
  good=$(grep -oE '[0-9]+ passed' <<<"$line" | grep -oE '[0-9]+')
  bad=$(grep -oE '[0-9]+ failed' <<<"$line" | grep -oE '[0-9]+')
  good=${good:-0}
  bad=${bad:-0}
  if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ "$good" = 0 ]; }; then
    bad=1
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
  printf -- '-- %s: %d passed, %d failed in %d s\n' "$name" "$good" "$bad" $((SECONDS - start))
}

# The binary that ships, and the unit tests of the same objects.
build_release() {
  local ninja=build/release/build.ninja
  [ ! -e $ninja ] || grep -q '^build tests/unit:' $ninja || meson configure build/release -Dtests=true || return
  build release -- -Dtests=true $WARNINGS
}

# With -g1: lines for stack traces cost a seventh less to compile than all of -g.
# Without vptr: it looks at an object's type through a pipe, and where no descriptor is left it takes
# every type for a wrong one. The fuzz targets have it.
build_sanitized() {  # FOLDER SANITIZERS
  build "$1" -- -Dtests=true $WARNINGS -Dstatic=false -Db_sanitize="$2" -Db_lundef=false -Doptimization=0 \
    -Dcpp_args='-fno-sanitize=vptr -g1' --buildtype=debug
}
build_asan() { build_sanitized asan address,undefined; }
build_tsan() { build_sanitized tsan thread; }

FUZZ_TARGETS=$(cd tests/fuzz && ls | sed -n 's/_fuzz\.cc$/_fuzz/p')
build_fuzz() {
  CC=clang CXX=clang++ build fuzz $FUZZ_TARGETS -- -Dtests=true -Dfuzz=true -Dstatic=false \
    -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=0 --buildtype=debug \
    -Dc_args='-fsanitize=fuzzer-no-link -g1' -Dcpp_args='-fsanitize=fuzzer-no-link -g1'
}

build_arm64() { build arm64 -- -Dtests=true $WARNINGS --cross-file tests/arm64.ini; }

# Makes everything that the suites need, in the order in which they need it, beside the end-to-end tests,
# which wait more than they compute: with what they leave of the CPUs.
start_builds() {
  local name
  install_arm64
  built release || return
  rm -f build/*.done
  set -m  # a process group of its own, to be ended with us
  (
    renice -n 19 "$BASHPID" >/dev/null
    for name in build_asan check_tidy build_tsan build_fuzz build_arm64; do
      $name >"build/$name.said" 2>&1
      echo $? >"build/$name.done"
    done
  ) &
  builder=$!
  set +m
  trap 'kill -- -$builder 2>/dev/null' EXIT
}

# done_beside STEP: does it, or waits until the builder has; says what it said.
done_beside() {
  if [ -z "${builder:-}" ]; then
    "$1"
    return
  fi
  while [ ! -e "build/$1.done" ] && kill -0 "$builder" 2>/dev/null; do sleep 0.2; done
  cat "build/$1.said"
  return "$(cat "build/$1.done")"
}

# built NAME: what cannot be built is one failure.
built() {
  if [ "$1" = release ]; then build_release; else done_beside "build_$1"; fi && return
  failed=$((failed + 1))
  return 1
}

layers() { suite layers python3 tests/layers.py; }

# Another version of clang-format formats differently.
check_format() {
  local tool=clang-format-14 files
  command -v $tool >/dev/null || tool=clang-format
  if ! $tool --version | grep -q 'version 14\.'; then
    echo "the format is checked with clang-format 14, which Debian bookworm has"
  else
    mapfile -t files < <(find watchdog modes tests \( -name '*.cc' -o -name '*.h' \))
    $tool --dry-run -Werror "${files[@]}" || { echo "0 passed, 1 failed"; return 1; }
  fi
  echo "1 passed, 0 failed"
}

format() { suite format check_format; }

# As the format: other versions have other checks.
check_tidy() {
  if ! clang-tidy --version | grep -q 'version 14\.'; then
    echo "the code is checked with clang-tidy 14, which Debian bookworm has"
  else
    # A folder at a time: file by file the same headers would be read again and again. The flags are GCC's.
    find build/release -name '*-unity0.cpp' -not -path '*/tests/*' -print0 |
      xargs -0 -P "$(nproc)" -n 1 clang-tidy -p build/release --quiet \
        --extra-arg=-Wno-unused-command-line-argument 2>/dev/null ||
      { echo "0 passed, 1 failed"; return 1; }
  fi
  echo "1 passed, 0 failed"
}

tidy() {
  built release && suite tidy done_beside check_tidy
}

unit() {
  built release && suite "unit" build/release/tests/unit && suite "preload" build/release/tests/preload_test
  [ -n "${builder:-}" ] || unit_asan
}

# Tens of thousands of configurations, and others that only compute: they take minutes where the code is
# not optimized or runs in an emulator, and show nothing there that they do not show elsewhere.
EVERY_OPTION='every option *'
ONLY_COMPUTES="$EVERY_OPTION,*how they are cut,powers are the same *"

unit_asan() {
  built asan && suite "unit, ASan and UBSan" build/asan/tests/unit "-tce=$EVERY_OPTION" &&
    ASAN_OPTIONS=detect_leaks=0 suite "preload, ASan and UBSan" build/asan/tests/preload_test
}

# What is about files, manifests and runtimes, and reaches no code of ours that others do not.
NOT_SANITIZED="examples_test templates_test package_test kubernetes_test knative_test deploy_test readme_test
  config_test"

# Among all suites those without a sanitizer come first: it is being built meanwhile.
e2e() {
  built release && suite "e2e" python3 tests/e2e/run.py
  [ -z "${builder:-}" ] || unit_asan
  built asan &&
    WATCHDOG=build/asan/fwatchdog suite "e2e, ASan and UBSan" \
      python3 tests/e2e/run.py $(printf -- '--without %s ' $NOT_SANITIZED)
}

threads() {
  built tsan || return
  suite "unit, TSan" build/tsan/tests/unit "-tce=$ONLY_COMPUTES"
  WATCHDOG=build/tsan/fwatchdog WATCHDOG_WORKERS=4 suite "e2e with 4 workers, TSan" \
    python3 tests/e2e/run.py http_test.Connections health_test drain_test metrics_test chaos_test \
    pid1_test fork_test.StreamingContract load_test.Endurance http_mode_test warm_process_test \
    static_test.Codings static_test.Limits cgi_test.Answers fastcgi_test accel_test \
    auth_test status_test.Requests status_test.WarmFunctions warm_start_test.Perl warm_start_test.ClassicPerl \
    warm_auto_test.Freshness
}

# Starts from the kept corpus; what it finds is kept in build/.
fuzz_target() {
  local target=$1 kept found
  kept=tests/fuzz/corpus/${target%_fuzz}
  found=build/fuzz/corpus/${target%_fuzz}
  mkdir -p "$found"
  build/fuzz/tests/"$target" -max_total_time="$FUZZ_SECONDS" -artifact_prefix="$found-" \
    "$found" $([ -d "$kept" ] && echo "$kept") >"build/fuzz/$target.log" 2>&1
  echo $? >"build/fuzz/$target.status"
}

# As many at a time as there are CPUs.
run_fuzz() {
  local target good=0
  for target; do
    while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    fuzz_target "$target" &
  done
  wait
  for target; do
    if [ "$(cat "build/fuzz/$target.status")" = 0 ]; then
      good=$((good + 1))
      tail -n 1 "build/fuzz/$target.log"
    else
      tail -n 40 "build/fuzz/$target.log"
    fi
  done
  echo "$good passed, $(($# - good)) failed"
}

fuzz() { built fuzz && suite "fuzz, $FUZZ_SECONDS s each" run_fuzz $FUZZ_TARGETS; }

# Cross-built, and run under qemu: the parts whose code depends on the machine or on what the kernel does
# for it, and one class of every mode.
ARM64_TESTS="fork_test.StreamingContract http_mode_test.Requests http_mode_test.Answers
  http_mode_test.Upgrades warm_process_test static_test.Files static_test.Ranges static_test.Limits cgi_test
  fastcgi_test accel_test git_test chaos_test drain_test queue_test health_test metrics_test logs_test.AccessLines
  logs_test.FunctionLines logs_test.Json logs_test.Terminals pid1_test.Pid1 package_test"
arm64() {
  [ -n "${builder:-}" ] || install_arm64
  built arm64 || return
  # The library of warm starts is loaded into interpreters, which are this machine's there: below it is into arm64 ones.
  suite "unit, arm64, without template_process_test" \
    qemu-aarch64-static build/arm64/tests/unit "-sfe=*template_process_test.cc" "-tce=$EVERY_OPTION"
  suite "warm starts, arm64 interpreters" \
    python3 tests/preload/foreign_interpreters.py build/arm64/modes/fork/preload/preload.so build/arm64/interpreters
  WATCHDOG=build/arm64/fwatchdog suite "e2e, arm64" python3 tests/e2e/run.py $ARM64_TESTS
}

image() { suite image tests/image.sh; }

engine() {
  install_missing containerd runc containernetworking-plugins podman debootstrap
  built release && suite engine python3 tests/engine/run.py
}

attack() {
  if [ -n "${builder:-}" ]; then
    built asan &&
      WATCHDOG=build/asan/fwatchdog ATTACK_SECONDS=60 suite "attack, ASan and UBSan" python3 tests/attack.py
  else
    built release && suite attack python3 tests/attack.py
  fi
}

soak() { built release && suite soak python3 tests/soak.py; }

recipes() { suite recipes python3 tests/recipes.py; }

templates() {
  install_missing golang-go ruby ruby-bundler default-jdk-headless composer
  built release && suite templates python3 tests/templates.py
}

compose() { built release && suite compose python3 tests/compose.py; }

warm() { built release && suite warm python3 tests/warm.py; }

ALL="layers format unit e2e tidy threads fuzz attack arm64"
BY_NAME="soak image engine recipes templates compose warm"

if [ $# = 0 ] || [ "$1" = all ]; then
  all=yes
  set -- $ALL
fi
for name; do
  case " $ALL $BY_NAME " in
    *" $name "*) ;;
    *) die "There is no suite \"$name\". There are: $ALL, or all of these; and by name only: $BY_NAME." ;;
  esac
done
command -v npm >/dev/null || TEST_PACKAGES="$TEST_PACKAGES nodejs npm"
install_missing $BUILD_PACKAGES $TEST_PACKAGES
[ -z "${all:-}" ] || start_builds
for name; do
  before=$((passed + failed))
  "$name"
  [ $((passed + failed)) -gt $before ] || failed=$((failed + 1))  # it did not run at all
done

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
