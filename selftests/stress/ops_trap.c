// SPDX-License-Identifier: GPL-2.0
/*
 * One who writes to a page that others read all the time: each read maps it again, and
 * the write has to come to its end all the same.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "client.h"

#define READERS		2
#define WOKEN_WORD	7
/* Faults of one store. It may lose its page again and again, but not so often. */
#define MANY_FAULTS	256

struct reader {
	struct actor as;	/* that it is for whoever handles a crash */
	const struct range *range;
	pthread_t thread;
	volatile bool stop, ended;
	volatile uint64_t count;
};

static ssize_t spin(struct actor *as, const struct range *r)
{
	struct reader *reader = (void *)as;

	while (!reader->stop) {
		(void)*(volatile uint64_t *)mapped(as, r);
		reader->count++;
	}
	return r->len;
}

static void *reader_main(void *arg)
{
	static const struct op spinning = { .name = "spin", .fn = spin };
	struct reader *reader = arg;

	attempt(&reader->as, &spinning, reader->range);
	reader->ended = true;
	return NULL;
}

static bool start_reader(struct actor *a, struct reader *reader, const struct range *r)
{
	reader->as.id = a->id;
	reader->as.base = a->base;
	reader->range = r;
	reader->stop = reader->ended = false;
	reader->count = 0;
	return !pthread_create(&reader->thread, NULL, reader_main, reader);
}

static void end_reader(struct reader *reader)
{
	reader->stop = true;
	pthread_join(reader->thread, NULL);
}

static ssize_t store_word(struct actor *a, const struct range *r)
{
	*(volatile uint64_t *)mapped(a, r) = *(uint64_t *)a->buf;
	return 0;
}

/* The kernel's own store; op_trap() sees to it that the word is whole afterwards. */
static ssize_t wake_op(struct actor *a, const struct range *r)
{
	static uint32_t other;

	(void)a;
	return syscall(SYS_futex, &other, FUTEX_WAKE_OP_PRIVATE, 1, 1L, mapped(a, r),
		       FUTEX_OP(FUTEX_OP_SET, WOKEN_WORD, FUTEX_OP_CMP_EQ, 1)) < 0 ?
	       -errno : 0;
}

static ssize_t copy_word(struct actor *a, const struct range *r)
{
	if (pwrite(a->memfd, a->buf, 8, 0) != 8)
		return -errno;
	return pread(a->memfd, mapped(a, r), 8, 0) == 8 ? 0 : -EFAULT;
}

static long faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_THREAD, &ru);
	return ru.ru_minflt + ru.ru_majflt;
}

static void note_faults(const struct range *r, uint64_t nr)
{
	uint64_t seen = load(board->most_faults);

	while (nr > seen && !__atomic_compare_exchange_n(&board->most_faults, &seen, nr,
							 false, __ATOMIC_SEQ_CST,
							 __ATOMIC_SEQ_CST))
		;
	if (nr > MANY_FAULTS)
		wrong("%ju faults for one store to VMO %d at %#jx", (uintmax_t)nr, r->vmo,
		      (uintmax_t)r->off);
}

/* What crashes in here is told by attempt(): the readers have to be ended first. */
static ssize_t write_first(struct actor *a, const struct range *r)
{
	static const op_fn ways[] = { store_word, store_word, wake_op, copy_word };
	long before = faults();
	ssize_t rc = ways[roll(&a->dice, 4)](a, r);

	if (!rc)
		note_faults(r, faults() - before);
	return rc;
}

ssize_t op_trap(struct actor *a, const struct range *r)
{
	static const struct op writing = { .name = "trap", .fn = write_first };
	static const struct op storing = { .name = "trap", .fn = op_store };
	static __thread struct reader readers[READERS];
	int i, nr = 1 + roll(&a->dice, READERS), started = 0;
	ssize_t rc = -EAGAIN;

	while (started < nr && start_reader(a, &readers[started], r))
		started++;
	for (i = 0; i < started; i++)
		while (!readers[i].count && !readers[i].ended)
			sched_yield();
	if (started)
		rc = attempt(a, &writing, r);
	for (i = 0; i < started; i++)
		end_reader(&readers[i]);
	return rc ? rc : attempt(a, &storing, r);
}
