// SPDX-License-Identifier: GPL-2.0
/*
 * A task that exits writes once more to its memory: a robust mutex is told that its
 * owner has died, and who joins a thread that it has ended. When the word lies in a VMO
 * the daemon may be asked for it, but a task that exits never waits for long, since
 * nothing can end that wait; and it may be the daemon.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/slow.h"
#include "lib/victim.h"

#define PAGES	16
#define BYTES(pages)	((pages) * page_size)
#define LEAVERS	10
/* A leaver waits for a second; and how often it is tried if that was too short for the test. */
#define IN_TIME_MS	800
#define TRIES		10

enum leaver {
	LEAVER_PROCESS,		/* exits */
	LEAVER_KILLED,		/* and this one has to */
	LEAVER_THREAD,		/* and its process goes on */
};

/* How somebody leaves, and what word of the VMO the kernel then writes to. */
struct plan {
	enum vmo_kind kind;
	enum leaver who;
	bool join;		/* clear_child_tid; else a robust list */
	unsigned int pages;	/* with a word in each */
};

FIXTURE(exit)
{
	struct user_pager p;
	struct test_vmo *vmo;		/* where the words are */
	struct victim *v;
};

FIXTURE_VARIANT(exit)
{
	struct plan plan;
};

#define LEAVER(name, of, ...) \
	FIXTURE_VARIANT_ADD(exit, name) { .plan = { of, __VA_ARGS__, .pages = 1 } }

LEAVER(mutex_of_process, KIND_VMO, .who = LEAVER_PROCESS);
LEAVER(mutex_of_killed, KIND_VMO, .who = LEAVER_KILLED);
LEAVER(mutex_of_thread, KIND_VMO, .who = LEAVER_THREAD);
LEAVER(joined_thread, KIND_VMO, .who = LEAVER_THREAD, .join = true);
LEAVER(process_with_copy, KIND_COPY, .who = LEAVER_PROCESS);
LEAVER(killed_with_copy, KIND_COPY, .who = LEAVER_KILLED);
LEAVER(joined_thread_with_copy, KIND_COPY, .who = LEAVER_THREAD, .join = true);
LEAVER(killed_with_slice, KIND_SLICE, .who = LEAVER_KILLED);
LEAVER(killed_with_snapshot, KIND_SNAPSHOT, .who = LEAVER_KILLED);

FIXTURE_SETUP(exit)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->plan.kind, PAGES, ZXP_VMO_TRAP_DIRTY);
	ASSERT_NE(NULL, self->vmo);
	self->v = NULL;
}

FIXTURE_TEARDOWN(exit)
{
	user_pager_fini(&self->p);
	if (self->v)
		kill(self->v->pid, SIGKILL);
}

/* Entry and word are equally far from each other in each page. */
static bool own_mutexes(char *words, unsigned int nr)
{
	static struct robust_list_head head;
	char *entries = map_anon(nr);
	struct robust_list *entry;
	unsigned int i;

	if (!entries)
		return false;
	for (i = 0; i < nr; i++) {
		entry = (void *)(entries + BYTES(i));
		entry->next = i + 1 < nr ? (void *)(entries + BYTES(i + 1)) : &head.list;
	}
	head.list.next = (void *)entries;
	head.futex_offset = words - entries;
	return !syscall(SYS_set_robust_list, &head, sizeof(head));
}

/* Be ready to leave, and then do. */
static int leave(struct victim *v)
{
	const struct plan *plan = v->arg;

	v->tid = syscall(SYS_gettid);
	if (plan->join)
		syscall(SYS_set_tid_address, v->vmo->map);
	else if (!own_mutexes(v->vmo->map, plan->pages))
		return 1;
	victim_stop_at(v, 1);
	if (plan->who != LEAVER_THREAD)
		return 0;
	syscall(SYS_exit, 0);
	return 1;
}

static void *leave_thread(void *arg)
{
	leave(arg);
	return NULL;
}

static int leaver_main(struct victim *v)
{
	const struct plan *plan = v->arg;
	pthread_t thread;

	if (plan->who != LEAVER_THREAD)
		return leave(v);
	if (pthread_create(&thread, NULL, leave_thread, v) || !wait_until(v->step == 1))
		return 1;
	if (!wait_until(syscall(SYS_tgkill, v->pid, v->tid, 0) && errno == ESRCH))
		return 2;
	victim_stop_at(v, 2);
	return 0;
}

#define start_leaver(plan) do {						\
	self->v = victim_start(leaver_main, self->vmo, plan);		\
	ASSERT_NE(NULL, self->v);					\
	ASSERT_TRUE(victim_at(self->v, 1));				\
} while (0)

static bool let_leave(struct victim *v)
{
	const struct plan *plan = v->arg;

	if (plan->who == LEAVER_KILLED)
		return !kill(v->pid, SIGKILL);
	victim_pass(v, 1);
	return true;
}

