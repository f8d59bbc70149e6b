// SPDX-License-Identifier: GPL-2.0
/*
 * Late calls of a former generation of a pager: each is refused, and changes nothing.
 *
 * What is late has begun before the next generation, and goes on after it: the structure of
 * the call, or what it reads, lies in a page that a second pager has not supplied yet. Or a
 * whole daemon is stopped, and begins its calls when another one has done what it had to do.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/generation.h"

/* Pages of the VMO by what becomes of them. */
enum {
	P_ASKED,	/* is asked for, and not answered by the former generation */
	P_WRITTEN,	/* is dirty */
	P_BEGUN,	/* the present generation writes it back */
	P_TRAPPED,	/* a store waits for the present generation */
	P_MISSING,	/* a reader waits for it */
};

union any_arg {
	uint32_t size;
	struct zxp_create_vmo create;
	struct zxp_detach_vmo detach;
	struct zxp_supply_pages supply;
	struct zxp_supply_ranges ranges;
	struct zxp_op_range op;
	struct zxp_query_dirty_ranges query;
	struct zxp_query_vmo_stats stats;
	struct zxp_query_vmo_key key;
	struct zxp_list_vmos list;
	struct zxp_open_vmo open;
	struct zxp_bind_vmo bind;
};

/* A call by descriptor t->op, with its number in t->page and its structure at t->arg. */
static int do_ioctl(struct test_thread *t)
{
	return ioctl((int)t->op, t->page, t->arg) < 0 ? errno : 0;
}

/* The number of a call, and what matters to OP_RANGE. */
struct late_call {
	unsigned long nr;
	uint32_t op;
	uint64_t page;
	uint64_t data;
};

GENERATION_FIXTURE(late);

FIXTURE_VARIANT(late)
{
	struct late_call call;
};

