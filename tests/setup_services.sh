#!/bin/sh
# Makes sure that tests have the programs they try things with: a browser and a mail server. Takes those that are there,
# else Debian's own where we may install them. Never fails: tests say so themselves when there is none.
set -u
wanted=""
for name in chromium-headless-shell chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && browser=yes
done
[ "${browser:-}" ] || wanted="chromium-headless-shell fonts-dejavu-core fonts-noto-core"
# In sbin, which is not on everybody's path.
[ -x /usr/sbin/postfix ] || command -v postfix >/dev/null 2>&1 || wanted="$wanted postfix"
[ "$wanted" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "Tests that need these are skipped until somebody installs them: $wanted" >&2
  exit 0
fi
echo "Setting up for the tests (once): $wanted"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1
put_in() { apt-get install -y -qq --no-install-recommends "$1" >/dev/null 2>&1; }
for each in $wanted; do
  put_in "$each" || { [ "$each" = chromium-headless-shell ] && put_in chromium; } ||
    echo "$each could not be installed. Tests that need it are skipped." >&2
done
exit 0