static bool has_left(struct victim *v)
{
	const struct plan *plan = v->arg;

	switch (plan->who) {
	case LEAVER_KILLED:
		return victim_ended_by(v, SIGKILL, false);
	case LEAVER_THREAD:
		/* Is it gone? Its process is still there, and goes as well. */
		if (!victim_at(v, 2))
			return false;
		victim_pass(v, 2);
		break;
	case LEAVER_PROCESS:
		break;
	}
	return victim_exited(v, 0);
}

/* What the word in this page is when it is owned, and afterwards. */
static bool supply_owned(struct victim *v, uint64_t page)
{
	uint32_t *content = map_anon(1);
	int rc;

	content[0] = v->tid;
	rc = zxp_supply_pages(v->vmo->pager->fd, v->vmo->root->fd, BYTES(page), page_size,
			      content);
	munmap(content, page_size);
	return !rc;
}

static bool is_marked(struct victim *v, uint64_t page)
{
	const struct plan *plan = v->arg;
	uint32_t word = ~0U, marked = plan->join ? 0 : FUTEX_OWNER_DIED;
	struct iovec iov = { &word, sizeof(word) };

	if (preadv2(v->vmo->fd, &iov, 1, BYTES(page), RWF_NOWAIT) == sizeof(word) &&
	    word == marked)
		return true;
	diag("page %d: the word is %#x instead of %#x", (int)page, word, marked);
	return false;
}

/*
 * It has left with what the daemon, this process, brings while it waits. That is for a second,
 * and so is repeated if this process was not in time and nothing was marked.
 */
static bool leaves_marked(struct user_pager *p, struct victim *v, bool *late)
{
	int64_t start = now_ms();
	bool in_time = let_leave(v) && pager_wait_read(p, v->vmo->root, 0, 1) &&
		       supply_owned(v, 0);

	*late = now_ms() - start > IN_TIME_MS;
	return has_left(v) && in_time && is_marked(v, 0);
}

/* Page 0 is missing again, and the daemon one that answers. */
static bool forget_leaver(struct user_pager *p, struct test_vmo *vmo)
{
	return drain_lru() && pager_writeback_begin(p, vmo, 0, 0) &&
	       !zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_DONT_NEED, 0, page_size);
}

#define leave_marked(plan) do {						\
	bool __late, __marked;						\
									\
	for (int __tries = 1;; __tries++) {				\
		start_leaver(plan);					\
		__marked = leaves_marked(&self->p, self->v, &__late);	\
		if (__marked || !__late || __tries == TRIES)		\
			break;						\
		ASSERT_TRUE(forget_leaver(&self->p, self->vmo->root));	\
	}								\
	ASSERT_TRUE(__marked);						\
} while (0)

/* The one page is dirty, or a copy has it for itself. */
#define EXPECT_STORED()							\
	EXPECT_TRUE(kind_is_copy(variant->plan.kind) ?			\
		    is_clean(self->vmo->root) && child_own_pages(self->vmo) == 1 :	\
		    is_dirty(self->vmo->root, DATA(0, 1)))

/* The daemon is not asked for what is there: that becomes dirty without it. */
TEST_F(exit, resident)
{
	start_leaver(&variant->plan);
	ASSERT_TRUE(supply_owned(self->v, 0));
	ASSERT_TRUE(let_leave(self->v));
	ASSERT_TRUE(has_left(self->v));
	EXPECT_TRUE(is_marked(self->v, 0));
	EXPECT_STORED();
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_requests);
}

/* Also if it can be read all the time, and so is mapped. */
TEST_F(exit, resident_and_mapped)
{
	volatile uint32_t *word = (void *)self->vmo->map;

	start_leaver(&variant->plan);
	ASSERT_TRUE(supply_owned(self->v, 0));
	ASSERT_EQ((uint32_t)self->v->tid, *word);
	ASSERT_TRUE(let_leave(self->v));
	ASSERT_TRUE(wait_until(*word != (uint32_t)self->v->tid));
	ASSERT_TRUE(has_left(self->v));
	EXPECT_TRUE(is_marked(self->v, 0));
	EXPECT_STORED();
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(exit, missing)
{
	leave_marked(&variant->plan);
	EXPECT_STORED();
	EXPECT_TRUE(pager_idle(&self->p));
}

#define leave_untouched(plan) do {					\
	start_leaver(plan);						\
	ASSERT_TRUE(let_leave(self->v));				\
	ASSERT_TRUE(has_left(self->v));					\
	EXPECT_EQ(0, vmo_info(self->vmo).out_resident);			\
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_resident);		\
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_waiting);		\
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_requests);		\
} while (0)

