# Sourced: finds out which Debian packages are missing, and installs those and no others.

BUILD_PACKAGES="g++ meson ninja-build pkg-config libuv1-dev libfmt-dev
  nlohmann-json3-dev libxxhash-dev zlib1g-dev doctest-dev ccache"

say() { printf '%s\n' "$*"; }

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -q '^installed$'
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
    command -v sudo >/dev/null ||
      die "Please install as root:$missing${need_llhttp:+ libllhttp-dev (or node-llhttp)}"
    sudo=sudo
  fi
  say "Installing$missing${need_llhttp:+ llhttp} ..."
  install_log=$(mktemp)
  if ! {
    $sudo apt-get update -q &&
      if [ -n "$need_llhttp" ]; then
        if apt-cache show libllhttp-dev 2>/dev/null | grep -q '^Package'; then
          missing="$missing libllhttp-dev"
        else
          missing="$missing node-llhttp"
        fi
      fi &&
      $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing
  } >"$install_log" 2>&1; then
    tail -n 20 "$install_log" >&2
    die "Could not install$missing."
  fi
  rm -f "$install_log"
}

# build FOLDER [TARGET...] [-- MESON OPTION...]: sets up build/FOLDER once, then builds it, quietly.
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
  [ -e "$folder/build.ninja" ] || say "Building $folder (the first time takes a minute) ..."
  if ! {
    { [ -e "$folder/build.ninja" ] || meson setup "$folder" "$@"; } &&
      meson compile -C "$folder" $targets
  } >"$folder.log" 2>&1; then
    tail -n 40 "$folder.log" >&2
    printf 'Could not build %s; the whole story is in %s.log\n' "$folder" "$folder" >&2
    return 1
  fi
}