#define OP(name, o, p, d)						\
	FIXTURE_VARIANT_ADD(late, name) {				\
		.call = { ZXP_IOC_OP_RANGE, ZXP_PAGER_OP_##o, p, d }	\
	}
#define CALL(name) \
	FIXTURE_VARIANT_ADD(late, name) { .call = { .nr = ZXP_IOC_##name } }

OP(FAIL, FAIL, P_MISSING, EIO);
OP(FAIL_DIRTY, FAIL, P_TRAPPED, EIO);
OP(DIRTY, DIRTY, P_TRAPPED, 0);
OP(BEGIN, WRITEBACK_BEGIN, P_WRITTEN, 0);
OP(END, WRITEBACK_END, P_BEGUN, 0);
OP(SYNC_END, SYNC_END, 0, 0);
OP(SYNC_END_FAIL, SYNC_END, 0, EIO);
CALL(SUPPLY_PAGES);
CALL(SUPPLY_RANGES);
CALL(DETACH_VMO);
CALL(CREATE_VMO);
CALL(QUERY_DIRTY_RANGES);
CALL(QUERY_VMO_STATS);
CALL(QUERY_VMO_KEY);
CALL(BIND_VMO);
CALL(LIST_VMOS);
CALL(OPEN_VMO);

static size_t fill(union any_arg *arg, const struct late_call *call, int vmo, void *room)
{
	static struct zxp_supply_range range;

	memset(arg, 0, sizeof(*arg));
	switch (call->nr) {
	case ZXP_IOC_OP_RANGE:
		arg->op = (struct zxp_op_range) {
			.op = call->op, .vmo_fd = vmo,
			.offset = BYTES(call->page), .length = page_size,
			.data = call->data,
		};
		if (call->op == ZXP_PAGER_OP_SYNC_END)
			arg->op.length = BYTES(PAGES);
		return sizeof(arg->op);
	case ZXP_IOC_SUPPLY_PAGES:
		arg->supply = (struct zxp_supply_pages) {
			.vmo_fd = vmo, .aux_fd = -1, .offset = BYTES(P_MISSING),
			.length = page_size, .source = (uintptr_t)room,
		};
		return sizeof(arg->supply);
	case ZXP_IOC_SUPPLY_RANGES:
		range = (struct zxp_supply_range) {
			.vmo_fd = vmo, .aux_fd = -1, .offset = BYTES(P_MISSING),
			.length = page_size, .source = (uintptr_t)room,
		};
		arg->ranges.ranges = (uintptr_t)&range;
		arg->ranges.nr_ranges = 1;
		return sizeof(arg->ranges);
	case ZXP_IOC_CREATE_VMO:
		arg->create.port_fd = ZXP_PORT_OWN;
		return sizeof(arg->create);
	case ZXP_IOC_DETACH_VMO:
		arg->detach.vmo_fd = vmo;
		return sizeof(arg->detach);
	case ZXP_IOC_QUERY_DIRTY_RANGES:
		arg->query.vmo_fd = vmo;
		arg->query.length = BYTES(PAGES);
		return sizeof(arg->query);
	case ZXP_IOC_QUERY_VMO_STATS:
		arg->stats.vmo_fd = vmo;
		arg->stats.options = ZXP_STATS_RESET;
		return sizeof(arg->stats);
	case ZXP_IOC_QUERY_VMO_KEY:
		arg->key.vmo_fd = vmo;
		return sizeof(arg->key);
	case ZXP_IOC_BIND_VMO:
		arg->bind.vmo_fd = vmo;
		arg->bind.port_fd = ZXP_PORT_OWN;
		arg->bind.key = 0xbad;
		return sizeof(arg->bind);
	case ZXP_IOC_LIST_VMOS:
		arg->list.buffer = (uintptr_t)room;
		arg->list.buffer_size = sizeof(struct zxp_vmo_entry);
		return sizeof(arg->list);
	default:
		arg->open.id = 1;
		return sizeof(arg->open);
	}
}

#define write_page(i, page, by) do {					\
	ASSERT_TRUE(pager_supply(by, self->vmo, page, 1));		\
	ASSERT_TRUE(thread_write_vmo(&self->t[i], self->vmo, page, 1)); \
	ASSERT_TRUE(pager_wait_dirty(by, self->vmo, page, 1));		\
	ASSERT_TRUE(pager_dirty(by, self->vmo, page, 1));		\
	ASSERT_TRUE(thread_wait(&self->t[i]));				\
} while (0)

/*
 * The former generation has read a READ and a SYNC, and stops in the middle of a call. The
 * next one answers both; then the client goes on, and is not answered when that call is.
 */
TEST_F(late, call)
{
	struct user_pager second;
	struct test_vmo *holder;
	struct zxp_vmo_entry entry[4];
	union any_arg arg;
	uint64_t key;

	ASSERT_TRUE(user_pager_init_own(&second));
	holder = pager_create_vmo(&second, 1);
	ASSERT_NE(NULL, holder);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, P_ASKED, 1));
	ASSERT_TRUE(pager_wait_read(&self->old, self->vmo, P_ASKED, 1));
	start(1, do_fsync, 0, 0);
	ASSERT_TRUE(pager_wait_sync(&self->old, self->vmo, 0, PAGES));

	self->t[9].op = self->old.fd;
	self->t[9].page = variant->call.nr;
	self->t[9].arg = holder->map;
	ASSERT_TRUE(thread_start(&self->t[9], do_ioctl));
	ASSERT_TRUE(pager_wait_read(&second, holder, 0, 1));

	take_over();
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, P_ASKED, 1));
	ASSERT_TRUE(pager_wait_sync(&self->next, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, P_ASKED, 1));
	ASSERT_TRUE(pager_sync_end(&self->next, self->vmo, 0, PAGES, 0));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));

	write_page(0, P_WRITTEN, &self->next);
	write_page(0, P_BEGUN, &self->next);
	ASSERT_TRUE(pager_writeback_begin(&self->next, self->vmo, P_BEGUN, 1));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, P_TRAPPED, 1));
	start(1, do_fsync, 0, 0);
	ASSERT_TRUE(pager_wait_sync(&self->next, self->vmo, 0, PAGES));
	ASSERT_TRUE(thread_write_vmo(&self->t[2], self->vmo, P_TRAPPED, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->next, self->vmo, P_TRAPPED, 1));
	ASSERT_TRUE(thread_check_vmo(&self->t[3], self->vmo, P_MISSING, 1));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, P_MISSING, 1));
	ASSERT_TRUE(threads_blocked(&self->t[1], 3, self->vmo));

	arg.size = fill(&arg, &variant->call, self->vmo->fd, map_anon(1));
	ASSERT_EQ(0, zxp_supply_pages(second.fd, holder->fd, 0, page_size,
				      memcpy(map_anon(1), &arg, sizeof(arg))));
	ASSERT_TRUE(thread_wait_failure(&self->t[9], ESHUTDOWN));

	/* Nobody was woken, and nothing is as it would be. */
	EXPECT_EQ(0, vmo_info(self->vmo).out_flags & ZXP_VMO_INFO_DETACHED);
	for (int i = 1; i <= 3; i++)
		EXPECT_TRUE(thread_asleep(&self->t[i]));
	EXPECT_EQ(3, vmo_info(self->vmo).out_waiting);
	EXPECT_EQ(1, zxp_list_vmos(self->next.fd, 0, entry, 4));
	ASSERT_EQ(0, zxp_query_vmo_key(self->next.fd, self->vmo->fd, &key));
	EXPECT_EQ(self->vmo->key, key);
	EXPECT_TRUE(was_modified(self->vmo));
	EXPECT_TRUE(is_dirty(self->vmo, DATA(P_WRITTEN, 2)));
	/* What was not begun is not cleaned, and what was is. */
	ASSERT_TRUE(pager_writeback_end(&self->next, self->vmo, 0, PAGES));
	EXPECT_TRUE(is_dirty(self->vmo, DATA(P_WRITTEN, 1)));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, P_MISSING, 1));
	ASSERT_TRUE(pager_dirty(&self->next, self->vmo, P_TRAPPED, 1));
	ASSERT_TRUE(pager_sync_end(&self->next, self->vmo, 0, PAGES, 0));
	for (int i = 1; i <= 3; i++)
		ASSERT_TRUE(thread_wait(&self->t[i]));
	EXPECT_TRUE(pager_idle(&self->next));
	user_pager_fini(&second);
}

