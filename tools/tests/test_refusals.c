// SPDX-License-Identifier: GPL-2.0
/*
 * What the daemon makes of a kernel that says no, of a store whose errors are of all
 * kinds, and of no memory: whoever waits is answered, nothing dirty is given up, and it
 * all goes on afterwards.  Needs no kernel module.
 */
#include <stdlib.h>

#include "../zxpagerd/serve.h"
#include "fake.h"
#include "fake_loop.h"

static bool no_memory;

void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : __real_calloc(count, size);
}

static int setup(void **state)
{
	setup_fake(state);
	fake_register();
	vmo.target.size = 16 * PAGE;
	no_memory = false;
	return 0;
}

/* @call is refused, once. */
static void refuse(enum call call, zx_status_t status)
{
	refusals[call] = (struct refusal){ .status = status, .times = 1 };
}

/* The sync that is under way fails, the next one does not, and nothing is lost. */
static void assert_sync_fails_once(int error)
{
	answer_all();
	assert_int_equal(sync_error, error);
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_same();
}

/* The sync that is under way comes back to what it could not do, which was no error. */
static void assert_sync_ends_later(void)
{
	assert_int_equal(sync_error, -1);
	ms_now += 1000;
	writeback_tick();
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(vmo.target.writeback_errors, 0);
	assert_same();
}

/* --- writing back ------------------------------------------------------------------ */

static void what_is_dirty_cannot_be_had(void **state)
{
	(void)state;
	write_page(3);
	refuse(QUERY, ZX_ERR_NO_MEMORY);
	begin_sync(0, 16);
	assert_sync_fails_once(EIO);
}

static void cut_off_while_it_is_asked(void **state)
{
	(void)state;
	write_page(3);
	refuse(QUERY, ZX_ERR_OUT_OF_RANGE);
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_same();
}

static void begin_is_refused(void **state)
{
	(void)state;
	write_page(3);
	write_page(13);
	refuse(BEGIN, ZX_ERR_BAD_STATE);
	sync_pages(0, 16);
	assert_int_equal(sync_error, EIO);
	assert_int_equal(page[3].state, DIRTY);
	assert_int_equal(page[13].state, CLEAN);
	sync_pages(0, 16);
	assert_same();
}

static void end_is_refused(void **state)
{
	(void)state;
	write_page(3);
	refuse(END, ZX_ERR_NO_MEMORY);
	begin_sync(0, 16);
	assert_sync_fails_once(EIO);
}

static void content_cannot_be_read(void **state)
{
	(void)state;
	write_page(3);
	refuse(VMO_READ, ZX_ERR_IO);
	refusals[VMO_READ].times = 4;
	begin_sync(0, 16);
	assert_int_equal(waits(WRITE), -1);
	assert_sync_fails_once(EIO);
}

/* A page that is missing for a moment is no error: the sync comes back to it. */
static void content_is_missing_for_a_moment(void **state)
{
	(void)state;
	write_page(3);
	write_page(13);
	refuse(VMO_READ, ZX_ERR_SHOULD_WAIT);
	sync_pages(0, 16);
	assert_int_equal(page[3].state, AWAITING);
	assert_int_equal(page[13].state, CLEAN);
	assert_sync_ends_later();
}

/* A VMO that shrinks whenever it is looked at is left for later, and others get their turn. */
static void size_changes_all_the_time(void **state)
{
	(void)state;
	write_page(3);
	refusals[QUERY] = (struct refusal){
		.status = ZX_ERR_OUT_OF_RANGE, .times = 1000,
	};
	sync_pages(0, 16);
	assert_in_range(refusals[QUERY].times, 900, 999);
	refusals[QUERY].times = 0;
	assert_sync_ends_later();
}

/* Memory that has failed harms nobody but whose it was: not those beside it either. */
static void one_page_cannot_be_read(void **state)
{
	uint64_t lost;

	(void)state;
	write_page(1);
	write_page(4);
	write_page(13);
	page[2].breaks = true;
	page[5].breaks = true;
	sync_pages(0, 16);
	assert_int_equal(sync_error, EIO);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(page[i].state, i == 2 || i == 5 ? AWAITING : CLEAN);
	/* Nobody hears of it twice. */
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_int_equal(vmo.target.writeback_errors, 2);
	assert_true(writeback_is_clean(&vmo.writeback));
	assert_int_equal(writeback_left(&vmo.writeback, &lost), 0);
	assert_int_equal(lost, 2 * PAGE);
	/* All of it is written anew, or nobody would find it. */
	page[2].broken = page[5].broken = false;
	page[2].breaks = page[5].breaks = false;
	assert_false(writeback_is_clean(&vmo.writeback));
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_true(writeback_is_clean(&vmo.writeback));
	assert_same();
}

