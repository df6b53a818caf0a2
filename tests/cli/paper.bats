#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: `rota sim paper`: a published experiment's figures beside rota's, as text, JSON, Markdown and a page; the
# same for any number of processes; and what it refuses.

bats_require_minimum_version 1.5.0

setup() {
	rota=${ROTA:-$PWD/build/rota}
	unset ROTA_DATA
	cd "$BATS_TEST_TMPDIR"
	cat >host.yaml <<-'END'
		duration: 300ms
		domains:
		  - {name: vm1, workload: {model: hog}}
		  - {name: vm2, workload: {model: hog}}
	END
	cat >shares.yaml <<-'END'
		title: Shares of two hogs
		source: A paper, table 1
		scenario: host.yaml
		rows:
		  double: {domains.vm1.weight: 512}
		  equal: {}
		columns:
		  alone: {domains.vm2.workload.model: idle}
		  beside: {}
		figures:
		  - name: share of vm1
		    value: domains.vm1.share
		    paper: {equal: [1, 0.5], double: [~, 0.2]}
		    because: {double: the paper's scheduler had no weights}
		  - {name: time, value: domains.vm1.share, invert: true, over: alone, paper: {equal: [~, 2]}}
	END
}

refused() { # refused CODE WORDS ARGUMENT...
	local code=$1 words=$2
	shift 2
	run -"$code" --separate-stderr "$rota" sim paper "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *"$words"* ]]
}

@test "paper value, rota value and ratio, and what is far off is marked" {
	run -0 "$rota" sim paper ./shares.yaml -j 1
	[[ $output =~ equal\ +alone\ +1.00\ +1.00\ +1.00 ]]
	[[ $output =~ double\ +beside\ +0.200\ +0.6[0-9]+\ +3.[0-9]+\ \* ]]
	[[ $output =~ equal\ +beside\ +2.00\ +(1.9|2.0)[0-9]*\ +(1.0|0.9)[0-9]* ]]
	[[ $output == *"1 of 3 off by more than a factor of 1.5 (*)"* ]]
	[[ $output != *"double           alone"* ]]
}

@test "any number of processes gives the same" {
	"$rota" sim paper ./shares.yaml -j 1 --json >one
	"$rota" sim paper ./shares.yaml -j 5 --json >five
	cmp one five
	python3 - <<-'END'
		import json
		papers = json.load(open('one'))
		values = papers[0]['figures'][0]['values']
		assert [(v['row'], v['column'], v['far']) for v in values] == [
		    ('double', 'beside', True), ('equal', 'alone', False), ('equal', 'beside', False)], values
		assert abs(values[2]['rota'] / values[2]['paper'] - values[2]['ratio']) < 1e-5
	END
}

@test "seeds are averaged, and --set has the last word" {
	run -0 "$rota" sim paper ./shares.yaml --json --set domains.vm1.weight=256
	[[ $output =~ \"ratio\":\ 2.[45] ]] # 0.5 where the row's weight would give 0.67
	sed -i 's/^title/seeds: 3\n&/' shares.yaml
	run -0 "$rota" sim paper ./shares.yaml
	[[ $output == *"share of vm1"* ]]
}

@test "Markdown has the reasons, the page has plots and nothing from elsewhere" {
	run -0 "$rota" sim paper ./shares.yaml --markdown --report page.html
	[[ $output == *"| share of vm1 | double | beside | 0.200 | 0.6"*"| **3."*" | predicted |"* ]]
	[[ $output == *"- share of vm1, double: the paper's scheduler had no weights"* ]]
	grep -q '<rect class="rota"' page.html
	grep -q '</html>' page.html
	run -1 grep -E 'src=|href=|url\(' page.html
}

@test "the shipped experiments are right, and are listed" {
	run -0 "$rota" sim paper
	[[ $output == *"e18-table4c "* ]]
	while read -r name _; do
		"$rota" sim paper "$name" --check
	done <<<"$output"
	"$rota" sim paper calibration --check
}

@test "what it refuses" {
	refused 2 "there is no experiment nothing" nothing
	refused 2 "no option --nope" --nope
	refused 2 "-j wants a number" ./shares.yaml -j 0
	refused 2 "not both" ./shares.yaml --json --markdown
	refused 2 "--set wants PATH=VALUE" ./shares.yaml --set duration
	refused 2 "domains.vm1.weight" ./shares.yaml --set domains.vm1.weight=0
	refused 1 "can't write" ./shares.yaml --report /nowhere/x.html
	ROTA_DATA=$PWD refused 1 "can't find the experiments"
}

# broken SED WORDS: the experiment with a mistake
broken() {
	sed "$1" shares.yaml >bad.yaml
	refused 2 "$2" ./bad.yaml
	[[ $stderr == "rota: ./bad.yaml:"* ]]
}

@test "mistakes in an experiment are named with their line" {
	broken 's/^title: .*//' "title"
	broken 's/host.yaml/none.yaml/' "none.yaml"
	broken 's/equal: \[1, 0.5\]/equal: [1]/' "figures.0.paper.equal: has not one entry for each of the 2 columns"
	broken 's/equal: \[1, 0.5\]/other: [1, 1]/' "figures.0.paper.other: there is no row or column 'other'"
	broken 's/0.5\]/half]/' "'half' is not a number"
	broken 's/over: alone/over: nobody/' "there is no row or column 'nobody'"
	broken 's/value: domains.vm1.share, invert/value: "sum", invert/' "is not a term"
	broken 's/^  equal: {}/  double: {}/' "is given twice"
	broken 's/invert: true/invert: 7/' "figures.1.invert"
	broken 's/because: {double/because: {triple/' "there is no row or column 'triple'"
	sed 's/vm1.share/vm9.share/' shares.yaml >bad.yaml
	refused 1 "the result has no field domains.vm9.share" ./bad.yaml
}