/* The same calls by a generation that has been followed some time ago. */
TEST_F(late, too_late)
{
	union any_arg arg;

	take_over();
	arg.size = fill(&arg, &variant->call, self->vmo->fd, map_anon(1));
	EXPECT_EQ(-ESHUTDOWN, zxp_ioctl(self->old.fd, variant->call.nr, &arg));
}

GENERATION_FIXTURE(stopped);

/* What a daemon has in common with who looks at it. */
struct late_daemon {
	int fd;
	int vmo;
	char *content;		/* a page as the store had it */
	bool was_asked;		/* by a READ, */
	bool is_to_sync;	/* and a SYNC */
	unsigned int nr;	/* its calls, */
	unsigned int refused;	/* with ESHUTDOWN */
};

static void late_answer(struct late_daemon *d, int rc)
{
	d->nr++;
	if (rc == -ESHUTDOWN)
		d->refused++;
}

/* Reads a page, and finds there what a client has written. */
static int do_read_written(struct test_thread *t)
{
	char *page = map_anon(1);
	int rc;

	if (pread(t->vmo->fd, page, page_size, BYTES(t->page)) != (ssize_t)page_size)
		rc = errno ?: EIO;
	else
		rc = content_is(t->vmo, t->page, 1, WRITTEN, page) ? 0 : EBADMSG;
	munmap(page, page_size);
	return rc;
}

/* Reads a READ and a SYNC, is stopped, and then does all that it might have done. */
static int late_daemon(void *arg)
{
	struct late_daemon *d = arg;
	struct pollfd stream = { .fd = d->fd, .events = POLLIN };
	struct zxp_packet pkt;

	while (!d->was_asked || !d->is_to_sync) {
		if (poll(&stream, 1, -1) != 1 ||
		    read(d->fd, &pkt, sizeof(pkt)) != sizeof(pkt))
			return 1;
		d->was_asked |= pkt.command == ZXP_PACKET_READ;
		d->is_to_sync |= pkt.command == ZXP_PACKET_SYNC;
	}
	raise(SIGSTOP);
	late_answer(d, zxp_supply_pages(d->fd, d->vmo, 0, page_size, d->content));
	late_answer(d, zxp_sync_end(d->fd, d->vmo, 0, BYTES(PAGES), 0));
	late_answer(d, zxp_dirty(d->fd, d->vmo, 0, page_size));
	late_answer(d, zxp_writeback_begin(d->fd, d->vmo, 0, BYTES(PAGES), 0));
	late_answer(d, zxp_writeback_end(d->fd, d->vmo, 0, BYTES(PAGES)));
	late_answer(d, zxp_fail(d->fd, d->vmo, 0, BYTES(PAGES), EIO));
	late_answer(d, zxp_sync_end(d->fd, d->vmo, 0, BYTES(PAGES), EIO));
	late_answer(d, zxp_detach_vmo(d->fd, d->vmo));
	late_answer(d, read(d->fd, &pkt, sizeof(pkt)) < 0 ? -errno : 0);
	return 0;
}

/*
 * The whole of it, with another process: what it had read has been answered by its successor,
 * who holds back a newer fsync(), and has written back a newer page, which is evicted.
 */
