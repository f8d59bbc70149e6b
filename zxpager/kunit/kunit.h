/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit suites share. They are linked into the module itself, see
 * CONFIG_ZXPAGER_KUNIT_TEST.
 */
#ifndef _ZXPAGER_KUNIT_H
#define _ZXPAGER_KUNIT_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/prandom.h>

#include "../abi.h"

extern struct kunit_suite zxp_abi_suite;
extern struct kunit_suite zxp_port_suite;
extern struct kunit_suite zxp_post_suite;
extern struct kunit_suite zxp_request_suite;
extern struct kunit_suite zxp_request_wait_suite;
extern struct kunit_suite zxp_request_end_suite;
extern struct kunit_suite zxp_request_hint_suite;
extern struct kunit_suite zxp_request_random_suite;
extern struct kunit_suite zxp_move_suite;
extern struct kunit_suite zxp_sync_suite;
extern struct kunit_suite zxp_sync_signal_suite;
extern struct kunit_suite zxp_zero_suite;
extern struct kunit_suite zxp_zero_random_suite;
extern struct kunit_suite zxp_layer_suite;
extern struct kunit_suite zxp_layer_before_suite;
extern struct kunit_suite zxp_layer_gather_suite;
extern struct kunit_suite zxp_layer_sharers_suite;
extern struct kunit_suite zxp_layer_random_suite;
extern struct kunit_suite zxp_vmo_suite;
extern struct kunit_suite zxp_vmo_close_suite;
extern struct kunit_suite zxp_vmo_dirty_suite;
extern struct kunit_suite zxp_vmo_random_suite;
extern struct kunit_suite zxp_query_random_suite;

/*
 * Has it happened yet? For what has no event to wait for; a minute is for guests
 * that share a processor with too many others.
 */
#define zxp_kunit_poll(condition)					\
({									\
	unsigned long until_ = jiffies + 60 * HZ;			\
	bool is_;							\
									\
	while (!(is_ = (condition)) && time_before(jiffies, until_))	\
		schedule_timeout_uninterruptible(1);			\
	is_;								\
})

/* References of a source, but for that of its work. */
static inline unsigned int zxp_kunit_refs(struct zxp_source *source)
{
	return kref_read(&source->ref) - source->watched;
}

/**
 * struct zxp_task - a kernel thread that does one thing
 * @task: referenced
 * @mm: whose memory it uses, or NULL
 * @fn: what it does
 * @arg: with what
 * @done: it has
 * @result: what @fn returned
 */
struct zxp_task {
	struct task_struct *task;
	struct mm_struct *mm;
	long (*fn)(void *arg);
	void *arg;
	struct completion done;
	long result;
};

/* task.c */
struct zxp_task *zxp_kunit_task(struct kunit *test, struct mm_struct *mm,
				long (*fn)(void *arg), void *arg);
long zxp_kunit_call(struct mm_struct *mm, long (*fn)(void *arg), void *arg);
bool zxp_task_join(struct zxp_task *task);
void zxp_task_kill(struct zxp_task *task);

/* fixture.c */
struct zxp_port *zxp_kunit_port(struct kunit *test);
struct zxp_source *zxp_kunit_source(struct kunit *test, struct zxp_port *port,
				    u64 key);
ssize_t zxp_kunit_read_nowhere(struct zxp_port *port);
ssize_t zxp_kunit_read(struct zxp_port *port, struct zxp_packet *packets,
		       size_t size);
bool zxp_kunit_silent(struct zxp_port *port);
bool zxp_kunit_next_is(struct kunit *test, struct zxp_port *port, u16 command,
		       pgoff_t start, pgoff_t end);
struct zxp_picked zxp_kunit_pick(struct zxp_source *source);

static inline struct zxp_picked zxp_kunit_picked(struct zxp_source *source)
{
	return (struct zxp_picked) {
		.packet = &source->packet,
		.data = source->packet.data,
		.turn = source->packet.turn,
	};
}

static inline void zxp_kunit_taken(struct zxp_source *source, bool read)
{
	const struct zxp_picked picked = zxp_kunit_picked(source);

	zxp_source_packet_taken(&picked, read);
}

static inline void zxp_kunit_returned(struct zxp_source *source)
{
	const struct zxp_picked picked = zxp_kunit_picked(source);

	zxp_source_packet_returned(&picked);
}

unsigned int zxp_kunit_waiting(struct zxp_source *source);

/* suites.c */
void zxp_kunit_dice(struct kunit *test, struct rnd_state *dice);
unsigned long zxp_kunit_operations(unsigned int percent);

/* From 0 to below @n. */
static inline u32 zxp_roll(struct rnd_state *dice, u32 n)
{
	return prandom_u32_state(dice) % n;
}

#endif /* _ZXPAGER_KUNIT_H */
