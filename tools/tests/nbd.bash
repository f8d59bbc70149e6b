#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts that test NBD exports have in common, beside writing.bash; sourced, not
# run.  The server is nbdkit.
#
# shellcheck disable=SC2034 # the variables are for those scripts
. "$(dirname "$0")/writing.bash"

# export_with ARG...: starts nbdkit with these; $uri is what it has, $nbd its process
export_with() {
	rm -f "$tmp/nbd" "$tmp/nbd.pid"
	nbdkit -f -U "$tmp/nbd" -P "$tmp/nbd.pid" "$@" 2>> "$tmp/nbd.log" &
	nbd=$!
	uri="nbd+unix:///?socket=$tmp/nbd"
	until_true test -s "$tmp/nbd.pid"
}

end_export() {
	kill "$@" "$nbd"
	wait "$nbd" || :
}

# pausing p|r: has the export pause, or go on
pausing() {
	python3 - "$tmp/control" "$1" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.send(sys.argv[2].encode())
		sys.exit(s.recv(1).decode() != sys.argv[2].upper())
	END
}

# store BYTES: what is exported, and what it is to have in the end
store() {
	bytes "$1" "$tmp/f"
	cp "$tmp/f" "$tmp/want"
}
