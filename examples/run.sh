#!/bin/sh
# Builds fwatchdog and runs an example: ./examples/run.sh [NAME]      port=9000 picks another port
# Builds only:                          ./examples/run.sh --build
set -eu
cd "$(dirname "$0")/.."
. examples/packages.sh

name=${1:-php-index}
interpreter=
case $name in
  --build) ;;
  php-index) interpreter=php-cli ;;
  bash-env) interpreter=bash ;;
  python-stdin) interpreter=python3 ;;
  *) die "There is no example \"$name\". There are: php-index, bash-env, python-stdin." ;;
esac

install_missing $BUILD_PACKAGES $interpreter
build release || exit 1
watchdog=$PWD/build/release/fwatchdog
if [ "$name" = --build ]; then
  say "Built build/release/fwatchdog."
  exit
fi

export port="${port:-8080}"
export suppress_lock="${suppress_lock:-true}"  # so that several examples can run side by side
url=http://localhost:$port
case $name in
  php-index) try="curl -d fwatchdog $url/greet" ;;
  bash-env) try="curl '$url/any/path?with=a&query=too'" ;;
  python-stdin) try="curl -d '{\"numbers\": [20, 22]}' $url/" ;;
esac

cd "examples/$name"
eval "export $(sed -n 's/^ENV //p' Dockerfile)"  # the same settings as in the container
{
  until "$watchdog" --run-healthcheck; do
    kill -0 $$ 2>/dev/null || exit
    sleep 0.05
  done
  printf '\n%s is ready. Try:\n\n  %s\n\nCtrl-C ends it.\n\n' "$name" "$try"
} &
exec "$watchdog"
