#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A run in L1: output and status are the command's, reports of the kernel make it fail, and
# nothing is left behind. Needs the Debian tree.

# shellcheck source=tools/testing/t/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

mkdir "$work/results"
# It leaves two processes behind, of which one is busy executing itself.
# shellcheck disable=SC2016
attempt "$lab" run --in-tree --device edu --device edu+pci-testdev --results "$work/results" -- \
	sh -c 'echo to-out; echo to-err >&2; echo "$LAB_DEVICES" > "$LAB_RESULTS/devices"
	echo again > /dev/stderr; touch "$LAB_CHECKOUT/x" 2> "$LAB_RESULTS/readonly"
	cat /sys/module/vfio_pci_core/taint > "$LAB_RESULTS/taint"
	lab-monitor info name > "$LAB_RESULTS/monitor"
	printf "#!/bin/sh\nexec \$0\n" > /again; chmod 755 /again; /again & sleep 1000 & exit 42'
check 'status is the command'"'"'s' status_is 42
check 'standard output is the command'"'"'s' out_is to-out
check 'standard error has the command'"'"'s' err_has to-err
check 'standard error can be opened again' err_has again
check 'addresses of the devices, in order' test "$(< "$work/results/devices")" = \
	'edu=0000:01:00.0 edu=0000:02:00.0 pci-testdev=0000:02:00.1'
check 'the checkout is read-only' grep --quiet 'Read-only' "$work/results/readonly"
check '--in-tree has the kernel'"'"'s own module' test -s "$work/results/taint" -a \
	-z "$(< "$work/results/taint")"
check 'the monitor answers' test "$(< "$work/results/monitor")" = L1

# Far more than a pipe holds, and its reader comes when L1 is gone.
# shellcheck disable=SC2016
attempt bash -c '"$0" run --in-tree -- seq 1 40000 | { sleep 20; wc -l; }' "$lab"
check 'nothing is lost of what is read late' out_is 40000

attempt "$lab" run --in-tree -- sh -c 'echo "<4>WARNING: CPU: 0 made up" > /dev/kmsg'
check 'a warning of the kernel fails the run' status_is 99
check 'a warning of the kernel is named' err_has 'WARNING: CPU: 0 made up'

attempt "$lab" run --in-tree -- sh -c 'echo c > /proc/sysrq-trigger; sleep 100'
check 'a crash of the kernel fails the run' status_is 99
check 'a crash of the kernel is shown' err_has 'sysrq_handle_crash'

attempt "$lab" run --in-tree --timeout 5 -- sleep 1000
check 'the time limit ends the run' status_is 124
check 'the time limit is named' err_has '5 s'

# shellcheck disable=SC2016
attempt tools/testing/t/typist 'what is it' $'a shell\r' 'it is a shell' $'\003' -- \
	bash -c 'stty rows 33 cols 99; exec "$@"' bash \
	"$lab" shell --in-tree -- bash -c 'trap "echo interrupted by hand; exit 7" INT; stty size
	read -r -p "what is it? " line; echo "it is $line"; while :; do sleep 1; done'
err=$out
check 'a shell has a terminal of the size of ours' err_has '33 99'
check 'a shell has what is typed' err_has 'it is a shell'
check 'a shell is interrupted by hand, and the lab is not' err_has 'interrupted by hand'
check 'a shell ends with the command'"'"'s status' status_is 7

attempt "$lab" shell --in-tree
check 'a shell without a terminal: status' status_is 125
check 'a shell without a terminal: says so' err_has 'wants a terminal'

for signal in TERM KILL; do
	"$lab" run --in-tree -- sleep 1000 > "$work/out" 2> "$work/err" &
	pid=$!
	eventually grep --quiet 'L1 starts' "$work/err"
	sleep 1
	namespace=$(namespace_of $pid)
	check "a run before SIG$signal has processes" test "$namespace"
	kill -"$signal" $pid
	wait $pid 2> /dev/null
	check "a run ended by SIG$signal leaves no process" eventually empty "$namespace"
done

done_testing
