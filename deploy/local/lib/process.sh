# shellcheck shell=bash disable=SC2153
# Long-running programs: started apart from the caller's session, found again later, stopped for sure.
#
# A pid file holds "pid start-time boot-id". The kernel gives pids out again, so a pid alone may by now
# belong to somebody else's process; the three together name one process only.

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# start_time PID: in ticks since boot, field 22; the name in field 2 may itself contain blanks.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  [[ $1 != Z ]] && echo "${20}"
}

# pid_of NAME: prints the pid if the program that was started under that name is alive
pid_of() {
  local pid time boot
  read -r pid time boot 2>/dev/null < "$DIR/run/$1.pid" || return 1
  [[ $boot == "$(boot_id)" && $(start_time "$pid") == "$time" ]] || return 1
  echo "$pid"
}

alive() { pid_of "$1" >/dev/null; }

# launch NAME COMMAND...: in a session of its own, so that it outlives the shell and the terminal that
# started it; without the lock's file descriptor, which would otherwise stay locked as long as it runs.
# The log starts anew, so it cannot grow from run to run.
launch() {
  local name=$1 pid
  shift
  # HTTP/2 off: clients built with Go 1.26 lost watch events over it under bursts. And a web proxy the
  # machine may be configured for has no part in talking to the node.
  local direct=${NO_PROXY:-${no_proxy:-}},127.0.0.1,localhost,$NODE_IP,$SERVICE_SUBNET,$POD_SUBNET,.svc,.cluster.local
  DISABLE_HTTP2=1 NO_PROXY=${direct#,} no_proxy=${direct#,} setsid "$@" > "$DIR/logs/$name.log" 2>&1 < /dev/null 9>&- &
  pid=$!
  echo "$pid $(start_time "$pid") $(boot_id)" > "$DIR/run/$name.pid"
}

show_log() {
  say "last lines of $DIR/logs/$1.log:"
  tail -n 20 "$DIR/logs/$1.log" 2>/dev/null | cut -c 1-400 | sed 's/^/    /' >&2 || true
}

# wait_for NAME SECONDS CHECK...: until CHECK succeeds; ends with the component's own last words when
# it dies or takes too long.
wait_for() {
  local name=$1 limit=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! alive "$name"; then
      show_log "$name"
      die "$name ended while starting"
    fi
    if (( SECONDS >= limit )); then
      show_log "$name"
      die "$name is running but not ready in time"
    fi
    sleep 0.2
  done
}

# until_true SECONDS CHECK...
until_true() {
  local limit=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    (( SECONDS < limit )) || return 1
    sleep 0.2
  done
}

dead() { ! alive "$1"; }

# stop NAME [SECONDS]: asks first, then insists; returns when it is gone.
stop() {
  local pid
  if pid=$(pid_of "$1"); then
    kill -TERM "$pid" 2>/dev/null || true
    if ! until_true "${2:-10}" dead "$1"; then
      kill -KILL "$pid" 2>/dev/null || true
      until_true 10 dead "$1" || die "$1 (pid $pid) cannot be ended"
    fi
  fi
  rm -f "$DIR/run/$1.pid"
}
