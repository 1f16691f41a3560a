state=$ROOT/var/lib/countersign
pid() { cat "$ROOT/pid" 2>/dev/null || true; }
# A process that ended and that nobody has waited for does not run.
runs() { [ -n "$(pid)" ] && grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$(pid)/status"; }
start() {
  runs && return 0
  install -d -m 700 "$ROOT/credentials"
  cp "$ROOT/etc/countersign/hsm-pin.cred" "$ROOT/credentials/hsm-pin"
  chmod 600 "$ROOT/credentials/hsm-pin"
  rm -f "$state/operations-url"
  CREDENTIALS_DIRECTORY=$ROOT/credentials SOFTHSM2_CONF=$ROOT/etc/countersign/softhsm2.conf \
    setsid countersignd >>"$ROOT/log" 2>&1 </dev/null &
  echo $! >"$ROOT/pid"
  for _ in $(seq 600); do
    [ -s "$state/operations-url" ] && return 0
    runs || { echo "countersignd ended: $(tail -n 1 "$ROOT/log")" >&2; return 1; }
    sleep 0.1
  done
  echo "countersignd does not listen" >&2
  return 1
}
stop() {
  runs || return 0
  kill -TERM "$(pid)"
  for _ in $(seq 450); do
    runs || return 0
    sleep 0.1
  done
  kill -KILL "$(pid)"
}
case $1 in
  start) start ;;
  stop) stop ;;
  restart) stop && start ;;
  enable)
    case " $* " in
      *.timer\ *) [ -s "$ROOT/etc/systemd/system/${3%%@*}@.timer" ] ;;
      *) start ;;
    esac
    ;;
  *) echo "systemctl: \`$1\` is not stood for here" >&2; exit 1 ;;
esac
