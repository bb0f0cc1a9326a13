#!/bin/bash
# Proves the Dockerfile with a real engine: ./tests/image.sh        (as root; takes some minutes)
# Builds the images for amd64 and arm64 with podman, on a base image made by debootstrap, and runs
# the first as PID 1: alone, and copied into Debian and busybox images with a function in each.
# Ends with one line, "N passed, N failed". A step that cannot run fails.
set -u
cd "$(dirname "$0")/.."
. examples/packages.sh

FOLDER=$PWD/build/image
MOST_BYTES=3000000
PORT=18080
passed=0
failed=0

[ "$(id -u)" = 0 ] || die "Please run it as root: it starts containers."
install_missing podman runc debootstrap busybox-static curl qemu-user-static file

mkdir -p "$FOLDER"
cat >"$FOLDER/containers.conf" <<END
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
export CONTAINERS_CONF=$FOLDER/containers.conf
engine() { podman --root "$FOLDER/storage" --runroot "$FOLDER/run" --storage-driver vfs "$@"; }

# check WHAT COMMAND...: one test.
check() {
  local what=$1 log=$FOLDER/check.log
  shift
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "ok   $what"
  else
    failed=$((failed + 1))
    echo "FAIL $what"
    tail -n 20 "$log"
  fi
}

# A base image that is no download of an engine's.
has_base() {
  engine image exists localhost/debian:bookworm-slim && return
  local root=$FOLDER/debian
  rm -rf "$root"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" &&
    tar -C "$root" -c . | engine import - localhost/debian:bookworm-slim && rm -rf "$root"
}

built_for() {  # ARCHITECTURE
  engine build --network host --pull=never --build-arg TARGETARCH="$1" --build-arg VERSION=1.2.3-image \
    --build-arg BUILDPLATFORM=linux/amd64 -t "localhost/fwatchdog:$1" .
}

files_of() {  # IMAGE: regular files, and their sizes
  local container
  container=$(engine create --pull=never "$1") && engine export "$container" | tar -tv | grep '^-'
  engine rm "$container" >/dev/null
}

holds_one_small_file() {  # ARCHITECTURE
  local files
  files=$(files_of "localhost/fwatchdog:$1" | grep -vE ' (etc/(hosts|hostname|resolv.conf|mtab)|run/\.containerenv|dev/console)$')
  echo "$files"
  [ "$(wc -l <<<"$files")" = 1 ] && grep -qE ' fwatchdog$' <<<"$files" &&
    [ "$(awk '{print $3}' <<<"$files")" -le $MOST_BYTES ]
}

extracted() {  # ARCHITECTURE: the binary, in $FOLDER/fwatchdog.ARCHITECTURE
  local container
  container=$(engine create --pull=never "localhost/fwatchdog:$1") &&
    engine cp "$container:/fwatchdog" "$FOLDER/fwatchdog.$1" && engine rm "$container" >/dev/null
}

# Without what podman has kept of the first build, and in another folder.
is_reproducible() {
  local here there container
  here=$(sha256sum <"$FOLDER/fwatchdog.amd64")
  sed 's#^WORKDIR /src#WORKDIR /another/place#; s#/src/build#/another/place/build#' Dockerfile >"$FOLDER/Dockerfile.again"
  engine build --network host --pull=never --build-arg TARGETARCH=amd64 --build-arg VERSION=1.2.3-image \
    --build-arg BUILDPLATFORM=linux/amd64 -t localhost/fwatchdog:again -f "$FOLDER/Dockerfile.again" . &&
    container=$(engine create --pull=never localhost/fwatchdog:again) &&
    engine cp "$container:/fwatchdog" "$FOLDER/fwatchdog.again" && engine rm "$container" >/dev/null
  there=$(sha256sum <"$FOLDER/fwatchdog.again")
  [ "$here" = "$there" ]
}

