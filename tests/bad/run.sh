#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: every malformed scenario here ends with exit code 2 and exactly one line on standard
# error, which names the file, the line and the key that the file's first line foretells
# ("# expect: LINE KEY"). A sanitizer's report would be more than one line, so it fails too.
#
# ROTA is the program under test; the output is TAP.

here=$(dirname "$0")
rota=${ROTA:-$here/../../build/rota}
err=$(mktemp) || exit 1
trap 'rm -f "$err"' EXIT

n=0
failed=0
result() { # STATUS NAME [WHY]
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		echo "# $3"
		failed=1
	fi
}

if [ ! -x "$rota" ]; then
	echo "1..1"
	echo "not ok 1 - bad scenarios"
	echo "# there is no program at $rota; build it or set ROTA"
	exit 0
fi

for file in "$here"/*.yaml; do
	name=bad/$(basename "$file" .yaml)
	expect=$(head -n 1 "$file" | tr -d '\000')
	case $expect in
	'# expect: '[0-9]*' '?*) ;;
	*)
		result 1 "$name" "the file does not begin with '# expect: LINE KEY'"
		continue
		;;
	esac
	expect=${expect#\# expect: }
	line=${expect%% *}
	key=${expect#* }
	"$rota" sim check "$file" >/dev/null 2>"$err"
	code=$?
	message=$(cat "$err")
	if [ "$code" != 2 ]; then
		result 1 "$name" "exit code $code instead of 2; $message"
	elif [ "$(wc -l <"$err")" != 1 ]; then
		result 1 "$name" "$(wc -l <"$err") lines of complaint instead of 1"
	else
		case $message in
		*"$file:$line: $key: "*"; "*) result 0 "$name" ;;
		*) result 1 "$name" "expected $file:$line: $key: in: $message" ;;
		esac
	fi
done
echo "1..$n"
exit 0
