# SPDX-License-Identifier: GPL-2.0
#
# For people; kbuild reads Kbuild.  "make help" says what there is.
#
#   KDIR=DIR      the kernel to build for: its headers or its build directory
#   KERNEL=6.12   one of the test kernels, 6.1, 6.12 or newest, instead
#   W=1, C=2      as in the kernel's own build
#   O=DIR         where programs are built (default build)

O ?= build
out := $(abspath $(O))
target := $(or $(KDIR),$(KERNEL),running)
kernel := $(or $(KERNEL),6.12)
kbuild_args = $(foreach v,W C CF V CC LLVM,$(if $($(v)),$(v)='$($(v))'))
flavour := $(or $(FLAVOUR),debug)
DESTDIR ?=
PREFIX ?= /usr/local

.PHONY: all modules tools selftests check quick newest lint rig-test demo vm deps
.PHONY: conformance integrity crash random moments stress fuzz test_module debug kunit coverage
.PHONY: fail sanitize tools-coverage bench profile
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

check:			## everything: lint, builds, all tests on 6.1 and 6.12, many on the newest
	@scripts/check.sh

quick:			## before a commit: lint and tests of what has changed [SINCE=main]
	@scripts/quick.sh $(SINCE)

newest:			## all selftests on Debian's newest kernel, to record it if they pass
	@scripts/newest.sh --try

test_module: tools selftests
	@scripts/deps.sh rig test
	@scripts/build.sh --quiet --strict $(kernel)

test_env = O='$(out)' ZXPAGER_KO='$(abspath build/$(kernel)/zxpager.ko)' \
	$(if $(SEED),ZXP_SEED='$(SEED)')

conformance: test_module	## what Zircon's tests have become [KERNEL=6.1]
	@O='$(out)' selftests/conformance.sh $(kernel)

integrity: test_module	## fio, LMDB, ext4 with SIZE=64 MiB each; OPS=100000 on stores that fail [KERNEL=6.1]
	@scripts/vm.sh --kernel $(kernel) --timeout 36000 -- \
		env $(test_env) ZXP_SIZE=$(or $(SIZE),64) ZXP_OPS=$(or $(OPS),100000) \
		selftests/integrity.sh

crash: test_module	## ROUNDS=50 killed daemons, and guests switched off; KILLS=200 workers, and keepers
	@scripts/vm.sh --kernel $(kernel) --timeout 7200 -- \
		env $(test_env) selftests/crash.sh kill $(or $(ROUNDS),50)
	@scripts/vm.sh --kernel $(kernel) --timeout 7200 -- \
		env $(test_env) ZXP_KEEP=1 selftests/crash.sh kill $(or $(KILLS),200)
	@for how in kill replace; do \
		scripts/vm.sh --kernel $(kernel) --timeout 36000 -- \
			env $(test_env) ZXP_KILLS=$(or $(KILLS),200) ZXP_HOW=$$how \
			ZXP_LIMIT=18000 ZXP_GUEST="$$(scripts/kernel.sh 6.1)/boot/vmlinuz-$$( \
				scripts/kernel.sh --release 6.1)" \
			tools/run-tests.sh $$(tools/tests/keep.sh --list | grep kill) || exit; \
	done
	@$(test_env) selftests/crash.sh power $(kernel) $(or $(ROUNDS),50)

random: test_module	## OPS=1000000 times anything, on each of four VMOs [SEED=N]
	@scripts/vm.sh --kernel $(kernel) --timeout 36000 \
		--insmod build/$(kernel)/zxpager.ko -- env $(test_env) \
		ZXP_OPS=$(or $(OPS),1000000) '$(out)/selftests/zxp_random'

moments: test_module	## MOMENTS=100000 snapshots of 64 pages that are stored to; 1 in 200 of 16,384 [KERNEL=6.1]
	@scripts/vm.sh --kernel $(kernel) --timeout 36000 \
		--insmod build/$(kernel)/zxpager.ko -- \
		env $(test_env) ZXP_MOMENTS=$(or $(MOMENTS),100000) selftests/moments.sh

