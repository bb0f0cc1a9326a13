# Reads a byte, then does what Http_X_Do says; mostly reads on and prints what it finds, each entry with a NUL.
LC_ALL=C IFS= read -r -d '' -n 1 first # nothing is known of the request before
read -r verb argument <<<"${Http_X_Do:-report}"

report() {
  local sum stat signals name open
  sum=$({ printf %s "$first"; cat; } | cksum)
  # "pid (name) S parent group session": the name has no blank.
  read -ra stat </proc/$$/stat
  signals=$(grep -E '^(SigIgn|Threads)' /proc/$$/status)
  for name in {0..30}; do [ ! -e "/proc/$$/fd/$name" ] || open+=" $name"; done
  printf 'fact %s\0' "sum=$sum" "arguments=$*" "folder=$PWD" "parent=${stat[3]} $PPID" "pid=$(($$ == BASHPID))" \
    "leads=$((stat[0] == stat[4] && stat[0] == stat[5]))" "descriptors=$open" "signals=$signals" \
    "limits=$(</proc/$$/limits)" "seconds=$((SECONDS <= 2))"
  for name in ${!Http_*} PATH TMPDIR; do
    printf 'own %s=%s\0' "$name" "${!name}"
  done
  [ "$argument" != child ] || env -0
}

case $verb in
  report) report "$@" ;;
  part) echo "read ${#first} byte and no more" ;;
  exit) exit "$argument" ;;
  half) echo half; exit "$argument" ;;
  kill) kill "-$argument" $$ ;;
  say)
    for ((number = 0; number < argument; ++number)); do echo "line $number of $Http_X_Tag" >&2; done
    echo said
    ;;
  print) head -c "$argument" /dev/zero | tr '\0' x ;;
  hang) sleep 600 & wait ;;
esac
