#!/bin/sh
# Builds fwatchdog and runs an example: ./examples/run.sh [NAME]      port=9000 picks another port
# Builds only:                          ./examples/run.sh --build
set -eu
cd "$(dirname "$0")/.."
. examples/packages.sh

name=${1:-php-index}
programs=
case $name in
  --build) ;;
  php-index | php-server) programs=php-cli ;;
  bash-env) programs=bash ;;
  python-stdin) programs=python3 ;;
  python-flask) programs="python3-flask gunicorn" ;;
  node-http) command -v node >/dev/null || programs=nodejs ;;
  static-site) ;;
  websocket) command -v npm >/dev/null || programs="nodejs npm" ;;
  *)
    die "There is no example \"$name\". There are: php-index, bash-env, python-stdin, php-server," \
      "python-flask, node-http, websocket, static-site."
    ;;
esac

install_missing $BUILD_PACKAGES $programs
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
  php-server) try="curl -d hello $url/greet" ;;
  python-flask) try="curl --json '{\"numbers\": [20, 22]}' $url/sum" ;;
  node-http) try="curl -d hello $url/any/path" ;;
  static-site) try="curl --compressed $url/" ;;
  websocket) try="node examples/websocket/client.js ws://localhost:$port/ hello" ;;
esac

cd "examples/$name"
[ ! -e package.json ] || npm install --silent --no-fund --no-audit >/dev/null
eval "export $(sed -n 's/^ENV //p' Dockerfile)"  # the same settings as in the container
{
  until "$watchdog" --run-healthcheck; do
    kill -0 $$ 2>/dev/null || exit
    sleep 0.05
  done
  printf '\n%s is ready. Try:\n\n  %s\n\nCtrl-C ends it.\n\n' "$name" "$try"
} &
exec "$watchdog"
