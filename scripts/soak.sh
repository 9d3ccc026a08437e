#!/usr/bin/env bash
# The long tests, to a verdict. Three parts, each of which ends with its own count:
#
#	every test with the build tag soak
#	the race detector over the packages that have goroutines, or share what others do.
#	  It needs a C compiler; without one the packages are counted as skipped
#	every fuzz target for a while
#
# About three quarters of an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."

raced=(./nn/... ./dynamics ./sparsify ./milp/bound ./milp/bnb ./milp/certificate ./planner ./scenario ./report)
# Without meaning there: the race detector allocates, and makes a clock limit ten times
# shorter; in the tests that HiGHS judges, HiGHS has the time.
unraced='Alloc|Explores|HiGHS'
fuzztime=30s

every() {
	GOFLAGS="${GOFLAGS:-} -tags=soak" TEST_TIMEOUT=2h scripts/test.sh
}

race() {
	local why
	if why=$(CGO_ENABLED=1 go test -race -c -o /dev/null ./internal/cputime 2>&1); then
		CGO_ENABLED=1 go run ./internal/testsummary -race -skip "$unraced" -vet=off -count=1 -timeout 1h "${raced[@]}"
	else
		echo "$why"
		echo "SKIPPED, nothing checked for races in $(go list "${raced[@]}" | wc -l) packages: the race detector does not build here"
	fi
}

# fuzzed NAME FILE runs one target and keeps what it says in out.
fuzzed() {
	# Interesting inputs are hardly made smaller: for large ones that would take all the time.
	out=$(go test -vet=off -run '^$' -fuzz "^$1\$" -fuzztime "$fuzztime" -fuzzminimizetime 10x "$(dirname "$2")" 2>&1 </dev/null)
}

# ended says whether go test failed since the time was over while an input ran, as it
# sometimes does, and not by an input, which it would have written down.
ended() {
	[[ $out == *"context deadline exceeded"* && $out != *"Failing input"* ]]
}

# fuzz runs go test's fuzzer on every target. What it says is shown where it fails; the
# input that did it is then below testdata/ of the package.
fuzz() {
	local file name out passed=0 bad=0
	while IFS=: read -r file name; do
		name=${name#func }
		if fuzzed "$name" "$file" || { ended && fuzzed "$name" "$file"; }; then
			echo "ok	$(dirname "$file") $name: $(grep -o 'execs: [0-9]*' <<<"$out" | tail -1)"
			passed=$((passed + 1))
		else
			echo "$out"
			bad=$((bad + 1))
		fi
	done < <(grep -rHo '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' --exclude-dir='.[!.]*' .)
	echo "$passed fuzz targets passed, $bad failed"
	((passed > 0 && bad == 0))
}

# part NAME FUNCTION: set -e is off in it, and its last command is its verdict.
failed=()
part() {
	echo "soak: $1"
	"$2" || failed+=("$1")
}

part "every test" every
part races race
part fuzz fuzz
if ((${#failed[@]} > 0)); then
	echo "soak: FAILED:" "$(IFS=,; echo "${failed[*]}")"
	exit 1
fi
echo "soak: passed"
