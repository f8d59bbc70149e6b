// SPDX-License-Identifier: GPL-2.0
/*
 * A daemon that does not answer: with a time limit who waits gets ETIMEDOUT, whatever it does,
 * and without one the log tells of it.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define PAGES	16
#define LIMIT	50	/* ms */

#define PATIENCE	"/sys/module/zxpager/parameters/patience"

FIXTURE(time_limit)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct test_vmo *root;
};

FIXTURE_VARIANT(time_limit)
{
	enum access how;
	enum vmo_kind kind;
};

#define KIND(name, acc) \
	FIXTURE_VARIANT_ADD(time_limit, name) { .how = acc }

FOR_EACH_ACCESS(KIND);

#define OF_COPY(name, acc) \
	FIXTURE_VARIANT_ADD(time_limit, name##_of_copy) { .how = acc, .kind = KIND_COPY }

OF_COPY(load, ACC_LOAD);
OF_COPY(store, ACC_STORE);
OF_COPY(pread, ACC_PREAD);
OF_COPY(pwrite, ACC_PWRITE);

FIXTURE_SETUP(time_limit)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->kind, PAGES, 0);
	ASSERT_NE(NULL, self->vmo);
	self->root = self->vmo->root;
}

FIXTURE_TEARDOWN(time_limit)
{
	user_pager_fini(&self->p);
}

#define new_client() client_new(variant->how, self->vmo, 2, 1)

/* Whether its packet was read or not; and then it may be answered, or asked for again. */
TEST_F(time_limit, nobody_answers)
{
	struct client *c = new_client();
	struct server s;

	test_zxp(set_time_limit, self->p.fd, LIMIT);
	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 2, 1));
	ASSERT_TRUE(client_failed(c, ETIMEDOUT));
	c = new_client();
	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(client_failed(c, ETIMEDOUT));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(self->root).out_requests);
	EXPECT_TRUE(vmo_failed(self->vmo, 2, ETIMEDOUT));

	test_zxp(set_time_limit, self->p.fd, 0);
	ASSERT_TRUE(server_start(&s, &self->p));
	c = new_client();
	ASSERT_TRUE(client_thread(c));
	EXPECT_TRUE(client_good(c));
	EXPECT_TRUE(server_end(&s));
}

/* It is for those who wait already. */
TEST_F(time_limit, while_it_waits)
{
	struct client *c = new_client();

	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	test_zxp(set_time_limit, self->p.fd, LIMIT);
	ASSERT_TRUE(client_failed(c, ETIMEDOUT));
	EXPECT_TRUE(pager_idle(&self->p));
}

FIXTURE(late)
{
	struct user_pager p;
	struct test_vmo *vmo;
	int log;
	char was[32];
};

typedef FIXTURE_DATA(late) late_data;

FIXTURE_SETUP(late)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo_flags(&self->p, PAGES * page_size, ZXP_VMO_TRAP_DIRTY,
					   ZXP_CREATE_SYNC);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, PAGES - 1));
	self->log = open("/dev/kmsg", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->log);
	ASSERT_LE(0, lseek(self->log, 0, SEEK_END));
	snprintf(self->was, sizeof(self->was), "%lld", read_number(PATIENCE));
}

FIXTURE_TEARDOWN(late)
{
	write_file(PATIENCE, self->was);
	close(self->log);
	user_pager_fini(&self->p);
}

/* A line of the log about the VMO that has @what is there, or comes in this time. */
static bool log_tells(late_data *self, const char *what, int ms)
{
	struct pollfd pfd = { .fd = self->log, .events = POLLIN };
	char record[1024], key[64];
	ssize_t n;

	snprintf(key, sizeof(key), " VMO with key %#llx", (unsigned long long)self->vmo->key);
	while (poll(&pfd, 1, ms) == 1) {
		n = read(self->log, record, sizeof(record) - 1);
		/* EPIPE: some were overwritten before. */
		if (n < 0 && errno != EPIPE)
			return false;
		record[n < 0 ? 0 : n] = '\0';
		if (strstr(record, key) && strstr(record, what))
			return true;
	}
	return false;
}

static const enum access writers[] = { ACC_STORE, ACC_PWRITE, ACC_PIPE_READ };

