// SPDX-License-Identifier: GPL-2.0
/*
 * What stands between the daemon and a server, to have one of several connections fail.
 */
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "nbd_proxy.h"

#define CONNECTIONS	64

static struct sockaddr_un there = { .sun_family = AF_UNIX };
static int listener;
static int ends[CONNECTIONS][2];
static atomic_uint count;

static bool forward(int from, int to)
{
	static _Thread_local uint8_t buffer[65536];
	ssize_t n = read(from, buffer, sizeof(buffer));

	for (ssize_t done = 0, m; done < n; done += m) {
		m = send(to, buffer + done, (size_t)(n - done), MSG_NOSIGNAL);
		if (m <= 0)
			return false;
	}
	return n > 0;
}

/* The descriptors stay open, so that nobody cuts those of another connection. */
static void *carry(void *data)
{
	int *end = data;
	struct pollfd pfd[2] = { { .fd = end[0], .events = POLLIN },
				 { .fd = end[1], .events = POLLIN } };
	bool going = true;

	while (going && poll(pfd, 2, -1) > 0) {
		if (pfd[0].revents)
			going = forward(end[0], end[1]);
		if (going && pfd[1].revents)
			going = forward(end[1], end[0]);
	}
	shutdown(end[0], SHUT_RDWR);
	shutdown(end[1], SHUT_RDWR);
	return NULL;
}

static void *take(void *data)
{
	pthread_t thread;

	for (unsigned int n = 0; n < CONNECTIONS; n++) {
		ends[n][0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		ends[n][1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(ends[n][1], (struct sockaddr *)&there, sizeof(there)))
			shutdown(ends[n][0], SHUT_RDWR);
		atomic_store(&count, n + 1);
		pthread_create(&thread, NULL, carry, ends[n]);
		pthread_detach(thread);
	}
	return data;
}

void proxy_start(const char *at, const char *to)
{
	struct sockaddr_un here = { .sun_family = AF_UNIX };
	pthread_t thread;

	strncpy(here.sun_path, at, sizeof(here.sun_path) - 1);
	strncpy(there.sun_path, to, sizeof(there.sun_path) - 1);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(at);
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) || listen(listener, 16))
		assert(!"no socket");
	pthread_create(&thread, NULL, take, NULL);
	pthread_detach(thread);
}

unsigned int proxy_count(void)
{
	return atomic_load(&count);
}

void proxy_cut(unsigned int number)
{
	shutdown(ends[number][0], SHUT_RDWR);
}
