// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's end: how long it takes, and what it says of it with its status.  Needs no
 * kernel module.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "../zxpagerd/holders.h"
#include "../zxpagerd/keep.h"
#include "../zxpagerd/stop.h"
#include "fake.h"
#include "fake_loop.h"

#define TIMEOUT_MS	60000u
#define AT_ONCE_MS	5000u

/* --- who has the VMO open ------------------------------------------------------------ */

static struct event *looking;
static int cannot_begin, cannot_see;	/* an errno */
static unsigned int failures;		/* so many times */
static bool is_held;
static unsigned int told;

static int failing(int error)
{
	if (!error || !failures)
		return 0;
	failures--;
	return error;
}

int holders_look(dev_t dev, struct event *done)
{
	int error = failing(cannot_begin);

	(void)dev;
	if (!error)
		looking = done;
	return error;
}

bool holders_have(const struct target *t)
{
	(void)t;
	return is_held;
}

void holders_tell(const struct target *t, uint64_t bytes)
{
	(void)t;
	(void)bytes;
	told++;
}

/* --- time -------------------------------------------------------------------------------- */

static void turn(void)
{
	struct event *done = looking;

	ms_now += 100;
	answer_all();
	writeback_tick();
	fake_packets();
	looking = NULL;
	if (done)
		done->handler(done, -failing(cannot_see));
}

static int setup(void **state)
{
	setup_fake(state);
	fake_register();
	options.shutdown_timeout = TIMEOUT_MS / 1000;
	fake_turn = turn;
	fake_timers_forget();
	cannot_begin = cannot_see = 0;
	failures = UINT32_MAX;
	is_held = false;
	told = 0;
	return 0;
}

/* Its status; *@ms is how long it took. */
static int stop_in(uint64_t *ms)
{
	uint64_t begin = ms_now;
	int status = stop();

	*ms = ms_now - begin;
	return status;
}

static void nobody_is_there(void **state)
{
	uint64_t ms;

	(void)state;
	write_page(3);
	assert_int_equal(stop_in(&ms), 0);
	assert_in_range(ms, 0, AT_ONCE_MS);
	assert_same();
}

static void somebody_is_there(void **state)
{
	uint64_t ms;

	(void)state;
	is_held = true;
	assert_int_equal(stop_in(&ms), 2);
	assert_in_range(ms, TIMEOUT_MS, TIMEOUT_MS + AT_ONCE_MS);
	assert_int_equal(told, 2);
}

/* Then there may be somebody. */
static void look_cannot_begin(void **state)
{
	uint64_t ms;

	(void)state;
	cannot_begin = EMFILE;
	assert_int_equal(stop_in(&ms), 2);
	assert_in_range(ms, TIMEOUT_MS, TIMEOUT_MS + AT_ONCE_MS);
}

static void look_does_not_see_all(void **state)
{
	uint64_t ms;

	(void)state;
	cannot_see = ENOBUFS;
	assert_int_equal(stop_in(&ms), 2);
	assert_in_range(ms, TIMEOUT_MS, TIMEOUT_MS + AT_ONCE_MS);
}

static void look_fails_for_a_while(void **state)
{
	uint64_t ms;

	(void)state;
	cannot_see = ENOMEM;
	cannot_begin = EMFILE;
	failures = 5;
	assert_int_equal(stop_in(&ms), 0);
	assert_in_range(ms, 2000, TIMEOUT_MS / 2);
}

/* What a predecessor has done with its clients is not known. */
static void detached_by_another(void **state)
{
	uint64_t ms;

	(void)state;
	vmo.target.was_detached = true;
	assert_int_equal(stop_in(&ms), 2);
	assert_in_range(ms, 0, AT_ONCE_MS);
	options.force = true;
	assert_int_equal(stop_in(&ms), 0);
	options.force = false;
	vmo.target.was_detached = false;
}

/* It cannot be had by waiting, and it is not to be passed over. */
static void lost_page(void **state)
{
	uint64_t ms;

	(void)state;
	write_page(3);
	page[2].broken = true;
	assert_int_equal(stop_in(&ms), 2);
	assert_in_range(ms, 0, AT_ONCE_MS);
	assert_int_equal(block[3].durable, page[3].value);
}

