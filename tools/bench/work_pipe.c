// SPDX-License-Identifier: GPL-2.0
/*
 * pipe: a byte there and a byte back, which is the floor of all that asks a daemon.
 */
#include <math.h>

#include "peer.h"

static void run_pipe(void)
{
	unsigned int i, n = times(512, 2048, 5000);
	struct samples s = { 0 };
	struct pipe_pair *p = pipe_open();
	uint64_t start;

	for (i = 0; i < n / 8; i++)
		pipe_round_trip(p);
	for (i = 0; i < n; i++) {
		start = now();
		pipe_round_trip(p);
		sample_since(&s, start, 1);
	}
	pipe_close(p);
	emit("pipe.pipe", NAN, "ns", &s);
	emit_p99("pipe.pipe", NAN, "ns", &s);
	sample_free(&s);
}

ZXB_WORK(pipe, "a byte to another thread and back", run_pipe)
