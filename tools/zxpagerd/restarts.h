/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_RESTARTS_H
#define ZXD_RESTARTS_H

#include <stdbool.h>
#include <stdint.h>

#define RESTARTS_OVER	UINT64_MAX

/*
 * struct restarts - when a worker that has died is started again
 * @quick_ms: who has served for less has died quickly
 * @serve_ms: who does not serve by then is not waited for any longer; 0: for ever
 * @begun: when it was started
 * @since: it has served since then, if @serves
 * @quick: so many in a row have died quickly
 */
struct restarts {
	uint64_t quick_ms;
	uint64_t serve_ms;
	uint64_t begun;
	uint64_t since;
	bool serves;
	unsigned int quick;
};

/* A worker was started; and has begun to serve. */
void restarts_begun(struct restarts *r, uint64_t now_ms);
void restarts_serves(struct restarts *r, uint64_t now_ms);

/* When it is to serve at the latest, or UINT64_MAX. */
uint64_t restarts_serves_by(const struct restarts *r);

/* For so long that it is no quick death, if it is one. */
bool restarts_has_served(const struct restarts *r, uint64_t now_ms);

/* It has left, which is no death; what died before it has, if it has served for so long. */
void restarts_left(struct restarts *r, uint64_t now_ms);

/* It has died: in so many milliseconds there is to be another one, or RESTARTS_OVER. */
uint64_t restarts_died(struct restarts *r, uint64_t now_ms);

#endif /* ZXD_RESTARTS_H */
