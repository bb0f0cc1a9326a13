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
  php-app) programs=php-cgi ;;
  cgi-bash) programs=bash ;;
  cgi-perl) programs=perl ;;
  git-server) programs=git ;;
  static-site) ;;
  websocket) command -v npm >/dev/null || programs="nodejs npm" ;;
  *)
    die "There is no example \"$name\". There are: php-index, bash-env, python-stdin, php-server," \
      "python-flask, node-http, websocket, static-site, php-app, cgi-bash, cgi-perl, git-server."
    ;;
esac

install_missing $BUILD_PACKAGES $programs
build release || exit 1
watchdog=$PWD/build/release/fwatchdog
if [ "$name" = --build ]; then
  say "Built build/release/fwatchdog."
  exit
fi

# The port that the watchdog will take: Knative and Cloud Run say theirs in PORT.
platform=${K_SERVICE:+${PORT:-}}
address=${port:-${platform:-8080}}
export suppress_lock="${suppress_lock:-true}"  # so that several examples can run side by side
url=http://localhost:$address
case $name in
  php-index) try="curl -d fwatchdog $url/greet" ;;
  bash-env) try="curl '$url/any/path?with=a&query=too'" ;;
  python-stdin) try="curl -d '{\"numbers\": [20, 22]}' $url/" ;;
  php-server) try="curl -d hello $url/greet" ;;
  python-flask) try="curl --json '{\"numbers\": [20, 22]}' $url/sum" ;;
  node-http) try="curl -d hello $url/any/path" ;;
  php-app) try="curl '$url/report.csv' -r 0-30" ;;
  cgi-bash) try="curl -i $url/docs" ;;
  cgi-perl) try="curl -i -d 'to be or not to be' $url/" ;;
  git-server) try="git clone $url/project.git" ;;
  static-site) try="curl --compressed $url/" ;;
  websocket) try="node examples/websocket/client.js ws://localhost:$address/ hello" ;;
esac

cd "examples/$name"
[ ! -e package.json ] || flock package.json npm install --silent --no-fund --no-audit >/dev/null
# What the Dockerfile prepares.
if [ "$name" = git-server ] && [ ! -e repositories ]; then
  git init --quiet --template= --bare repositories/project.git
  git -C repositories/project.git config http.receivepack true
fi
eval "export $(sed -n 's/^ENV //p' Dockerfile)"  # the same settings as in the container
{
  until "$watchdog" --run-healthcheck; do
    kill -0 $$ 2>/dev/null || exit
    sleep 0.05
  done
  printf '\n%s is ready. Try:\n\n  %s\n\nCtrl-C ends it.\n\n' "$name" "$try"
} &
exec "$watchdog"