runs_under_emulation() { qemu-aarch64-static "$FOLDER/fwatchdog.arm64" --version | grep -qx 'fwatchdog 1.2.3-image'; }
is_static() { file "$FOLDER/fwatchdog.$1" | grep -q 'static'; }

# container NAME ARGUMENTS...: starts one, hardened, and waits until it is healthy.
container() {
  local name=$1
  shift
  engine rm -f "$name" >/dev/null 2>&1
  engine run -d --pull=never --name "$name" --network host --read-only --user 65534:65534 --cap-drop all \
    --security-opt no-new-privileges --memory 64m -e port=$PORT -e metrics_port=0 -e healthcheck_interval=100ms \
    "$@" || return
  for _ in $(seq 100); do
    curl -sf "http://127.0.0.1:$PORT/_/health" >/dev/null && return
    sleep 0.1
  done
  engine logs "$name"
  return 1
}

# stopped NAME: `podman stop` drains it, quickly, and it exits with 0.
stopped() {
  local start=$SECONDS
  [ "$(engine inspect -f '{{.State.Running}}' "$1")" = true ] && engine stop -t 10 "$1" && [ $((SECONDS - start)) -lt 8 ] &&
    [ "$(engine inspect -f '{{.State.ExitCode}}' "$1")" = 0 ]
  local status=$?
  engine logs "$1"
  engine rm -f "$1" >/dev/null
  return $status
}

asks() { [ "$(curl -sS --max-time 5 -d "$1" "http://127.0.0.1:$PORT/")" = "$2" ]; }
is_pid_1() { engine exec "$1" /usr/bin/fwatchdog --run-healthcheck; }

image_of() {  # NAME: from the Dockerfile on standard input
  local folder=$FOLDER/context
  rm -rf "$folder"
  mkdir -p "$folder"
  cp /bin/busybox "$folder/busybox"
  echo '<h1>hello</h1>' >"$folder/index.html"
  cat >"$folder/Dockerfile"
  engine build --network none --pull=never -t "localhost/$1" "$folder"
}

check "a base image is made" has_base
for architecture in amd64 arm64; do
  check "the image for $architecture is built" built_for $architecture
  check "it holds one file of at most $MOST_BYTES bytes" holds_one_small_file $architecture
  check "its binary is static" eval "extracted $architecture && is_static $architecture"
done
check "a second build is the same, byte for byte" is_reproducible
check "the binary for arm64 runs, and says its version" runs_under_emulation

image_of site <<'END'
FROM localhost/fwatchdog:amd64
COPY index.html /public/index.html
ENV mode=static static_path=/public
END
check "alone it serves a folder" container site localhost/site
check "... the page" eval 'curl -sf http://127.0.0.1:$PORT/ | grep -q "<h1>hello"'
check "... and podman stop drains it" stopped site

image_of debian-function <<'END'
FROM localhost/debian:bookworm-slim
COPY --from=localhost/fwatchdog:amd64 /fwatchdog /usr/bin/fwatchdog
ENV fprocess="tr a-z A-Z"
ENTRYPOINT ["fwatchdog"]
END
check "copied into Debian it runs a function" container debian-function localhost/debian-function
check "... which answers" asks hello HELLO
check "... and is healthy from within" is_pid_1 debian-function
check "... and podman stop drains it" stopped debian-function

image_of busybox-function <<'END'
FROM scratch
COPY busybox /bin/busybox
COPY --from=localhost/fwatchdog:amd64 /fwatchdog /usr/bin/fwatchdog
ENV fprocess="/bin/busybox rev"
ENTRYPOINT ["/usr/bin/fwatchdog"]
END
check "copied beside busybox it runs a function" container busybox-function localhost/busybox-function
check "... which answers" asks hello olleh
check "... and podman stop drains it" stopped busybox-function

for architecture in amd64 arm64; do
  echo "$architecture: binary $(stat -c %s "$FOLDER/fwatchdog.$architecture") bytes," \
    "image $(engine image inspect -f '{{.Size}}' "localhost/fwatchdog:$architecture") bytes"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
