#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What is wrong on the command line is refused at once, in one line that says what to do.

# shellcheck source=tools/testing/t/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

# shellcheck disable=SC2317 # check calls it
one_line() { [[ $err && $err != *$'\n'* ]]; }

# refused NAME WORDS ARG...: "run ARG... -- true" fails with WORDS in its one line.
refused() {
	local name=$1 words=$2
	shift 2

	attempt "$lab" run "$@" -- true
	check "$name: status" status_is 125
	check "$name: one line" one_line
	check "$name: says so" err_has "$words"
}

refused 'unknown device' 'no such device' --device floppy
refused 'unknown function of a slot' 'no such device' --device edu+floppy
refused 'empty device' 'wants an argument' --device ''
refused 'empty function of a slot' 'no such device' --device edu++edu
refused 'nine functions' 'one to eight' --device edu+edu+edu+edu+edu+edu+edu+edu+edu
refused 'ivshmem without size' 'say how large' --device ivshmem
refused 'ivshmem of an odd size' 'power of two' --device ivshmem:3M
refused 'ivshmem of a size that is none' 'power of two' --device ivshmem:large
refused 'ivshmem of a size that overflows' 'power of two' --device ivshmem:99999999999999999999G
refused 'image that is not there' 'there is no file' --device virtio-blk=/nonexistent
refused 'argument where none belongs' 'takes no argument' --device edu=1
refused 'card without its VFs' 'how many VFs' --device mlx5
refused 'card with too many VFs' 'how many VFs' --device mlx5:17
refused 'card with an unknown option' 'none of memory=MIB' --device mlx5:2,colour=3
refused 'two cards' 'one card' --device mlx5:1 --device mlx5:1
refused 'card in a slot with others' 'slot of its own' --device mlx5:1+edu
refused 'card behind a bridge' 'not behind a bridge' --device bridge:mlx5:1
refused 'disks without number' 'how many disks' --device mlx5:0 --device snap-blk
refused 'no disks' 'how many disks' --device mlx5:0 --device snap-blk:0
refused 'disks on an image that is not there' 'there is no file' --device mlx5:0 --device snap-blk:1=/nonexistent
refused 'disks without a card' 'add --device mlx5' --device snap-blk:1
refused 'liar that says how in capitals' 'say which lie' --device liar:LOOP
refused 'liar in a slot with others' 'slot of its own' --device liar+edu
refused 'a second allcaps' 'one allcaps in a machine' --device allcaps --device allcaps
refused 'a second igd' 'one igd in a machine' --device igd --device igd
refused 'an igd with an argument' 'igd takes no argument' --device igd:2
refused 'nine liars' '8 liars at most' --device liar --device liar --device liar --device liar \
	--device liar --device liar --device liar --device liar --device liar
refused 'unknown option' 'has no option' --no-such-option
refused 'time limit that is no number' 'number of seconds' --timeout soon
refused 'memory that is no size' 'wants a size' --memory much
refused 'unknown architecture' 'no such architecture' --arch vax
refused 'machine without an architecture' 'goes with --arch' --machine pseries
refused 'machine of another architecture' 'ppc64el has' --arch ppc64el --machine s390-ccw-virtio
refused 'zPCI device without MSI-X' 'zPCI wants MSI-X' --arch s390x --device edu
refused 'simulated device' 'own architecture only' --arch ppc64el --device mlx5:2
refused 'two functions of a zPCI slot' 'one function' --arch s390x --device nvme+nvme
refused 'more devices than host bridges' 'have a place' --arch ppc64el \
	--device edu --device edu --device edu --device edu --device edu --device edu
refused 'debug kernel of another architecture' 'own architecture only' --arch s390x --debug
refused 'option without its argument' 'wants an argument' --in-tree --timeout

attempt "$lab" run --in-tree
check 'no command: status' status_is 125
check 'no command: says so' err_has 'run what?'

attempt "$lab" frobnicate
check 'unknown command: status' status_is 125
check 'unknown command: says so' err_has 'no command frobnicate'

attempt "$lab" setup --arch vax
check 'setup for an unknown architecture: status' status_is 125
check 'setup for an unknown architecture: one line' one_line
check 'setup for an unknown architecture: says so' err_has 'no such architecture'

attempt "$lab" setup frobnicate
check 'setup of what it does not know: status' status_is 125
check 'setup of what it does not know: says so' err_has 'setup has no frobnicate'

attempt "$lab" help
check 'help: status' status_is 0
for word in setup run shell build chroot demo --device --in-tree --debug --arch --machine --icount \
	--timeout; do
	check "help: names $word" grep --quiet -e "$word" "$work/out"
done

done_testing