TEST_F(exit, missing_and_daemon_stalled)
{
	leave_untouched(&variant->plan);
}

/* A daemon that reads what it is asked and answers nothing, until @reader is closed. */
struct listener {
	struct test_thread thread;
	struct user_pager *pager;
	int reader, writer;
	unsigned int asked;
};

static int listen_only(struct test_thread *t)
{
	struct listener *l = t->arg;
	struct pollfd pfd[] = {
		{ .fd = l->pager->port, .events = POLLIN },
		{ .fd = l->reader },
	};
	struct zxp_packet packet;

	while (poll(pfd, 2, -1) > 0 && !pfd[1].revents) {
		if (read(l->pager->port, &packet, sizeof(packet)) == sizeof(packet))
			l->asked++;
		else if (errno != EAGAIN)
			return errno;
	}
	return 0;
}

static bool start_listening(struct listener *l, struct user_pager *p)
{
	int ends[2];

	*l = (struct listener){ .pager = p };
	if (fcntl(p->port, F_SETFL, O_NONBLOCK) || pipe(ends))
		return false;
	l->reader = ends[0];
	l->writer = ends[1];
	l->thread.arg = l;
	return thread_start(&l->thread, listen_only);
}

static bool end_listening(struct listener *l)
{
	bool ok = !close(l->writer) && thread_wait(&l->thread);

	close(l->reader);
	return ok;
}

/* Who has read nothing was not in time: a question is taken back after a second. */
#define count_asked(l, ...) do {					\
	for (int __tries = 1;; __tries++) {				\
		ASSERT_TRUE(start_listening(l, &self->p));		\
		__VA_ARGS__;						\
		ASSERT_TRUE(end_listening(l));				\
		if ((l)->asked || __tries == TRIES)			\
			break;						\
		ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo->root, 0, 0));	\
	}								\
} while (0)

/* A second for the whole exit, however many words there are: it waits for one of them. */
TEST_F(exit, many_missing_and_daemon_stalled)
{
	struct plan plan = variant->plan;
	struct listener l;

	if (plan.join)
		SKIP(return, "there is only one such word");
	plan.pages = PAGES;
	count_asked(&l, leave_untouched(&plan));
	EXPECT_EQ(1, l.asked);
}

/* And none at all for who comes later, until the daemon answers again. */
TEST_F(exit, many_leave_and_daemon_stalled)
{
	struct test_thread t = { 0 };
	struct listener l;

	count_asked(&l, {
		for (int i = 0; i < LEAVERS; i++)
			leave_untouched(&variant->plan);
	});
	EXPECT_EQ(1, l.asked);

	ASSERT_TRUE(thread_touch(&t, self->vmo->map + BYTES(1)));
	ASSERT_TRUE(pager_wait_read(&self->p, self->vmo->root, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo->root, 1, 1));
	ASSERT_TRUE(thread_wait(&t));
	leave_marked(&variant->plan);
}

/* What the daemon fails is left alone, at once. */
TEST_F(exit, missing_and_failed)
{
	start_leaver(&variant->plan);
	ASSERT_TRUE(let_leave(self->v));
	ASSERT_TRUE(pager_wait_read(&self->p, self->vmo->root, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, self->vmo->root, 0, 1, EIO));
	ASSERT_TRUE(has_left(self->v));
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_resident);
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(exit, detached)
{
	start_leaver(&variant->plan);
	ASSERT_TRUE(supply_owned(self->v, 0));
	ASSERT_TRUE(pager_detach(&self->p, self->vmo->root));
	ASSERT_TRUE(let_leave(self->v));
	ASSERT_TRUE(has_left(self->v));
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_dirty_bytes);
	EXPECT_EQ(0, vmo_info(self->vmo).out_resident);
}

/* The end of a whole group, of which one waits for the daemon. */
static int end_group(struct victim *v)
{
	struct test_thread t = { 0 };

	if (!thread_touch(&t, v->vmo->map + BYTES(1)) || !vmo_wait_blocked(v->vmo->root, 1))
		return 1;
	return leave(v);
}

TEST_F(exit, group)
{
	self->v = victim_start(end_group, self->vmo, &variant->plan);
	ASSERT_NE(NULL, self->v);
	if (variant->plan.who == LEAVER_THREAD)
		SKIP(return, "its process goes on");
	ASSERT_TRUE(victim_at(self->v, 1));
	ASSERT_TRUE(let_leave(self->v));
	ASSERT_TRUE(has_left(self->v));
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_waiting);
	EXPECT_EQ(0, vmo_info(self->vmo->root).out_requests);
}

#define FROZEN	4096

FIXTURE(exit_locked)
{
	struct user_pager p;
	struct test_thread t[1];
	struct victim *v;
};

FIXTURE_SETUP(exit_locked)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->v = NULL;
}

