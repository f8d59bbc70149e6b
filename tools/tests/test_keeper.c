// SPDX-License-Identifier: GPL-2.0
/*
 * The keeper, and workers that are broken, or worse: what it makes of their ends and of what they
 * send.  Needs no kernel module.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/keep.h"
#include "keeper_fixture.h"

static void one_that_is_well(void **state)
{
	(void)state;
	assert_int_equal(status_of("is well"), 20);
}

/* The same where that is the end of the first one, and the second one is told. */
static int status_after(const char *first)
{
	start(first);
	await(1);
	return stopped();
}

static void one_that_dies(void **state)
{
	(void)state;
	assert_int_equal(status_after("dies"), 10);
	close(news);
	ignores_children = true;
	assert_int_equal(status_after("dies"), 10);
}

/* It says that it ends everything, and nobody has asked for that; or was asked, and fails. */
static void one_that_ends(void **state)
{
	(void)state;
	assert_int_equal(status_after("ends unasked"), 10);
	close(news);
	assert_int_equal(status_of("fails at the end"), 10);
}

static void one_that_talks_nonsense(void **state)
{
	(void)state;
	assert_int_equal(status_after("sends what is no message"), 10);
	close(news);
	assert_int_equal(status_after("sends what is not to be held"), 10);
}

static void last_words_count(void **state)
{
	(void)state;
	start("has last words");
	kill(keeper, SIGHUP);
	assert_int_equal(stopped(), 11);
}

/* It is waited for, and not killed. */
static void one_that_reads_late(void **state)
{
	(void)state;
	assert_int_equal(status_of("reads late"), 20);
}

/* Signals are heard all the same, and it can be told of them. */
static void one_that_floods(void **state)
{
	(void)state;
	assert_int_equal(status_of("floods"), 20);
}

static void one_that_leaves_again_and_again(void **state)
{
	(void)state;
	start("leaves");
	assert_int_equal(status(), GIVEN_UP);
}

/* Unless it was asked to by its keeper, one that leaves soon is as one that dies. */
static void one_that_leaves_when_it_is_told(void **state)
{
	(void)state;
	start("leaves when it is told");
	for (unsigned int i = 0; i < 2 * QUICK_DEATHS; i++) {
		kill(keeper, SIGHUP);
		await(1);
	}
	assert_int_equal(stopped(), 0);
}

/* As one that waits for whoever looks up a name. */
static void one_that_never_serves(void **state)
{
	(void)state;
	serves_exports = true;
	start("never serves");
	assert_int_equal(status(), GIVEN_UP);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(one_that_is_well),
		TEST(one_that_dies),
		TEST(one_that_ends),
		TEST(one_that_talks_nonsense),
		TEST(last_words_count),
		TEST(one_that_reads_late),
		TEST(one_that_floods),
		TEST(one_that_leaves_again_and_again),
		TEST(one_that_leaves_when_it_is_told),
		TEST(one_that_never_serves),
	};

	if (keeper_is_worker(argc, argv))
		return keeper_be_worker();
	return cmocka_run_group_tests(tests, keeper_make_directory, keeper_remove_directory);
}
