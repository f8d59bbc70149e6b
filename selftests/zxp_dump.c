// SPDX-License-Identifier: GPL-2.0
/*
 * A core dump takes what is there of a VMO, and leaves a hole for the rest: it asks for
 * nothing and waits for nobody, whoever it is that crashes.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/victim.h"

#define PATTERN		"/proc/sys/kernel/core_pattern"
#define USES_PID	"/proc/sys/kernel/core_uses_pid"
#define CORE		"/tmp/zxp_dump.core"
/* All that can be mapped: anonymous and of files, private and shared. */
#define FILTER		"0x7f"
#define BYTES(pages)	((pages) * page_size)

/* The pages of the VMO, and what the dump shows of them. */
enum {
	PAGE_CLEAN,
	PAGE_MISSING,
	PAGE_ZERO,		/* a zero range, which has no page */
	PAGE_DIRTY,
	PAGE_MISSING_TOO,
	PAGES
};

struct dumper {
	bool daemon;		/* with a pager of its own */
	bool serves;		/* answered by somebody, as long as that can run */
	bool private;		/* its mapping */
	enum vmo_kind kind;	/* of what it is one */
};

FIXTURE(dump)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct victim *v;
	struct server s;
	char pattern[128];
	char uses_pid[16];
};

FIXTURE_VARIANT(dump)
{
	struct dumper how;
};

#define DUMPER(name, ...) \
	FIXTURE_VARIANT_ADD(dump, name) { .how = { __VA_ARGS__ } }

DUMPER(client_shared, .serves = true);
DUMPER(client_private, .serves = true, .private = true);
DUMPER(client_shared_stalled, .serves = false);
DUMPER(client_private_stalled, .private = true);
DUMPER(daemon_shared, .daemon = true, .serves = true);
DUMPER(daemon_private, .daemon = true, .serves = true, .private = true);
DUMPER(daemon_shared_stalled, .daemon = true);
DUMPER(daemon_private_stalled, .daemon = true, .private = true);
DUMPER(copy_shared, .serves = true, .kind = KIND_COPY);
DUMPER(copy_shared_stalled, .kind = KIND_COPY);
DUMPER(copy_private_stalled, .private = true, .kind = KIND_COPY);
DUMPER(daemon_copy_stalled, .daemon = true, .kind = KIND_COPY);
DUMPER(slice_shared_stalled, .kind = KIND_SLICE);
DUMPER(slice_of_copy_stalled, .kind = KIND_SLICE_OF_COPY);
DUMPER(snapshot_shared_stalled, .kind = KIND_SNAPSHOT);
DUMPER(daemon_snapshot_stalled, .daemon = true, .kind = KIND_SNAPSHOT);

static bool read_line(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, room - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

FIXTURE_SETUP(dump)
{
	ASSERT_TRUE(read_line(PATTERN, self->pattern, sizeof(self->pattern)));
	ASSERT_TRUE(read_line(USES_PID, self->uses_pid, sizeof(self->uses_pid)));
	if (write_file(PATTERN, CORE))
		SKIP(return, PATTERN " cannot be written");
	ASSERT_EQ(0, write_file(USES_PID, "0"));
	ASSERT_TRUE(user_pager_init(&self->p));
	self->v = NULL;
	self->vmo = NULL;
}

FIXTURE_TEARDOWN(dump)
{
	user_pager_fini(&self->p);
	if (self->v)
		kill(self->v->pid, SIGKILL);
	write_file(PATTERN, self->pattern);
	write_file(USES_PID, self->uses_pid);
	unlink(CORE);
}

/* One page of each kind. Permission to write is never asked for. */
static struct test_vmo *mixed_vmo(struct user_pager *p, enum vmo_kind kind)
{
	struct test_vmo *vmo = pager_create_kind(p, kind, PAGES, 0);

	if (vmo && pager_supply(p, vmo->root, PAGE_CLEAN, 1) &&
	    pager_supply(p, vmo->root, PAGE_DIRTY, 1) && vmo_zero(vmo, PAGE_ZERO, 1) &&
	    !zxp_vmo_write(vmo->fd, BYTES(PAGE_DIRTY), 8, &(uint64_t){ STORED_WORD }))
		return vmo;
	return NULL;
}

static int crash(struct victim *v)
{
	const struct dumper *how = v->arg;
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	static struct user_pager p;
	static struct server s;
	struct test_vmo *vmo = v->vmo;

	if (write_file("/proc/self/coredump_filter", FILTER) ||
	    setrlimit(RLIMIT_CORE, &all) || prctl(PR_SET_DUMPABLE, 1))
		return 1;
	if (how->daemon) {
		if (!user_pager_init(&p))
			return 2;
		vmo = mixed_vmo(&p, how->kind);
		if (!vmo || (how->serves && !server_start(&s, &p)))
			return 2;
	}
	if (how->private) {
		munmap(vmo->map, BYTES(PAGES));
		vmo->map = mmap(NULL, BYTES(PAGES), PROT_READ | PROT_WRITE,
				MAP_PRIVATE, vmo->fd, 0);
		if (vmo->map == MAP_FAILED)
			return 3;
	}
	v->ret = (uintptr_t)vmo->map;
	v->value = vmo->key;
	abort();
}

/* Where the dump has what was at @address; 0 if it has not. */
static off_t in_core(int fd, uintptr_t address)
{
	Elf64_Ehdr head;
	Elf64_Phdr seg;
	int i;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head))
		return 0;
	for (i = 0; i < head.e_phnum; i++) {
		if (pread(fd, &seg, sizeof(seg), head.e_phoff + i * sizeof(seg)) !=
		    sizeof(seg))
			return 0;
		if (seg.p_type == PT_LOAD && seg.p_vaddr <= address &&
		    address + BYTES(PAGES) <= seg.p_vaddr + seg.p_filesz)
			return seg.p_offset + (address - seg.p_vaddr);
	}
	return 0;
}