FIXTURE_TEARDOWN(exit_locked)
{
	speed_up();
	user_pager_fini(&self->p);
	if (self->v)
		kill(self->v->pid, SIGKILL);
}

/* A thread leaves, and then the others do, while it still does. */
static int end_group_of_leaver(struct victim *v)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, leave_thread, v) || !wait_until(v->allowed == 2))
		return 1;
	return 0;
}

static int freeze(struct test_thread *t)
{
	return !vmo_create_child(t->vmo, MODIFIED, 0, FROZEN + 1);
}

/* It waits for a lock, for which nobody waits long, though it has a signal that kills. */
TEST_F(exit_locked, killed_once_more)
{
	const struct slow slow = { "p:zxpager:zxp_own_settle", .times = 60 };
	const struct plan plan = { .who = LEAVER_THREAD, .pages = 1 };
	struct test_vmo *root = new_vmo(FROZEN + 1), *copy = new_clone(root);

	ASSERT_TRUE(pager_supply(&self->p, root, 0, FROZEN + 1));
	for (uint64_t page = 1; page <= FROZEN; page++)
		ASSERT_TRUE(vmo_put(copy, page, page));
	self->v = victim_start(end_group_of_leaver, copy, &plan);
	ASSERT_NE(NULL, self->v);
	ASSERT_TRUE(victim_at(self->v, 1));
	*(volatile uint32_t *)root->map = self->v->tid;
	self->t[0].vmo = copy;
	SLOW_OR_SKIP(slow_down(&slow, 1));
	ASSERT_TRUE(thread_start(&self->t[0], freeze));
	ASSERT_TRUE(wait_until(slow_calls() > 1));
	victim_pass(self->v, 1);
	ASSERT_TRUE(wait_until(task_exits(self->v->pid, self->v->tid) &&
			       task_state(self->v->pid, self->v->tid) == 'D'));
	ASSERT_TRUE(thread_running(&self->t[0]));
	self->v->allowed = 2;
	ASSERT_TRUE(victim_exited(self->v, 0));
	speed_up();
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_marked(self->v, 0));
	EXPECT_TRUE(pager_idle(&self->p));
}

/*
 * Who leaves is the daemon. If it waits for itself nothing ever closes its pager: then
 * the module cannot be removed any more.
 */
struct daemon_plan {
	struct plan plan;
	bool serves;		/* there is a thread that answers, until that exits too */
	bool resident;		/* but for the permission to write */
};

FIXTURE(exit_of_daemon)
{
};

FIXTURE_VARIANT(exit_of_daemon)
{
	struct daemon_plan d;
};

#define DAEMON(name, by, ...)						\
	FIXTURE_VARIANT_ADD(exit_of_daemon, name)			\
	{								\
		.d = { .plan = { .who = by, .pages = 1 }, __VA_ARGS__ }	\
	}

DAEMON(serving, LEAVER_PROCESS, .serves = true);
DAEMON(serving_and_resident, LEAVER_PROCESS, .serves = true, .resident = true);
DAEMON(serving_and_killed, LEAVER_KILLED, .serves = true);
DAEMON(stalled, LEAVER_PROCESS, .serves = false);
DAEMON(stalled_and_resident, LEAVER_PROCESS, .resident = true);
DAEMON(stalled_and_killed, LEAVER_KILLED, .serves = false);
DAEMON(serving_a_thread, LEAVER_THREAD, .serves = true);
DAEMON(stalled_with_copy, LEAVER_PROCESS, .plan.kind = KIND_COPY);
DAEMON(stalled_with_copy_and_killed, LEAVER_KILLED, .plan.kind = KIND_COPY);
DAEMON(stalled_with_snapshot, LEAVER_PROCESS, .plan.kind = KIND_SNAPSHOT);

FIXTURE_SETUP(exit_of_daemon)
{
}

FIXTURE_TEARDOWN(exit_of_daemon)
{
}

static int daemon_main(struct victim *v)
{
	const struct daemon_plan *d = v->arg;
	static struct user_pager p;
	static struct server s;

	if (!user_pager_init(&p))
		return 1;
	v->vmo = pager_create_kind(&p, d->plan.kind, PAGES, ZXP_VMO_TRAP_DIRTY);
	if (!v->vmo || (d->serves && !server_start(&s, &p)))
		return 1;
	v->arg = &d->plan;
	if (d->resident && !supply_owned(v, 0))
		return 1;
	return leaver_main(v);
}

TEST_F(exit_of_daemon, ends)
{
	struct victim *v = victim_start(daemon_main, NULL, &variant->d);

	ASSERT_NE(NULL, v);
	ASSERT_TRUE(victim_at(v, 1));
	ASSERT_TRUE(let_leave(v));
	ASSERT_TRUE(has_left(v));
}

TEST_HARNESS_MAIN