stress: test_module	## race everything for MINUTES=10 [KERNEL=6.12-debug] [SEED=N]
	@$(test_env) scripts/stress.sh $(kernel) $(or $(MINUTES),10)

fuzz: selftests		## RUNS=2000 programs of random calls [SEED=N] [KERNEL=6.12-debug] [REPLAY=FILE]
	@scripts/deps.sh kernel rig test
	@scripts/build.sh --quiet $(or $(KERNEL),6.12-debug)
	@O='$(out)' selftests/fuzz/fuzz.sh --kernel $(or $(KERNEL),6.12-debug) \
		--runs $(or $(RUNS),2000) $(if $(SEED),--seed $(SEED)) \
		$(if $(REPLAY),--replay '$(REPLAY)') --uncovered

debug: tools selftests	## the selftests on a kernel that finds mistakes [FLAVOUR=kcsan] [KERNEL=6.1]
	@scripts/deps.sh kernel rig test
	@scripts/build.sh --quiet $(kernel)-$(flavour)
	@scripts/vm.sh --kernel $(kernel)-$(flavour) --mem 2048 --timeout 7200 -- \
		env O='$(out)' ZXPAGER_KO='$(abspath build/$(kernel)-$(flavour)/zxpager.ko)' \
		selftests/run.sh $(TESTS)

kunit:			## the KUnit suites in a guest [FLAVOUR=debug] [KERNEL=6.1] [SEED=N] [OPS=N]
	@scripts/kunit.sh $(kernel) $(or $(FLAVOUR),test) \
		$(if $(SEED),kunit_seed=$(SEED)) $(if $(OPS),kunit_operations=$(OPS))

fail: selftests		## each allocation and each copy fails once [KERNEL=6.1] [TESTS=fail_size]
	@scripts/deps.sh kernel rig test
	@scripts/build.sh --quiet $(kernel)-debug
	@scripts/vm.sh --kernel $(kernel)-debug --mem 2048 --timeout 7200 -- \
		env O='$(out)' ZXPAGER_KO='$(abspath build/$(kernel)-debug/zxpager.ko)' \
		selftests/run.sh $(or $(TESTS),$(patsubst selftests/zxp_%.c,%,$(wildcard \
			selftests/zxp_fail_*.c)))

coverage: selftests	## the lines that KUnit and the selftests run [KERNEL=6.1]
	@scripts/coverage.sh $(kernel)

sanitize:		## the tools and their tests with ASan, UBSan, LSan and TSan [KERNEL=6.1]
	@scripts/deps.sh build rig test
	+$(MAKE) -C tools O='$(out)' SANITIZE=thread check
	+$(MAKE) -C tools O='$(out)' SANITIZE=1
	@scripts/build.sh --quiet --strict $(kernel)
	@scripts/vm.sh --kernel $(kernel) --timeout 3600 --mem 2048 -- \
		env O='$(out)/sanitize' \
		ZXPAGER_KO='$(abspath build/$(kernel)/zxpager.ko)' \
		tools/run-tests.sh $(TESTS)

tools-coverage:		## which lines of zxpagerd its tests run [KERNEL=6.1]
	@scripts/deps.sh build rig test
	@tools/coverage.sh $(kernel)

bench: tools		## zxpager and others at the same WORK=... [MODE=icount] [KERNEL=6.1] [UPDATE=1]
	@scripts/deps.sh rig bench
	@scripts/build.sh --quiet --strict $(kernel)
	@O='$(out)' scripts/bench.sh --kernel $(kernel) --mode $(or $(MODE),both) \
		$(if $(UPDATE),--update) $(WORK)

profile: tools		## where the instructions of WORK=fault_4k go [KERNEL=6.1] [UPDATE=1]
	@scripts/deps.sh rig bench
	@scripts/build.sh --quiet --strict $(kernel)
	@O='$(out)' scripts/bench/profile.sh --kernel $(kernel) \
		$(if $(UPDATE),--update) $(or $(WORK),fault_4k)

lint:			## what can be said of the sources without running them
	@scripts/deps.sh build lint
	@scripts/lint.sh

rig-test:		## the tests of what runs the tests
	@scripts/deps.sh rig test lint
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
