# SPDX-License-Identifier: GPL-2.0
#
# For people; kbuild reads Kbuild.  "make help" says what there is.
#
#   KDIR=DIR      the kernel to build for: its headers or its build directory
#   KERNEL=6.12   one of the test kernels, 6.1 or 6.12, instead
#   W=1, C=2      as in the kernel's own build
#   O=DIR         where programs are built (default build)

O ?= build
out := $(abspath $(O))
target := $(or $(KDIR),$(KERNEL),running)
kernel := $(or $(KERNEL),6.12)
kbuild_args = $(foreach v,W C CF V CC LLVM,$(if $($(v)),$(v)='$($(v))'))
DESTDIR ?=
PREFIX ?= /usr/local

.PHONY: all modules tools selftests check lint rig-test demo vm deps
.PHONY: install modules_install headers_install clean help

all: modules

modules:		## the module, for the running kernel, KDIR= or KERNEL=
	@scripts/build.sh $(target) $(kbuild_args)

tools:			## the library, the daemon and the command line
	@scripts/deps.sh build
	+$(MAKE) -C tools O='$(out)'

selftests:		## the test programs
	@scripts/deps.sh build
	+$(MAKE) -C selftests O='$(out)' \
		KSELFTEST_INC="$$(scripts/ksrc.sh --kselftest)"

check:			## everything: lint, builds, all tests on 6.1 and 6.12
	@scripts/check.sh

lint:			## checkpatch, sparse, W=1, kernel-doc, shellcheck
	@scripts/deps.sh build lint
	@scripts/lint.sh

rig-test:		## the tests of what runs the tests
	@scripts/deps.sh rig test
	@scripts/rig-test.sh

demo:			## a file system that is paged in on demand, in a guest
	@scripts/demo.sh

vm:			## CMD='...' in a guest [KERNEL=6.1] [KO=build/6.1/zxpager.ko]
	@scripts/deps.sh rig
	@scripts/vm.sh --kernel $(kernel) $(if $(KO),--insmod '$(KO)') -- \
		sh -c '$(or $(CMD),uname -a)'

deps:			## install what any of these needs
	@scripts/deps.sh all

install: modules_install headers_install	## module, header and programs
	+$(MAKE) -C tools O='$(out)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' install

modules_install: modules
	@scripts/build.sh $(target) $(if $(DESTDIR),INSTALL_MOD_PATH='$(DESTDIR)') \
		modules_install

headers_install:	## linux/zxpager.h, below DESTDIR and PREFIX
	install -D -m 644 uapi/linux/zxpager.h \
		'$(DESTDIR)$(PREFIX)/include/linux/zxpager.h'

clean:			## remove build/
	rm -rf build

help:			## this list
	@sed -n 's/^\([a-z_-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 18
