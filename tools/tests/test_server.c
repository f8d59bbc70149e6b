// SPDX-License-Identifier: GPL-2.0
/*
 * A running daemon, whose socket is in $ZXD_SOCKET and which serves a read-only VMO
 * called "f", against clients that do not keep to the protocol.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

static void send_and_be_refused(const void *message, size_t length)
{
	int sock = dial();

	assert_int_equal(send(sock, message, length, MSG_NOSIGNAL), length);
	assert_refused(sock, EPROTO);
}

static void messages_of_all_sizes(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	char big[4096] = "";

	(void)state;
	memcpy(big, &req, sizeof(req));
	for (size_t n = 1; n < sizeof(req); n++)
		send_and_be_refused(big, n);
	send_and_be_refused(big, sizeof(req) + 1);
	send_and_be_refused(big, sizeof(big));
}

static void size_field_is_wrong(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	static const uint32_t sizes[] = { 0, 1, sizeof(req) - 1, sizeof(req) + 1, 256,
					  UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		req.size = sizes[i];
		send_and_be_refused(&req, sizeof(req));
	}
}

static void name_without_end(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");

	(void)state;
	memset(req.name, 'f', sizeof(req.name));
	send_and_be_refused(&req, sizeof(req));
	req = request(ZXD_CLONE, "f");
	memset(req.new_name, 'n', sizeof(req.new_name));
	send_and_be_refused(&req, sizeof(req));
}

static void other_versions_are_told(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	int sock = dial();

	(void)state;
	req.version = ZXD_VERSION + 1;
	req.size = 400;
	assert_int_equal(send(sock, &req, sizeof(req), 0), sizeof(req));
	assert_refused(sock, EPROTO);	/* its size is not what came */

	req.size = sizeof(req);
	sock = dial();
	assert_int_equal(send(sock, &req, sizeof(req), 0), sizeof(req));
	assert_refused(sock, EPROTONOSUPPORT);
}

static void unknown_operations(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	int sock = dial();

	(void)state;
	for (unsigned int op = 0; op <= UINT16_MAX; op += op < 32 ? 1 : 4095) {
		if (op >= ZXD_LIST && op <= ZXD_STOP)
			continue;
		req.op = (uint16_t)op;
		assert_int_equal(ask(sock, &req), EOPNOTSUPP);
	}
	close(sock);
}

static void unused_fields_are_zero(void **state)
{
	struct zxd_request req;
	int sock = dial();

	(void)state;
	req = request(ZXD_STAT, "f");
	req.index = 1;
	assert_int_equal(ask(sock, &req), EINVAL);
	req = request(ZXD_OPEN, "f");
	req.code = EIO;
	assert_int_equal(ask(sock, &req), EINVAL);
	req = request(ZXD_OPEN, "f");
	req.offset = 1;
	assert_int_equal(ask(sock, &req), EINVAL);
	req = request(ZXD_CLEAR, "f");
	req.length = 1;
	assert_int_equal(ask(sock, &req), EINVAL);
	req = request(ZXD_LIST, "f");
	assert_int_equal(ask(sock, &req), EINVAL);
	req = request(ZXD_STAT, "f");
	req.reserved = 1;
	assert_int_equal(ask(sock, &req), EINVAL);
	req = request(ZXD_DROP, "f");
	req.new_name[0] = 'n';
	assert_int_equal(ask(sock, &req), EINVAL);
	req = request(ZXD_STOP, "f");
	assert_int_equal(ask(sock, &req), EINVAL);
	req = request(ZXD_STOP, "");
	req.code = 2;
	assert_int_equal(ask(sock, &req), EINVAL);
	close(sock);
}

static void bad_values(void **state)
{
	struct zxd_request req;
	int sock = dial();

	(void)state;
	req = request(ZXD_STAT, "");
	assert_int_equal(ask(sock, &req), ENOENT);
	req = request(ZXD_STAT, "ff");
	assert_int_equal(ask(sock, &req), ENOENT);
	req = request(ZXD_LIST, "");
	req.index = UINT64_MAX;
	assert_int_equal(ask(sock, &req), ENOENT);
	req = request(ZXD_FAIL, "f");
	req.length = 4096;
	assert_int_equal(ask(sock, &req), EINVAL);	/* no code */
	req.code = ENOMEM;
	assert_int_equal(ask(sock, &req), EINVAL);
	req.code = UINT32_MAX;
	assert_int_equal(ask(sock, &req), EINVAL);
	req.code = EIO;
	req.length = 0;
	assert_int_equal(ask(sock, &req), ERANGE);
	req.length = UINT64_MAX;
	req.offset = 4096;
	assert_int_equal(ask(sock, &req), ERANGE);
	req.length = 1;
	req.offset = UINT64_MAX;
	assert_int_equal(ask(sock, &req), ERANGE);
	close(sock);
}

/* Descriptors that nobody asked for neither pile up in the daemon nor pass. */
static void descriptors_are_not_taken(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	int sock = dial(), zero = 0;

	(void)state;
	assert_int_equal(send_with_fds(sock, &req, &zero, 1), sizeof(req));
	assert_refused(sock, EPROTO);
}

/* Asks and asks and never takes a reply: it ends, and others do not notice. */
static void client_that_takes_no_replies(void **state)
{
	struct zxd_request req = request(ZXD_OPEN, "f");
	struct timeval limit = { .tv_sec = 30 };
	int sock = dial();
	ssize_t n;

	(void)state;
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	do {
		n = send(sock, &req, sizeof(req), MSG_NOSIGNAL);
	} while (n > 0);
	assert_true(errno == EPIPE || errno == ECONNRESET);
	close(sock);
	assert_served();
}

static void clients_that_go_without_a_word(void **state)
{
	struct zxd_request req = request(ZXD_OPEN, "f");

	(void)state;
	for (int i = 0; i < 100; i++) {
		int sock = dial();

		if (i % 2)
			send(sock, &req, sizeof(req), MSG_NOSIGNAL);
		close(sock);
	}
	assert_served();
}

static void many_requests_on_one_connection(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	int sock = dial();

	(void)state;
	for (int i = 0; i < 500; i++)
		assert_int_equal(ask(sock, &req), 0);
	close(sock);
}

int main(void)
{
	static const struct CMUnitTest server[] = {
		cmocka_unit_test(messages_of_all_sizes),
		cmocka_unit_test(size_field_is_wrong),
		cmocka_unit_test(name_without_end),
		cmocka_unit_test(other_versions_are_told),
		cmocka_unit_test(unknown_operations),
		cmocka_unit_test(unused_fields_are_zero),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(descriptors_are_not_taken),
		cmocka_unit_test(client_that_takes_no_replies),
		cmocka_unit_test(clients_that_go_without_a_word),
		cmocka_unit_test(many_requests_on_one_connection),
	};

	if (!is_served())
		return 77;
	return cmocka_run_group_tests(server, NULL, NULL);
}
