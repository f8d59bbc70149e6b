/* SPDX-License-Identifier: GPL-2.0 */
/*
 * zxbench: the same work done by zxpager and by others, in one boot.
 *
 * A work is a file work_NAME.c with a function and a ZXB_WORK() line. It opens what
 * it needs of its contenders (peer.h), measures them in turns, A B C A B C, keeps
 * a sample for each time something was done, and prints figures (struct figure).
 * What went wrong ends the program: a figure that is not sound is not printed.
 */
#ifndef ZXB_BENCH_H
#define ZXB_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#define PAGE_SIZE	4096UL
#define KIB(n)		((size_t)(n) << 10)
#define MIB(n)		((size_t)(n) << 20)
#define GIB(n)		((size_t)(n) << 30)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct options - what the program was told
 * @icount: the clock counts instructions, of one CPU. Else times are noisy, and
 *	there have to be more samples.
 * @quick: the short form, for the gate
 * @trace: a directory, see profile.sh: the shortest form, in which now() counts how
 *	often it was called, each time with a system call that a trace of instructions
 *	can be cut at
 * @args: what follows the work on the command line, for it alone
 */
struct options {
	bool icount;
	bool quick;
	const char *trace;
	char **args;
};

extern struct options options;

/* How often, in the short form, by instructions, and by time. */
static inline unsigned int times(unsigned int quick, unsigned int icount,
				 unsigned int smp)
{
	if (options.trace)
		return quick < 8 ? quick : 8;
	return options.quick ? quick : options.icount ? icount : smp;
}

/**
 * struct work - something to be done by all contenders
 * @name: on the command line, and first part of its figures' names
 * @what: one line for --help
 * @run: does it and prints the figures
 * @next: of the list of all
 */
struct work {
	const char *name;
	const char *what;
	void (*run)(void);
	struct work *next;
};

void add_work(struct work *work);

/* One line at the end of the work's file makes it known. */
#define ZXB_WORK(id, text, function)					\
	static struct work work_##id = {				\
		.name = #id, .what = (text), .run = (function),		\
	};								\
	__attribute__((constructor)) static void add_##id(void)		\
	{								\
		add_work(&work_##id);					\
	}

/* trace.c */
struct samples;
uint64_t trace_mark(void);
void trace_end(void);
void trace_name(const char *name, double x, const struct samples *s);

/* util.c */
__attribute__((noreturn, format(printf, 1, 2)))
void die(const char *fmt, ...);		/* with errno, if that is not 0 */
__attribute__((format(printf, 1, 2)))
void note(const char *fmt, ...);	/* a line for people, on standard error */
void settle(void);			/* until the guest has nothing else to do */
size_t memory_available(void);
void *map_memory(size_t size, int fd);	/* shared with @fd, or private with -1 */
void *map_to_read(size_t size, int fd);	/* shared with @fd */
int make_memfd(size_t size);
unsigned int *random_order(unsigned int n);	/* 0..n-1; the same each time */
void check_rc(int rc, const char *what);	/* 0, or an errno of pthread_*() */

/* In icount mode 1 ns is one instruction. */
static inline uint64_t now(void)
{
	struct timespec t;

	if (options.trace)
		return trace_mark();
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The compiler is to make the access, here, once. */
static inline uint64_t touch_read(const void *p)
{
	return *(const volatile uint64_t *)p;
}

/* content.c: what all contenders supply, the same for page N of each of them. */
#define CONTENT_SIZE	MIB(16)		/* then it begins again */
#define CONTENT_PAGES	(CONTENT_SIZE / PAGE_SIZE)
void content_make(void);
const void *content_at(size_t page);
size_t content_run(size_t page, size_t nr);	/* pages that follow each other there */
uint64_t content_word(size_t page);		/* the first word of the page */
void content_check(const void *data, size_t page, size_t nr, const char *who);

/* stat.c */

/* struct span - what a sample is of: from one now() to another, @nr of something */
struct span {
	uint64_t start;
	uint64_t end;
	size_t nr;
};

struct samples {
	double *value;
	struct span *span;	/* only for a trace */
	size_t nr;
	size_t room;
};

void sample_add(struct samples *s, double value);
void sample_span(struct samples *s, struct span span);
void sample_since(struct samples *s, uint64_t start, size_t nr);	/* until now() */
double sample_quantile(const struct samples *s, double q);
double sample_typical(const struct samples *s);
double sample_spread(const struct samples *s);
void sample_free(struct samples *s);

/*
 * emit.c: a figure is a line of JSON. Its name is WORK.WHO, or WORK.WHO.WHAT;
 * what it is measured over, such as a number of threads, is @x (NAN for nothing). The
 * table of bars names a figure by that, as in fault_fan_in.zxpager@64.
 */
void emit(const char *name, double x, const char *unit, const struct samples *s);
void emit_p99(const char *name, double x, const char *unit, const struct samples *s);
void emit_value(const char *name, double x, const char *unit, double value);

#endif
