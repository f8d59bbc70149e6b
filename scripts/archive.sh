#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# archive.sh: what Debian has in suites that this machine does not use.  Sourced
# by lib.sh, never run.
#
# The newest kernel is in one of these.  apt reads them from the mirror that this
# machine uses, with a configuration and lists of our own in the cache.  The
# machine's sources and lists stay as they are.
# shellcheck disable=SC2154,SC2120,SC2119 # lib.sh sets variables, others have arguments

zx_suites="trixie-backports sid"
zx_archive=$zx_cache/archive

# The mirror of Debian itself, as apt understands this machine's sources.
# shellcheck disable=SC2016 # it is for apt
archive_mirror() {
	apt-get indextargets --format \
		'$(CREATED_BY) $(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)' |
		sed -n 's/^Packages Debian Debian main //p' | head -n 1
}

# archive COMMAND...: apt-get or apt-cache, with those suites alone
archive() { "$1" -c "$zx_archive/apt.conf" "${@:2}"; }

# archive_read MINUTES: read the lists, unless they are younger.  The keys that sign
# those suites may be newer than what this machine was installed with, but its own
# release has them in a package, which the machine's own keys vouch for.  A suite that
# cannot be read is named, and the others are used.
archive_read() {
	local mirror suite tmp=$zx_archive/new
	! archive_fresh "$1" || return 0
	mirror=$(archive_mirror)
	[ -n "$mirror" ] || die "no mirror of Debian among this machine's sources, or" \
		"no lists of it: run 'apt-get update' on Debian 12"
	rm -rf "$tmp"
	mkdir -p "$tmp" "$zx_archive/lists/partial" "$zx_archive/cache/archives/partial"
	( cd "$tmp" && apt-get -q download debian-archive-keyring &&
		dpkg-deb -x debian-archive-keyring_*.deb . ) > "$tmp/log" 2>&1 || {
		cat "$tmp/log" >&2
		die "cannot download debian-archive-keyring; try 'apt-get update' first"
	}
	cp "$tmp/usr/share/keyrings/debian-archive-keyring.gpg" "$zx_archive/keyring.gpg"
	for suite in $zx_suites; do
		echo "deb [arch=amd64 signed-by=$zx_archive/keyring.gpg] $mirror $suite main"
	done > "$zx_archive/sources.list"
	# What the machine does after an update of its own lists is not for ours.
	cat > "$zx_archive/apt.conf" <<-END
		Dir::Etc::SourceList "$zx_archive/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State::Lists "$zx_archive/lists";
		Dir::State::Status "/dev/null";
		Dir::Cache "$zx_archive/cache";
		Acquire::Languages "none";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	END
	if archive apt-get -q update > "$tmp/log" 2>&1; then
		touch "$zx_archive/read"
	else
		grep '^[EW]:' "$tmp/log" >&2 || :
		say "not all of these could be read: $zx_suites"
	fi
	rm -rf "$tmp"
}

archive_fresh() {
	[ -n "$(find "$zx_archive/read" -mmin "-$1" 2> /dev/null)" ]
}

# archive_lists [MINUTES]: lists that are no older, by default a day.  Without a
# network old ones are better than none.
archive_lists() {
	local minutes=${1:-1440}
	archive_fresh "$minutes" || with_lock archive archive_read "$minutes" ||
		[ -e "$zx_archive/read" ]
}

# apt_for SERIES COMMAND...: apt-get or apt-cache, where there is such a kernel
apt_for() {
	if [ "$1" != newest ]; then
		"${@:2}"
	else
		archive_lists && archive "${@:2}"
	fi
}