TEST_F(late, nobody_grants)
{
	test_zxp(set_time_limit, self->p.fd, LIMIT);
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		struct client *c = client_new(writers[i], self->vmo, 2, 1);

		ASSERT_TRUE(client_thread(c));
		ASSERT_TRUE(pager_wait_dirty(&self->p, self->vmo, 2, 1));
		ASSERT_TRUE(client_failed(c, ETIMEDOUT)) {
			TH_LOG("%s", access_name(writers[i]));
		}
	}
	EXPECT_EQ(0, vmo_info(self->vmo).out_dirty_bytes);
}

static int do_fsync(struct test_thread *t)
{
	return fsync(t->vmo->fd) ? errno : 0;
}

/* What was read is to be answered before there is a next one. */
TEST_F(late, nobody_syncs)
{
	struct test_thread t[2] = { { .vmo = self->vmo }, { .vmo = self->vmo } };

	test_zxp(set_time_limit, self->p.fd, LIMIT);
	ASSERT_TRUE(thread_start(&t[0], do_fsync));
	ASSERT_TRUE(pager_wait_sync(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(thread_wait_failure(&t[0], ETIMEDOUT));
	test_zxp(set_time_limit, self->p.fd, 0);
	ASSERT_TRUE(thread_start(&t[1], do_fsync));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_sync_end(&self->p, self->vmo, 0, PAGES, 0));
	ASSERT_TRUE(pager_wait_sync(&self->p, self->vmo, 0, PAGES));
	EXPECT_TRUE(thread_running(&t[1]));
	ASSERT_TRUE(pager_sync_end(&self->p, self->vmo, 0, PAGES, 0));
	EXPECT_TRUE(thread_wait(&t[1]));
}

/* Of the first one of a VMO in any case. */
TEST_F(late, log_tells_of_it)
{
	struct client *c = client_new(ACC_PREAD, self->vmo, PAGES - 1, 1);

	test_zxp(set_time_limit, self->p.fd, LIMIT);
	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(client_failed(c, ETIMEDOUT));
	EXPECT_TRUE(log_tells(self, "fails after", 60000));
}

/* Without a limit it waits on. */
TEST_F(late, log_tells_of_patience)
{
	struct client *c = client_new(ACC_PREAD, self->vmo, PAGES - 1, 1);

	ASSERT_EQ(0, write_file(PATIENCE, "1"));
	ASSERT_TRUE(client_thread(c));
	EXPECT_TRUE(log_tells(self, "waits after", 60000));
	EXPECT_TRUE(client_running(c));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, PAGES - 1, 1));
	EXPECT_TRUE(client_good(c));
}

/* It is the pager's, whatever descriptor of that is asked; ports have none. */
TEST_F(late, fdinfo)
{
	int next;

	EXPECT_EQ(0, fdinfo_number(self->p.fd, "zxpager-time-limit"));
	test_zxp(set_time_limit, self->p.fd, 61001);
	EXPECT_EQ(61001, fdinfo_number(self->p.fd, "zxpager-time-limit"));
	EXPECT_EQ(0, fdinfo_number(self->p.fd, "zxpager-generation"));
	EXPECT_EQ(-1, fdinfo_number(self->p.port, "zxpager-time-limit"));
	next = zxp_begin_generation(self->p.fd);
	ASSERT_LE(0, next);
	EXPECT_EQ(1, fdinfo_number(next, "zxpager-generation"));
	EXPECT_EQ(61001, fdinfo_number(next, "zxpager-time-limit"));
	test_zxp(set_time_limit, next, 0);
	EXPECT_EQ(0, fdinfo_number(self->p.fd, "zxpager-time-limit"));
	close(next);
}

TEST_F(late, refused)
{
	struct zxp_set_time_limit arg = { .size = sizeof(arg), .flags = 1 };

	EXPECT_EQ(-EINVAL, zxp_ioctl(self->p.fd, ZXP_IOC_SET_TIME_LIMIT, &arg));
	arg = (struct zxp_set_time_limit){ .size = sizeof(arg), .reserved = 1 };
	EXPECT_EQ(-EINVAL, zxp_ioctl(self->p.fd, ZXP_IOC_SET_TIME_LIMIT, &arg));
	EXPECT_EQ(-EMEDIUMTYPE, zxp_ioctl(self->p.port, ZXP_IOC_SET_TIME_LIMIT, &arg));
}

TEST_HARNESS_MAIN