TEST_F(stopped, daemon)
{
	struct late_daemon *d = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *store = map_anon(1);
	int status;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, (void *)d);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 1));
	start(1, do_fsync, 0, 0);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 2));
	d->fd = self->old.fd;
	d->vmo = self->vmo->fd;
	d->content = map_anon(1);
	memset(d->content, 0x0d, page_size);
	pid = child_start(late_daemon, d);
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));

	take_over();
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(pager_wait_sync(&self->next, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(pager_sync_end(&self->next, self->vmo, 0, PAGES, 0));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], self->vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_writeback_begin(&self->next, self->vmo, 0, 1));
	ASSERT_EQ(0, zxp_vmo_read(self->vmo->fd, 0, page_size, store));
	ASSERT_TRUE(pager_writeback_end(&self->next, self->vmo, 0, 1));
	start(1, do_fsync, 0, 0);
	ASSERT_TRUE(pager_wait_sync(&self->next, self->vmo, 0, PAGES));
	ASSERT_TRUE(threads_blocked(&self->t[1], 1, self->vmo));
	ASSERT_TRUE(drain_lru());
	ASSERT_TRUE(drop_caches(1));
	ASSERT_EQ(0, vmo_info(self->vmo).out_resident);

	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_TRUE(child_wait(pid, 0));
	EXPECT_EQ(9, d->nr);
	EXPECT_EQ(d->nr, d->refused);
	EXPECT_EQ(0, vmo_info(self->vmo).out_resident);
	EXPECT_EQ(0, vmo_info(self->vmo).out_flags & ZXP_VMO_INFO_DETACHED);
	EXPECT_EQ(1, vmo_info(self->vmo).out_waiting);
	EXPECT_TRUE(thread_asleep(&self->t[1]));
	EXPECT_TRUE(pager_idle(&self->next));

	/* And what comes in is the newer page. */
	start(2, do_read_written, 0, 1);
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 1));
	ASSERT_EQ(0, zxp_supply_pages(self->next.fd, self->vmo->fd, 0, page_size, store));
	ASSERT_TRUE(thread_wait(&self->t[2]));
	EXPECT_TRUE(thread_running(&self->t[1]));
	ASSERT_TRUE(pager_sync_end(&self->next, self->vmo, 0, PAGES, 0));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	munmap(d, page_size);
}

GENERATION_FIXTURE(middle);

FIXTURE_VARIANT(middle)
{
	bool aux;
	bool large;
};

FIXTURE_VARIANT_ADD(middle, memory) { .aux = false };
FIXTURE_VARIANT_ADD(middle, copy) { .aux = true };
FIXTURE_VARIANT_ADD(middle, large) { .large = true };

/* A supply that stops between two batches: what it has put in before stays. */
TEST_F(middle, of_supply)
{
	struct zxp_supply_pages *arg = map_anon(1);
	struct user_pager second;
	struct test_vmo *holder, *vmo;

	ASSERT_TRUE(user_pager_init_own(&second));
	holder = pager_create_vmo(&second, 32);
	vmo = pager_create_vmo_flags(&self->old, BYTES(32), 0,
				     variant->large ? ZXP_CREATE_READ_ONLY : 0);
	ASSERT_NE(NULL, holder);
	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(pager_supply(&second, holder, 0, 16));
	*arg = (struct zxp_supply_pages) {
		.size = sizeof(*arg), .vmo_fd = vmo->fd, .aux_fd = -1, .length = BYTES(32),
		.source = (uintptr_t)holder->map,
	};
	if (variant->aux) {
		arg->flags = ZXP_SUPPLY_AUX;
		arg->aux_fd = zxp_create_child(holder->fd, AT_LEAST, 0, BYTES(32));
		arg->source = 0;
		ASSERT_LE(0, arg->aux_fd);
	}
	if (variant->large) {
		/* One large folio, of which nothing is there. */
		arg->offset = BYTES(16);
		arg->length = BYTES(16);
		arg->source = (uintptr_t)holder->map + BYTES(16);
	}
	self->t[0].op = self->old.fd;
	self->t[0].page = ZXP_IOC_SUPPLY_PAGES;
	self->t[0].arg = arg;
	ASSERT_TRUE(thread_start(&self->t[0], do_ioctl));
	ASSERT_TRUE(vmo_wait_blocked(holder, 1));
	take_over();
	ASSERT_TRUE(pager_supply(&second, holder, 16, 16));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESHUTDOWN));
	EXPECT_EQ(variant->large ? 0 : BYTES(16), arg->out_done);
	EXPECT_EQ(arg->out_done, arg->out_filled);
	EXPECT_EQ(arg->out_done, vmo_info(vmo).out_resident);
	if (variant->aux)
		close(arg->aux_fd);
	user_pager_fini(&second);
}

TEST_HARNESS_MAIN
