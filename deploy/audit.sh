#!/usr/bin/env bash
# Whether any package of the lock has a known vulnerability: `make audit`. It runs pip-audit, which asks an advisory
# service over the network. 0: none is known. 1: some are, and they are listed. 2: the service could not be asked.
# A service that knows nothing would let everything pass, so it must first name one that is long known.
set -euo pipefail
cd "$(dirname "$0")/.."
pip_audit=${1:?usage: deploy/audit.sh PIP_AUDIT [LOCK]}
lock=${2:-requirements.lock}
service=${SERVICE:-pypi}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

ask() { # what is listed goes to stdout; why it could not be, to $scratch/errors
  "$pip_audit" --strict --disable-pip --progress-spinner off --timeout 20 --vulnerability-service "$service" "$@" \
    2>"$scratch/errors"
}

not_asked() {
  {
    tail -n 3 "$scratch/errors"
    echo
    echo "NOT AUDITED: $1"
    echo "To go on: run it where the service can be reached, or ask another with \`make audit SERVICE=osv\`."
    echo "Until one has answered, nothing is known about $lock."
  } >&2
  exit 2
}

echo 'jinja2==2.4.1' >"$scratch/known"
ask --no-deps --format json --requirement "$scratch/known" >"$scratch/answer" || true
grep -q '"vulns": \[{' "$scratch/answer" || not_asked "'$service' does not name what is known of jinja2 2.4.1."

if ask --require-hashes --requirement "$lock" >"$scratch/answer"; then
  echo "$lock: no vulnerability is known to '$service'."
elif [ -s "$scratch/answer" ]; then
  cat "$scratch/answer"
  exit 1
else
  not_asked "'$service' did not answer for every package."
fi
