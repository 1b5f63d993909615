# Sourced by tools/test_*.sh: checks that print "ok - name" or "not ok - name". What was checked is in $checks, $failed.
# shellcheck shell=bash disable=SC2034
failed=0 checks=0

check() { # NAME COMMAND...
  local name=$1
  shift
  checks=$((checks + 1))
  if "$@" >&2; then echo "ok - $name"; else
    echo "not ok - $name"
    failed=1
  fi
}
skip() { echo "ok - $1 # SKIP $2" && checks=$((checks + 1)); }
fails_with() { # CODE COMMAND...
  local code=0 wanted=$1
  shift
  "$@" || code=$?
  [ "$code" -eq "$wanted" ]
}
says() { # TEXT COMMAND...
  local text=$1
  shift
  { "$@" 2>&1 || true; } | tee /dev/stderr | grep -F -- "$text" >/dev/null
}