/* Pages that were lost before anybody came to write them back. */
static void lost_pages_are_nobodys_error(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		write_page(4 * i);
	for (unsigned int i = 0; i < 16; i += 2)
		page[i].broken = true;
	writeback_want(&vmo.writeback);
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_int_equal(vmo.target.writeback_errors, 0);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(page[i].state, i % 2 ? CLEAN : DIRTY);
	/* There is nothing to come back for. */
	ms_now += 60000;
	writeback_tick();
	assert_int_equal(asked_count, 0);
	assert_true(writeback_is_clean(&vmo.writeback));
}

/* The file grows over the place where a page is lost. */
static void append_behind_a_lost_page(void **state)
{
	(void)state;
	client_resize(20 * PAGE);
	write_page(16);
	write_page(18);
	page[17].state = DIRTY;
	page[17].broken = true;
	sync_pages(16, 20);
	assert_int_equal(sync_error, 0);
	assert_int_equal(durable_size, 20 * PAGE);
	assert_int_equal(block[18].durable, page[18].value);
	/* A hole behind it, too. */
	page[19].state = DIRTY;
	page[19].broken = true;
	client_resize(24 * PAGE);
	sync_pages(16, 24);
	assert_int_equal(sync_error, 0);
	assert_int_equal(durable_size, 24 * PAGE);
	assert_true(writeback_is_clean(&vmo.writeback));
}

/* As many of them as a query has room for, and then a page that is not. */
static void many_lost_ranges(void **state)
{
	unsigned int last = 2 * PARTS_MAX;

	(void)state;
	client_resize((last + 1) * PAGE);
	begin_sync(0, last + 1);
	answer_all();
	assert_int_equal(sync_error, 0);
	for (unsigned int i = 0; i < last; i += 2) {
		page[i].state = DIRTY;
		page[i].broken = true;
	}
	write_page(last);
	begin_sync(0, last + 1);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(page[last].state, CLEAN);
	assert_int_equal(block[last].durable, page[last].value);
	assert_true(writeback_is_clean(&vmo.writeback));
}

/* As many parts as there is room for, and then one more: it is for the next batch. */
static void pages_that_cannot_be_read_in_many_parts(void **state)
{
	struct parts *p = &vmo.writeback.batch.parts;

	(void)state;
	p->count = PARTS_MAX;
	p->next = UINT64_MAX;
	for (unsigned int i = 0; i < PARTS_MAX; i++)
		p->part[i] = (struct part){ .offset = i * 4 * PAGE,
					    .end = (i * 4 + 3) * PAGE };
	parts_leave_out(p, 1, 5 * PAGE);
	assert_int_equal(p->count, PARTS_MAX);
	assert_int_equal(p->part[1].offset, 4 * PAGE);
	assert_int_equal(p->part[1].end, 5 * PAGE);
	assert_int_equal(p->part[2].offset, 6 * PAGE);
	assert_int_equal(p->part[2].end, 7 * PAGE);
	assert_int_equal(p->part[3].offset, 8 * PAGE);
	assert_int_equal(p->part[PARTS_MAX - 1].offset, (PARTS_MAX - 2) * 4 * PAGE);
	assert_int_equal(p->next, (PARTS_MAX - 1) * 4 * PAGE);
	parts_leave_out(p, PARTS_MAX - 1, (PARTS_MAX - 2) * 4 * PAGE);
	assert_int_equal(p->count, PARTS_MAX);
	assert_int_equal(p->part[PARTS_MAX - 1].end, (PARTS_MAX - 2) * 4 * PAGE);
	assert_int_equal(p->next, ((PARTS_MAX - 2) * 4 + 1) * PAGE);
	p->count = 0;
}

static void size_cannot_be_had(void **state)
{
	(void)state;
	write_page(3);
	sync_pages(0, 16);
	for (unsigned int after = 0; after < 4; after++) {
		write_page(3);
		client_resize((12 - after) * PAGE);
		refusals[INFO] = (struct refusal){ .after = after, .times = 1,
						   .status = ZX_ERR_IO };
		sync_pages(0, 12);
		assert_true(sync_error == 0 || sync_error == EIO);
		sync_pages(0, 12);
		assert_int_equal(sync_error, 0);
		assert_same();
	}
	refuse(INFO, ZX_ERR_IO);
	assert_false(writeback_is_clean(&vmo.writeback));
	assert_true(writeback_is_clean(&vmo.writeback));
}

