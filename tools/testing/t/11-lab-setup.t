#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Making the tree: never twice at once, never half, and clear about what is missing. A stand-in
# for mmdebstrap makes an empty tree, so nothing is downloaded.

# shellcheck source=tools/testing/t/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

mkdir "$work/bin" "$work/cache"
export XDG_CACHE_HOME=$work/cache PATH=$work/bin:$PATH LAB_TEST=$work

# stand_in PROGRAM: its script is on standard input. What has that name may be a link to the true one.
stand_in() {
	rm -f "$work/bin/$1"
	{ printf '#!/usr/bin/env bash\n'; cat; } > "$work/bin/$1"
	chmod 755 "$work/bin/$1"
}

trees() {
	find "$work/cache/vfio-pci-lab" -maxdepth 1 -type d -name 'tree-*' "$@" | wc -l
}

stand_in mmdebstrap <<'END'
echo called >> "$LAB_TEST/calls"
sleep "$(cat "$LAB_TEST/seconds")"
for word; do
	[[ $word != */tree-*.new ]] || mkdir -p "$word/usr/lib/modules/6.12.0"
done
END

echo 3 > "$work/seconds"
"$lab" setup 2> "$work/first" &
sleep 1
attempt "$lab" setup
check 'second setup at once: status' status_is 0
check 'second setup at once: says that it waits' err_has 'waiting'
wait $!
check 'first setup: status' test $? -eq 0
check 'two setups make one tree' test "$(trees)" -eq 1
check 'two setups make it once' test "$(wc -l < "$work/calls")" -eq 1

attempt "$lab" setup
check 'setup when the tree is there: status' status_is 0
check 'setup when the tree is there: makes nothing' test "$(wc -l < "$work/calls")" -eq 1

for signal in INT TERM KILL; do
	rm -rf "$work/cache"/*
	echo 60 > "$work/seconds"
	# What is started in the background ignores SIGINT, this test itself perhaps too.
	env --default-signal=INT "$lab" setup 2> "$work/err" &
	eventually namespace_of $! > /dev/null
	sleep 1
	namespace=$(namespace_of $!)
	check "setup before SIG$signal has processes" test "$namespace"
	kill -"$signal" $!
	wait $! 2> /dev/null
	check "setup ended by SIG$signal leaves no process" eventually empty "$namespace"
	check "setup ended by SIG$signal leaves no complete tree" \
		test "$(trees ! -name '*.new')" -eq 0
done

echo 0 > "$work/seconds"
attempt "$lab" setup
check 'setup after that: status' status_is 0
check 'setup after that: one tree' test "$(trees)" -eq 1

rm -rf "$work/cache"/*
stand_in mmdebstrap <<'END'
echo "W: Failed to fetch http://mirror.example/InRelease Could not resolve 'mirror.example'"
exit 1
END
attempt "$lab" setup
check 'no network: status' status_is 125
check 'no network: says so' err_has 'no package mirror could be reached'
check 'no network: leaves no tree' test "$(trees ! -name '*.new')" -eq 0

stand_in df <<'END'
printf 'Avail\n100\n'
END
attempt "$lab" setup
check 'too little disk: status' status_is 125
check 'too little disk: says so' err_has 'MiB free'
rm "$work/bin/df"

# A PATH without mmdebstrap, and an apt-get that cannot install it.
rm "$work/bin/mmdebstrap"
for program in /usr/bin/* /usr/sbin/*; do
	[[ ${program##*/} == mmdebstrap || -e $work/bin/${program##*/} ]] ||
		ln -s "$program" "$work/bin/"
done
stand_in apt-get <<'END'
exit 100
END
PATH=$work/bin attempt "$lab" setup
check 'mmdebstrap missing: status' status_is 125
check 'mmdebstrap missing: says how to install it' err_has 'apt-get install mmdebstrap'

if ((EUID == 0)); then
	stand_in mmdebstrap <<-'END'
	exit 1
	END
	stand_in unshare <<-'END'
	exit 1
	END
	stand_in id <<-'END'
	echo nobody
	END
	rm -rf "$work/cache"/*
	chmod 755 "$work"
	chmod 777 "$work/cache"
	attempt setpriv --reuid 65534 --clear-groups env HOME="$work" PATH="$work/bin" "$lab" setup
	check 'no user namespaces: status' status_is 125
	check 'no user namespaces: says what to do' err_has 'user namespaces'
fi

done_testing
