/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_WIRE_H
#define ZXD_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "keep.h"

struct held;

/*
 * struct worker - the one there is, if @pid is not 0
 * @told: so much of what is held it was told, @is_told all
 * @left, @stops: it was told to leave, and how many signals ask for the end
 * @killed: it is told nothing any more
 * @answer: has no room yet, if @has_answer: until then nothing more is taken from it
 */
struct worker {
	pid_t pid;
	int sock;
	unsigned int told;
	bool is_told;
	bool left;
	unsigned int stops;
	bool killed;
	bool has_answer;
	struct keep_message answer;
};

extern struct worker worker;

/* It has ended, or cannot be told anything any more; its pid is this process's until reaped. */
void wire_hang_up(void);

/* The same of one that has sent @flaw. */
void wire_kill(const char *flaw);

/* False if it does not know yet. */
bool wire_tell(const struct keep_message *message, int fd);

/* All that is held, that this is all, and how many workers were @before. */
void wire_tell_held(const struct held *held, unsigned int stops, unsigned int before);

/* Signals that came since, if it has to know. */
void wire_tell_news(unsigned int stops, bool leave_wanted);
bool wire_has_news(unsigned int stops, bool leave_wanted);

/* What it has asked for has been done, if the service manager has done its part. */
void wire_answer(uint64_t now_ms);

#endif /* ZXD_WIRE_H */
