#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: the rules of the house that a program can check. Each is one TAP case; what
# breaks it is listed as FILE:LINE below the case.
set -u
cd "${ROTA_TOP:-$(dirname "$0")/../..}" || exit 1

# The files that are, or are about to be, in the repository; without git, all but build/.
files=$(git ls-files -co --exclude-standard 2>/dev/null | while read -r f; do
	[ -f "$f" ] && echo "$f"
done)
[ -n "$files" ] || files=$(find . -name .git -prune -o -path ./build -prune -o -type f -print |
	sed 's,^\./,,')

among() { grep -E "$1" <<<"$files" || :; }
# search FILES REGEX: FILE:LINE:TEXT of every match in text files
search() { [ -z "$1" ] || tr '\n' '\0' <<<"$1" | xargs -0 grep -nHIE -- "$2" || :; }

n=0
verdict() { # verdict NAME FINDINGS
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' <<<"$2"
	fi
}

c_files=$(among '\.[ch]$')
src=$(among '^src/')
sources=$(among '(\.(c|h|sh|bats|py|mk)|(^|/)Makefile)$|^(scripts|\.ci)/|^tests/run$|^src/.*\.(html|js|css)$')

verdict "core includes only itself and the compiler's own headers" "$(
	search "$(among '^src/sched/.*\.[ch]$')" '^[[:space:]]*#[[:space:]]*include' |
		grep -vE 'include[[:space:]]*("sched/[a-z0-9_]+\.[ch]"|<(stdint|stdbool|stddef)\.h>)'
)"

# DESIGN: who may include whom. A folder may always include its own files.
may_include() {
	case $1 in
	sched | analysis) echo 'sched' ;; # analysis stands alone; see below
	trace | symbols) echo 'sched' ;;
	kvm) echo 'sched|symbols' ;;
	sim) echo 'sched|trace|symbols|analysis' ;;
	control) echo 'sched|sim|kvm|trace|symbols' ;;
	cli) echo 'control|kvm|sim|trace|analysis|symbols|sched' ;; # kvm: until src/control has rotad between them
	*) echo 'none' ;;
	esac
}
verdict "imports between folders point one way" "$(
	for d in $(sed -n 's,^src/\([^/]*\)/.*,\1,p' <<<"$src" | sort -u); do
		allowed="$d|$(may_include "$d")"
		[ "$d" != analysis ] || allowed=analysis
		search "$(among "^src/$d/.*\.[ch]\$")" '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
			grep -E '"[^"]*/' | grep -vE "\"($allowed)/"
	done
)"

verdict "no file of src is longer than 800 lines" "$(
	for f in $src; do
		lines=$(wc -l <"$f")
		[ "$lines" -le 800 ] || echo "$f: $lines lines"
	done
)"

verdict "every source file names its licence in its first five lines" "$(
	for f in $sources; do
		head -n 5 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || echo "$f"
	done
)"

verdict "C is indented with tabs" "$(search "$c_files" '^(	* {8}| +	)')"

# Inputs of tests are as they are: some are broken on purpose, some were recorded elsewhere.
given='^tests/(bad|data|golden|oracle)/'
# A line that ends with a message may be wider: one that is broken can't be searched for.
columns=$(sed -n 's/^max_line_length *= *//p' .editorconfig)
verdict "no line of C is wider than $columns columns" "$(
	[ -z "$c_files" ] || tr '\n' '\0' <<<"$c_files" | xargs -0 python3 -c '
import re, sys
for path in sys.argv[2:]:
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        width = len(line.rstrip("\n").expandtabs(8))
        if width > int(sys.argv[1]) and not re.search(r"\"( PRI\w+)?[]),;]*( *\\)?$", line):
            print(f"{path}:{number}: {width} columns")' "$columns"
)"

text=$(among '\.(c|h|sh|bats|py|mk|md|yaml|html|js|css|[15])$|(^|/)Makefile$|^(scripts|\.ci)/|^tests/run$' | grep -vE "$given")
verdict "no space at the end of a line" "$(search "$text" '[[:space:]]$')"
verdict "every text file ends with a newline" "$(
	for f in $text; do
		[ ! -s "$f" ] || [ -z "$(tail -c 1 "$f")" ] || echo "$f"
	done
)"

# The brackets keep these patterns from finding themselves.
verdict "no path of the author's machine in any file" "$(search "$files" '/(wor[k]|hom[e])/[a-zA-Z]')"
verdict "no package registry or mirror is named in any file" "$(
	search "$files" '(deb|security|snapshot|ftp)[.][a-z.]*debian[.]org|pypi[.]org|npmjs[.]|crates[.]io|proxy[.]golang|archive[.]ubuntu'
)"

verdict "every C test says what it is about" "$(
	for f in $(among '^tests/(unit|property)/.*\.c$'); do
		head -n 15 "$f" | grep -q 'Description:' || echo "$f"
	done
)"

pages=$(among '^docs/man/.*\.[15]$')
if command -v mandoc >/dev/null; then
	verdict "manual pages are free of mistakes" "$(
		[ -z "$pages" ] || tr '\n' '\0' <<<"$pages" | xargs -0 mandoc -T lint -W warning 2>&1
	)"
else
	n=$((n + 1))
	echo "ok $n - manual pages are free of mistakes # SKIP mandoc is not installed"
fi

echo "1..$n"
