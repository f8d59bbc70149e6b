// SPDX-License-Identifier: GPL-2.0
/*
 * Threads, for calls that may take their time.
 */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "thread.h"

/*
 * Connecting to an NBD server takes libnbd 18 KiB with the name of the host looked up and TLS,
 * and who has a READ has less than 8 until it gets to libnbd; who looks up names may be a
 * module of some other origin, so there is room for more.  Not for much more: there may be
 * more than a hundred of them, and with --mlock all of it is in memory.
 */
#define STACK_SIZE	(256u << 10)

int thread_start(void *(*run)(void *arg), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int error;

	/* Signals are for the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}