/* Then nothing ticks, and a VMO that does not become complete is not waited for without end. */
static void all_are_read_only(void **state)
{
	uint64_t ms;

	(void)state;
	vmo.target.writable = false;
	fake_turn = fake_timer_wait;
	assert_int_equal(stop_in(&ms), 1);
	assert_in_range(ms, TIMEOUT_MS, TIMEOUT_MS + AT_ONCE_MS);
	fake_packets();
}

/* --- leaving what there is to a successor --------------------------------------------- */

/* From here on each stop() is by a worker that was asked for that. */
static void leaves(void **state)
{
	uint64_t ms;

	(void)state;
	is_held = true;
	write_page(3);
	stop_leave();
	assert_true(stop_is_wanted());
	assert_int_equal(stop_in(&ms), KEEP_EXIT_LEFT);
	assert_in_range(ms, 0, AT_ONCE_MS);
	assert_false(vmo.target.detached);
	assert_int_equal(told, 0);
	assert_same();
}

static void turn_and_write(void)
{
	turn();
	write_page(5);
}

/* Somebody always does, and the successor has that. */
static void leaves_a_busy_client(void **state)
{
	uint64_t ms;

	(void)state;
	write_page(3);
	fake_turn = turn_and_write;
	assert_int_equal(stop_in(&ms), KEEP_EXIT_LEFT);
	assert_in_range(ms, 0, AT_ONCE_MS);
	assert_int_equal(block[3].durable, page[3].value);
}

static void leaves_a_store_that_hangs(void **state)
{
	uint64_t ms;

	(void)state;
	write_page(3);
	fake_turn = fake_timer_wait;
	assert_int_equal(stop_in(&ms), KEEP_EXIT_LEFT);
	assert_in_range(ms, TIMEOUT_MS, TIMEOUT_MS + AT_ONCE_MS);
	assert_false(vmo.target.detached);
}

static void is_told_of_the_end(void)
{
	stop_told(1);
	fake_turn = turn;
	turn();
}

/* It wins. */
static void end_while_it_leaves(void **state)
{
	uint64_t ms;

	(void)state;
	write_page(3);
	fake_turn = is_told_of_the_end;
	assert_int_equal(stop_in(&ms), 0);
	assert_true(vmo.target.detached);
	assert_same();
}

static void assert_exits(pid_t pid, int wanted)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), wanted);
}

static void hears_of_the_end(void)
{
	stop_told(1);
}

/* All is written back, and it is about to go: nobody may come after it. */
static void end_is_heard_at_last(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	write_page(3);
	/* Signals are counted for good. */
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		stop_on_leave(hears_of_the_end);
		status = stop();
		_exit(vmo.target.detached ? status : KEEP_EXIT_LEFT + 1);
	}
	assert_exits(pid, 0);
}

static void signal_comes(void)
{
	fake_turn = turn;
	assert_true(fake_loop_step(0));
}

/* A manager that has lost the keeper tells the worker to end, which leaves by then. */
static void signal_while_it_leaves(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	write_page(3);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		stop_catch_signals(true);
		raise(SIGTERM);
		fake_turn = signal_comes;
		status = stop();
		_exit(block[3].durable == page[3].value ? status : 0);
	}
	assert_exits(pid, KEEP_EXIT_LEFT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown_fake)

int main(void)
{
	static const struct CMUnitTest stops[] = {
		TEST(nobody_is_there),
		TEST(somebody_is_there),
		TEST(look_cannot_begin),
		TEST(look_does_not_see_all),
		TEST(look_fails_for_a_while),
		TEST(detached_by_another),
		TEST(lost_page),
		TEST(all_are_read_only),
		TEST(leaves),
		TEST(leaves_a_busy_client),
		TEST(leaves_a_store_that_hangs),
		TEST(signal_while_it_leaves),
		TEST(end_is_heard_at_last),
		TEST(end_while_it_leaves),
	};

	return cmocka_run_group_tests(stops, NULL, NULL);
}