/* What fsync() says to each error, wherever the store has it. */
static void errors_of_a_sync(void **state)
{
	static const struct {
		int store, client;
	} table[] = {
		{ EIO, EIO }, { ENOSPC, ENOSPC }, { EDQUOT, ENOSPC }, { EFBIG, ENOSPC },
		{ EBADMSG, EBADMSG }, { ESTALE, EIO }, { EROFS, EIO },
		{ ENOTCONN, EIO },
	};
	static const enum kind kinds[] = { WRITE, SYNC, BLANK, RESIZE };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (size_t k = 0; k < 4; k++) {
			unsigned int end = 14 + (k + i) % 2;

			write_page(3);
			if (kinds[k] == BLANK)
				client_zero(8, 10);
			client_resize(end * (uint64_t)PAGE);
			if (kinds[k] == RESIZE)
				client_resize((end - 4) * (uint64_t)PAGE);
			sync_answer = -1;
			serve_sync(&vmo, 0, stream_size);
			while (waits(kinds[k]) < 0)
				answer(0, 0);
			assert_int_equal(sync_answer, -1);
			answer((unsigned int)waits(kinds[k]), table[i].store);
			answer_all();
			assert_int_equal(sync_answer, table[i].client);
			assert_true(page[3].state == AWAITING || kinds[k] == BLANK);
			serve_sync(&vmo, 0, stream_size);
			answer_all();
			assert_int_equal(sync_answer, 0);
			assert_same();
		}
	}
}

static void sync_that_nobody_waits_for(void **state)
{
	uint64_t syncs = vmo.target.syncs;

	(void)state;
	refuse(SYNC_END, ZX_ERR_NOT_FOUND);
	serve_sync(&vmo, 0, PAGE);
	refuse(SYNC_END, ZX_ERR_IO);
	serve_sync(&vmo, 0, PAGE);
	assert_int_equal(vmo.target.syncs, syncs + 2);
}

/* --- grants ------------------------------------------------------------------------ */