/* Its key is that of @v's VMO, wherever that was made. */
static bool core_is_right(struct victim *v)
{
	struct test_vmo like = { .key = v->value };
	uint64_t *seen = map_anon(PAGES);
	int fd = open(CORE, O_RDONLY | O_CLOEXEC);
	off_t at = in_core(fd, v->ret);
	bool ok;

	if (!at || pread(fd, seen, BYTES(PAGES), at) != (ssize_t)BYTES(PAGES)) {
		diag("the mapping is not in " CORE);
		close(fd);
		return false;
	}
	close(fd);
	ok = vmo_matches(&like, PAGE_CLEAN, 1, (char *)seen + BYTES(PAGE_CLEAN)) &&
	     is_zero((char *)seen + BYTES(PAGE_MISSING), page_size) &&
	     is_zero((char *)seen + BYTES(PAGE_ZERO), page_size) &&
	     is_zero((char *)seen + BYTES(PAGE_MISSING_TOO), page_size) &&
	     *(uint64_t *)((char *)seen + BYTES(PAGE_DIRTY)) == STORED_WORD;
	munmap(seen, BYTES(PAGES));
	return ok;
}

TEST_F(dump, waits_for_nothing)
{
	const struct dumper *how = &variant->how;

	if (!how->daemon) {
		self->vmo = mixed_vmo(&self->p, how->kind);
		ASSERT_NE(NULL, self->vmo);
		if (how->serves)
			ASSERT_TRUE(server_start(&self->s, &self->p));
	}
	self->v = victim_start(crash, how->daemon ? NULL : self->vmo, how);
	ASSERT_NE(NULL, self->v);
	ASSERT_TRUE(victim_ended_by(self->v, SIGABRT, true));
	EXPECT_TRUE(core_is_right(self->v));
	if (how->daemon)
		return;
	if (how->serves) {
		EXPECT_TRUE(server_end(&self->s));
		EXPECT_EQ(0, self->s.reads);
	}
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_read_packets);
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_requests);
	EXPECT_EQ(BYTES(2), vmo_info(self->vmo->root).out_resident);
	if (how->kind == KIND_COPY || how->kind == KIND_SNAPSHOT)
		EXPECT_EQ(1, child_own_pages(self->vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* A dump that was begun while others of the process wait for the daemon. */
static int crash_among_waiters(struct victim *v)
{
	struct test_thread t[2] = { 0 };

	if (!thread_touch(&t[0], v->vmo->map + BYTES(PAGE_MISSING)) ||
	    !thread_check_read(&t[1], v->vmo, PAGE_MISSING_TOO, 1) ||
	    !vmo_wait_blocked(v->vmo->root, 2))
		return 4;
	return crash(v);
}

TEST_F(dump, others_wait)
{
	if (variant->how.daemon || variant->how.serves)
		SKIP(return, "nobody would wait");
	self->vmo = mixed_vmo(&self->p, variant->how.kind);
	ASSERT_NE(NULL, self->vmo);
	self->v = victim_start(crash_among_waiters, self->vmo, &variant->how);
	ASSERT_NE(NULL, self->v);
	ASSERT_TRUE(victim_ended_by(self->v, SIGABRT, true));
	EXPECT_TRUE(core_is_right(self->v));
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_waiting);
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_requests);
}

TEST_HARNESS_MAIN
