#!/bin/sh
# Makes the Debian package: examples/deb/build.sh [amd64|arm64] [FOLDER]       (FOLDER: build)
# Builds for the machine that it runs on, or cross-builds arm64 on amd64. BINARY=PATH packs one that is built.
# The same commit, packages and binary make the same package, byte for byte. DEBFULLNAME and DEBEMAIL are the
# maintainer's, SOURCE_DATE_EPOCH is the commit's time unless it is set.
set -eu
umask 022
export LC_ALL=C TZ=UTC
cd "$(dirname "$0")/../.."
. examples/packages.sh

here=$(dpkg --print-architecture)
architecture=${1:-$here}
output=${2:-build}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} ||
  die "Outside a git repository SOURCE_DATE_EPOCH has to be set to the time of the sources, in seconds."
export SOURCE_DATE_EPOCH

run=
case $here-$architecture in
  "$here-$here") name=release ;;
  amd64-arm64)
    name=arm64
    run=qemu-aarch64-static
    install_arm64
    ;;
  *) die "There is no package for \"$architecture\" to be made on $here: it is amd64 or arm64." ;;
esac
install_missing $BUILD_PACKAGES
if [ -z "${BINARY:-}" ]; then
  [ "$run" ] && set -- --cross-file tests/arm64.ini || set --
  build $name -- "$@"
  BINARY=build/$name/fwatchdog
fi

# 0.1.0-1402d78, a commit after no tag, becomes 0.1.0+git20261127.1402d78; 1.0.0-rc1 becomes 1.0.0~rc1.
version=$($run "$BINARY" --version | cut -d ' ' -f 2)
rest=$(expr "$version" : '[^-]*-\(.*\)' | tr - .) || rest=
case $rest in
  '') ;;
  rc* | beta* | alpha*) version=${version%%-*}~$rest ;;
  *) version=${version%%-*}+git$(date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d).$rest ;;
esac
maintainer="${DEBFULLNAME:-The fwatchdog authors} <${DEBEMAIL:-fwatchdog@packages.invalid}>"

# The source packages of what is linked in, as far as Debian's own are what it was built with.
built_using() {
  set -- libcli11-dev nlohmann-json3-dev node-llhttp libllhttp-dev 'libstdc++-[0-9]*-dev'
  for package in libuv1-dev libfmt-dev libxxhash-dev zlib1g-dev libbearssl-dev libc6-dev; do
    set -- "$@" "$package:$architecture"
  done
  dpkg-query -W -f '${db:Status-Status} ${source:Package} (= ${source:Version})\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' | sort -u | paste -s -d , | sed 's/,/, /g'
}

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
documents=$tree/usr/share/doc/fwatchdog
# put MODE SOURCE TARGET: a file of the package.
put() { install -D -m "$1" "$2" "$tree/$3"; }
put 755 "$BINARY" usr/bin/fwatchdog
put 644 examples/systemd/fwatchdog@.service usr/lib/systemd/system/fwatchdog@.service
put 644 examples/deb/copyright usr/share/doc/fwatchdog/copyright
put 644 examples/deb/greet.env usr/share/doc/fwatchdog/examples/greet.env
put 644 examples/deb/lintian-overrides usr/share/lintian/overrides/fwatchdog
for script in postinst prerm postrm; do put 755 examples/deb/$script DEBIAN/$script; done
mkdir -p "$tree/etc/fwatchdog" "$tree/usr/share/man/man1"
$run "$BINARY" --help --man | gzip -9n >"$tree/usr/share/man/man1/fwatchdog.1.gz"
for completion in bash-completion/completions/fwatchdog zsh/vendor-completions/_fwatchdog \
  fish/vendor_completions.d/fwatchdog.fish; do
  mkdir -p "$tree/usr/share/${completion%/*}"
  $run "$BINARY" --help "--${completion%%[-/]*}-completion" >"$tree/usr/share/$completion"
done
{
  printf 'fwatchdog (%s) unstable; urgency=medium\n\n' "$version"
  git log -10 --format='%w(78,2,4)* %s' 2>/dev/null | grep . || printf '  * Built from sources without a history.\n'
  printf '\n -- %s  %s\n' "$maintainer" "$(date -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$documents/changelog.gz"

(cd "$tree" && find usr -type f | sort | xargs -d '\n' md5sum) >"$tree/DEBIAN/md5sums"
using=$(built_using) || using=
size=$(find "$tree/etc" "$tree/usr" -type f -printf '%s\n' | awk '{k += int(($1 + 1023) / 1024)} END {print k}')
cat >"$tree/DEBIAN/control" <<END_OF_CONTROL
Package: fwatchdog
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $size
${using:+Built-Using: $using
}Section: web
Priority: optional
Description: entrypoint of function containers
 fwatchdog turns the program beside it into an HTTP function: a command for
 each request, a server that is kept warm (HTTP or FastCGI), CGI scripts, or
 a folder of files. It has a queue and limits, time limits, health checks, a
 drain that loses no request, logs and metrics, and takes the place of
 OpenFaaS's of-watchdog and classic-watchdog.
 .
 The unit fwatchdog@.service runs functions on a plain host, each sandboxed.
END_OF_CONTROL
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
chmod 755 "$tree"

mkdir -p "$output"
package=$output/fwatchdog_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$tree" "$package" >/dev/null
say "$package"