static void errors_of_a_reservation(void **state)
{
	static const struct {
		int store, client;
	} table[] = {
		{ EIO, EIO }, { ENOSPC, ENOSPC }, { EDQUOT, ENOSPC }, { EFBIG, ENOSPC },
		{ ESTALE, EIO }, { EROFS, EIO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		page[5].failed = 0;
		assert_false(client_write(5));
		/* With its window, and alone. */
		answer((unsigned int)waits(RESERVE), table[i].store);
		assert_int_equal(asked_count, 0);
		assert_int_equal(page[5].failed, table[i].client);
		assert_int_equal(page[5].state, CLEAN);
		assert_int_equal(vmo.target.no_space, i + 1);
	}
	/* Interrupted is not an error. */
	assert_false(client_write(5));
	answer((unsigned int)waits(RESERVE), EINTR);
	answer_all();
	assert_true(client_write(5));
}

static void grant_is_refused(void **state)
{
	(void)state;
	write_page(0);
	/* With what is likely to follow, and alone. */
	refusals[DIRTY_CALL] = (struct refusal){ .status = ZX_ERR_NO_MEMORY, .times = 2 };
	client_write(4);
	answer_all();
	assert_int_equal(page[4].state, CLEAN);
	assert_int_equal(page[4].failed, 0);
	refusals[DIRTY_CALL] = (struct refusal){ .status = ZX_ERR_IO, .times = 2 };
	client_write(4);
	answer_all();
	assert_int_equal(page[4].failed, EIO);
	assert_null(vmo.writeback.dirty.queue.first);
	refusals[DIRTY_CALL] = (struct refusal){ .status = ZX_ERR_IO, .times = 2 };
	refuse(FAIL, ZX_ERR_NO_MEMORY);
	client_write(4);
	answer_all();
	assert_null(vmo.writeback.dirty.queue.first);
	assert_false(client_write(4));
	assert_true(client_write(4));
}

static void longer_than_the_vmo(void **state)
{
	(void)state;
	dirty_request(&vmo.writeback.dirty, 14 * PAGE, UINT64_MAX - 14 * PAGE);
	answer_all();
	assert_int_equal(page[15].state, DIRTY);
	dirty_request(&vmo.writeback.dirty, 16 * PAGE, PAGE);
	dirty_request(&vmo.writeback.dirty, 0, 0);
	assert_null(vmo.writeback.dirty.queue.first);
}

static void limit_while_the_kernel_does_not_tell(void **state)
{
	(void)state;
	write_page(0);
	options.dirty_limit = 4 * PAGE;
	refusals[INFO] = (struct refusal){ .status = ZX_ERR_IO, .times = 3 };
	assert_false(client_write(12));
	assert_int_equal(page[12].state, CLEAN);
	answer_all();
	writeback_tick();
	answer_all();
	assert_true(client_write(12));
}

/* --- reads ------------------------------------------------------------------------- */

static void supply_is_refused(void **state)
{
	(void)state;
	evict(0, 16);
	/* The window, and the page that was asked for. */
	refusals[SUPPLY] = (struct refusal){ .status = ZX_ERR_IO, .times = 2 };
	client_read(3);
	answer_all();
	assert_int_equal(page[3].failed, EIO);
	client_read(3);
	answer_all();
	assert_int_equal(page[3].state, CLEAN);
}

static void detached_under_a_read(void **state)
{
	(void)state;
	evict(0, 16);
	refuse(SUPPLY, ZX_ERR_BAD_STATE);
	client_read(3);
	answer_all();
	assert_int_equal(page[3].failed, 0);
	assert_int_equal(asked_ever[READ], 1);
}

static void fail_is_refused(void **state)
{
	(void)state;
	evict(0, 16);
	assert_int_equal(vmo_fail(&vmo, 3 * PAGE, PAGE, EIO), 0);
	refuse(FAIL, ZX_ERR_NO_MEMORY);
	client_read(3);
	assert_int_equal(page[3].failed, 0);
	client_read(3);
	assert_int_equal(page[3].failed, EIO);
}

/* --- memory ------------------------------------------------------------------------ */

static void without_memory(void **state)
{
	(void)state;
	evict(0, 8);
	no_memory = true;
	client_read(3);
	assert_int_equal(page[3].failed, EIO);
	client_write(12);
	assert_int_equal(page[12].failed, EIO);
	serve_sync(&vmo, 0, PAGE);
	assert_int_equal(sync_answer, EIO);
	assert_int_equal(vmo_fail(&vmo, 0, PAGE, EIO), ENOMEM);
	no_memory = false;
	write_page(3);
	serve_sync(&vmo, 0, 16 * PAGE);
	answer_all();
	assert_int_equal(sync_answer, 0);
	assert_same();
}

/* A request for many pages of which few fit is granted in part; without memory it fails. */
static void no_space_and_no_memory(void **state)
{
	(void)state;
	dirty_request(&vmo.writeback.dirty, 0, 8 * PAGE);
	no_memory = true;
	answer(0, ENOSPC);
	no_memory = false;
	assert_int_equal(page[0].failed, ENOSPC);
	assert_int_equal(page[7].failed, ENOSPC);
	assert_null(vmo.writeback.dirty.queue.first);
}

/* --- the end ----------------------------------------------------------------------- */

static void packets_after_complete(void **state)
{
	(void)state;
	serve_read(&vmo, 0, PAGE);
	serve_dirty(&vmo, 0, PAGE);
	answer_all();
	assert_int_equal(vmo.target.packets, 1);
	assert_int_equal(vmo.target.dirty_packets, 1);
	assert_int_equal(serve_detach(&vmo), 0);
	assert_true(fake_packets());
	assert_true(vmo.target.complete);
	answer_all();
	assert_same();
	serve_read(&vmo, 0, PAGE);
	serve_dirty(&vmo, 0, PAGE);
	serve_sync(&vmo, 0, PAGE);
	serve_complete(&vmo);
	assert_int_equal(vmo.target.late, 4);
	assert_int_equal(vmo.target.packets, 1);
	assert_int_equal(asked_count, 0);
	assert_int_equal(serve_detach(&vmo), 0);
}

static void packets_of_nobody(void **state)
{
	static const uint64_t keys[] = { 2, UINT64_MAX, (uintptr_t)&vmo.target };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		fake_key = keys[i];
		assert_int_equal(serve_detach(&vmo), 0);
		assert_true(fake_packets());
		assert_false(vmo.target.complete);
		vmo.target.detached = false;
	}
	fake_key = 0;
	assert_int_equal(serve_detach(&vmo), 0);
	assert_true(fake_packets());
	assert_true(vmo.target.complete);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown_fake)

int main(void)
{
	static const struct CMUnitTest refused[] = {
		TEST(what_is_dirty_cannot_be_had),
		TEST(cut_off_while_it_is_asked),
		TEST(begin_is_refused),
		TEST(end_is_refused),
		TEST(content_cannot_be_read),
		TEST(content_is_missing_for_a_moment),
		TEST(size_changes_all_the_time),
		TEST(one_page_cannot_be_read),
		TEST(lost_pages_are_nobodys_error),
		TEST(append_behind_a_lost_page),
		TEST(many_lost_ranges),
		TEST(pages_that_cannot_be_read_in_many_parts),
		TEST(size_cannot_be_had),
		TEST(errors_of_a_sync),
		TEST(sync_that_nobody_waits_for),
		TEST(errors_of_a_reservation),
		TEST(grant_is_refused),
		TEST(longer_than_the_vmo),
		TEST(limit_while_the_kernel_does_not_tell),
		TEST(supply_is_refused),
		TEST(detached_under_a_read),
		TEST(fail_is_refused),
		TEST(without_memory),
		TEST(no_space_and_no_memory),
		TEST(packets_after_complete),
		TEST(packets_of_nobody),
	};

	return cmocka_run_group_tests(refused, NULL, NULL);
}
