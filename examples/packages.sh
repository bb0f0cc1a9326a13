# Sourced: finds out which Debian packages are missing, and installs those and no others.

BUILD_PACKAGES="g++ meson ninja-build pkg-config libuv1-dev libfmt-dev libcli11-dev
  nlohmann-json3-dev libxxhash-dev zlib1g-dev libbearssl-dev doctest-dev ccache"

say() { printf '%s\n' "$*"; }

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -q '^installed$'
}

# The line that someone with the right to do so can run; llhttp is in one package or in another.
for_the_administrator() {
  say "Some packages are missing, and this user may not install them. Ask an administrator to run:"
  say
  say "  apt-get update && apt-get install --no-install-recommends$missing${need_llhttp:+ $(llhttp_package)}"
}

llhttp_package() {
  if apt-cache show libllhttp-dev 2>/dev/null | grep -q '^Package'; then
    echo libllhttp-dev
  else
    echo node-llhttp
  fi
}

# install_missing PACKAGE...: llhttp comes on top when it is not there, from whichever package has it.
install_missing() {
  command -v dpkg-query >/dev/null || return 0  # not Debian: meson says what it does not find
  missing=
  need_llhttp=
  for package; do
    is_installed "$package" || missing="$missing $package"
  done
  is_installed libllhttp-dev || is_installed node-llhttp || need_llhttp=yes
  [ -n "$missing$need_llhttp" ] || return 0

  sudo=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "$(for_the_administrator)"
    sudo=sudo
  fi
  say "Installing$missing${need_llhttp:+ llhttp} ..."
  install_log=$(mktemp)
  if ! {
    $sudo apt-get update -q &&
      { [ -z "$need_llhttp" ] || { missing="$missing $(llhttp_package)" && need_llhttp=; }; } &&
      $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing
  } >"$install_log" 2>&1; then
    tail -n 20 "$install_log" >&2
    say "Could not install$missing." >&2
    [ -z "$sudo" ] || say "$(for_the_administrator)" >&2
    exit 1
  fi
  rm -f "$install_log"
}

# Compiler, emulator and libraries for tests/arm64.ini.
install_arm64() {
  command -v sudo >/dev/null || sudo() { "$@"; }
  if ! dpkg --print-foreign-architectures | grep -qx arm64; then
    sudo dpkg --add-architecture arm64 && sudo apt-get update -q >/dev/null
  fi
  for library in libuv1-dev libfmt-dev libxxhash-dev zlib1g-dev libbearssl-dev; do
    set -- "$@" "$library:arm64"
  done
  install_missing g++-aarch64-linux-gnu qemu-user-static "$@"
}

# show_progress LOG: keeps standard input in LOG, and shows how far ninja is: on a terminal in one line
# that changes, elsewhere in a line now and then, and nothing of a build that has little to do.
show_progress() {
  quarter=0
  : >"$1"
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$1"
    step=${line%%]*}
    case $step in
      \[[0-9]*/[0-9]*) step=${step#\[} ;;
      *) continue ;;
    esac
    finished=${step%/*}
    all=${step#*/}
    case $finished$all in *[!0-9]*) continue ;; esac
    if [ -t 1 ]; then
      printf '\r%s of %s ' "$finished" "$all"
    elif [ "$all" -ge 40 ] && [ $((4 * finished / all)) -gt "$quarter" ]; then
      quarter=$((4 * finished / all))
      say "$finished of $all"
    fi
  done
  [ ! -t 1 ] || printf '\r\033[K'
}

# build FOLDER [TARGET...] [-- MESON OPTION...]: sets up build/FOLDER once, then builds it.
build() {
  folder=build/$1
  shift
  targets=
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    targets="$targets $1"
    shift
  done
  [ $# -eq 0 ] || shift
  mkdir -p build
  [ -e "$folder/build.ninja" ] ||
    say "Building $folder: the first time takes some minutes; what happens is in $folder.log"
  rm -f "$folder.failed"
  {
    { [ -e "$folder/build.ninja" ] || meson setup "$folder" "$@"; } &&
      meson compile -C "$folder" $targets || : >"$folder.failed"
  } 2>&1 | show_progress "$folder.log"
  if [ -e "$folder.failed" ]; then
    rm -f "$folder.failed"
    tail -n 40 "$folder.log" >&2
    printf 'Could not build %s; the whole story is in %s.log\n' "$folder" "$folder" >&2
    return 1
  fi
}
