#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: a report opens and draws in a browser. Pages of a made-up host (by the unit test's
# program) and of a real run (by rota) are loaded in headless Chromium from a file; the page tells
# what it drew, drive.js zooms, pans and hovers as a person would.
set -u
cd "${ROTA_TOP:-$(dirname "$0")/../..}" || exit 1
ROTA=${ROTA:-build/rota}
tmp=${TEST_TMP:-$(mktemp -d)}
[ -n "${TEST_TMP:-}" ] || trap 'rm -rf "$tmp"' EXIT
# The unit test lies in the same build as rota; build/rota is a link to the last one.
maker=$(dirname "$ROTA")/tests/unit/test_report
[ -x "$maker" ] || maker=$(ls -t build/*/tests/unit/test_report 2>/dev/null | head -n 1)

n=0
ok() { # ok NAME COMMAND...
	local name=$1 why
	n=$((n + 1))
	shift
	if why=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		printf '%s\n' "${why:-$*}" | head -n 20 | cut -c 1-300 | sed 's/^/# /'
	fi
}
skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

# What loads something: an address in an attribute or a style, an import, a request by the script.
# Scenarios may mention addresses in their text, so the data are left out.
no_request() {
	! sed 's/<script type="application\/json".*<\/script>//' "$1" |
		grep -noE "https?://[^\"' ]*|(src|href)=[\"'][^\"']*|@import|url\([^)]*|\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|\bimport\(" |
		grep -v 'http://www\.w3\.org/'
}

# browse PAGE OPTION...: what Chromium writes for a page
browse() {
	local page=$1 profile
	shift
	profile=$(mktemp -d "$tmp/profile.XXXXXX")
	timeout -k 5 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--disable-dev-shm-usage --user-data-dir="$profile" --window-size=1280,1000 \
		--virtual-time-budget=4000 "$@" "file://$(realpath "$page")" 2>"$tmp/chromium.log"
	rm -rf "$profile"
}
# body_of PAGE: the attributes that the page gave its body
body_of() { browse "$1" --dump-dom | grep -o '<body[^>]*>' | head -n 1; }
attribute() { sed -n "s/.* data-$1=\"\([^\"]*\)\".*/\1/p" <<<"$body"; }

is() { # is WHAT WANTED
	local got
	got=$(attribute "$1")
	[ "$got" = "$2" ] || {
		echo "$1 is '$got', not '$2'; body: $body"
		return 1
	}
}
at_least() { # at_least WHAT LEAST
	local got
	got=$(attribute "$1")
	[ "${got:-0}" -ge "$2" ] || {
		echo "$1 is '$got', less than $2; body: $body"
		return 1
	}
}
big_picture() { # an empty page of this size has under 15 kB
	browse "$1" --screenshot="$tmp/shot.png" >/dev/null
	[ "$(stat -c %s "$tmp/shot.png" 2>/dev/null || echo 0)" -gt 25000 ] || {
		echo "screenshot is missing or empty"
		return 1
	}
}

# page NAME FILE [SEGMENTS WAKES]: all that is asked of one report
page() {
	local name=$1 file=$2 driven=$2.driven.html
	ok "$name: asks for nothing from a network" no_request "$file"
	if ! command -v chromium >/dev/null; then
		skip "$name: opens and draws" "chromium is not installed"
		return
	fi
	body=$(body_of "$file")
	ok "$name: the script ran to its end" is ready 1
	ok "$name: without an error" is errors ""
	if [ -n "${3:-}" ]; then
		ok "$name: every segment is there" is segments "$3"
		ok "$name: every wake-up is there" is wakes "$4"
	else
		ok "$name: has segments" at_least segments 100
	fi
	ok "$name: the timeline is not blank" at_least colours 8
	ok "$name: the picture is not blank" big_picture "$file"

	{
		sed '/^<\/body>/,$d' "$file"
		echo '<script>'
		cat tests/report/drive.js
		echo '</script></body></html>'
	} >"$driven"
	body=$(body_of "$driven")
	ok "$name: zoom, pan, hover, focus" is failed ""
	ok "$name: every step was taken" is steps 18
}

if [ -x "$maker" ]; then
	ids=$(REPORT_OUT=$tmp/made.html "$maker")
	page "made-up host" "$tmp/made.html" "${ids% *}" "${ids#* }"
	if command -v chromium >/dev/null; then
		ids=$(REPORT_OUT=$tmp/million.html REPORT_SEGMENTS=1000000 "$maker")
		sed '/^<\/body>/,$d' "$tmp/million.html" >"$tmp/million-driven.html"
		{ echo '<script>'; cat tests/report/drive.js; echo '</script></body></html>'; } \
			>>"$tmp/million-driven.html"
		body=$(body_of "$tmp/million-driven.html")
		ok "a million segments: all are there" is segments "${ids% *}"
		ok "a million segments: zoom, pan, hover, focus" is failed ""
		echo "# the whole run is drawn in $(attribute slowest) ms at most"
	fi
else
	skip "made-up host" "tests/unit/test_report is not built"
fi

scenario=$(ls scenarios/lab-weight-cap.yaml scenarios/*.yaml 2>/dev/null | head -n 1)
if [ -x "$ROTA" ] && [ -n "$scenario" ]; then
	ok "rota writes a report" "$ROTA" sim run "$scenario" --duration 2s --set warmup=100ms \
		--report "$tmp/rota.html"
	[ ! -s "$tmp/rota.html" ] || page "a run of rota" "$tmp/rota.html"
else
	skip "a run of rota" "rota or its scenarios are not built yet"
fi
echo "1..$n"
