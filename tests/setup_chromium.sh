#!/bin/sh
# Makes sure that tests have a browser: one that is there, else Debian's own where we may install it. Never fails:
# tests say so themselves when there is none.
set -u
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "No Chromium was found. Tests of pages in a browser are skipped; install chromium to run them." >&2
  exit 0
fi
echo "Setting up Chromium for the tests (once)"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core fonts-noto-core; } \
  >/dev/null 2>&1 || echo "Chromium could not be installed. Tests of pages in a browser are skipped." >&2
exit 0
