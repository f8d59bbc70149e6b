/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A store that fails as told and a pager that takes notes, around the daemon's reader.
 */
#ifndef TESTS_FAKE_DISK_H
#define TESTS_FAKE_DISK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../zxpagerd/supply.h"
#include "../zxpagerd/vmo.h"

#define PAGE		4096u
#define WINDOW		(8 * PAGE)
#define DISK_PAGES	512u
#define DISK_WINDOWS	(DISK_PAGES * PAGE / WINDOW)

/* Unless a test says something else. */
#define AHEAD_DEPTH	16
#define AHEAD_MOST	8	/* windows of read-ahead */

/* struct read - what the store was asked for and has not answered */
struct read {
	struct event *ev;
	uint8_t *buffer;
	uint32_t length;
	uint64_t offset;
};

extern struct vmo vmo;
extern struct backend store;
extern struct read reads[64];
extern unsigned int read_count, reads_ever;
extern bool bad_sector[DISK_PAGES], supplied[DISK_PAGES];
extern int store_error;			/* that of reading a bad sector */
extern uint64_t store_size;		/* now, which may be less than at the start */
extern uint64_t vmo_size;		/* as the kernel has it */
extern uint32_t store_chunk;		/* the most that one read gives */
extern int failed[DISK_PAGES];		/* the code, or 0 */
extern unsigned int supplies, tail_nonzero;
extern unsigned int together;		/* the most that was supplied with one call */
extern uint64_t supplied_last;		/* where */
extern zx_status_t supply_status;
extern uint64_t supply_limit;		/* bytes until supply_status */

/* A file of @size bytes is served, with @depth windows and @ahead bytes of read-ahead. */
void disk_start(uint64_t size, unsigned int depth, uint64_t ahead);
void disk_stop(void);

/* The same in windows, for tests of what is read ahead; clients may resize the VMO. */
int ahead_setup(void **state);
int ahead_teardown(void **state);
void ahead_restart(unsigned int windows, unsigned int depth, unsigned int most);

/* Answers read number @i as the disk would; supply_all() is left to the caller. */
void read_is_done(unsigned int i);
void answer(unsigned int i);
void answer_all(void);

/* A turn of the loop for windows that have nothing to be read; false if there are none. */
bool turn(void);

/* Somebody waits for a page of a window. */
void want(unsigned int window);

/* What is being read are windows [from, to), in this order. */
void assert_reads(unsigned int from, unsigned int to);

/* The first and the last page of a window are. */
bool is_supplied(unsigned int window);

/* Somebody waits for a window; it is supplied, and then those up to @to are being read. */
void want_and_have(unsigned int window, unsigned int to);

/* Of four windows at a time two are being read ahead, 12 and 13; more are to come. */
void ahead_of_11(void);

/* Nobody was told of anything bad. */
void assert_silent(void);

#endif /* TESTS_FAKE_DISK_H */
