/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A source and its model side by side, and how they are compared.
 */
#ifndef _ZXPAGER_KUNIT_REQUEST_PAIR_H
#define _ZXPAGER_KUNIT_REQUEST_PAIR_H

#include "kunit.h"
#include "request_model.h"

/* What a task does with its request. */
enum zxp_slot_state { IDLE, WAITING, HELD };

/* Readers of former generations that have not come to their end. */
#define ZXP_LATE	4

/**
 * struct zxp_request_pair - the same source twice
 * @port: its port, and one that it may get
 * @source: as it is
 * @epoch: of its generation
 * @picked: what a reader has, if the model says so
 * @late: what readers of former generations have
 * @nr_late: how many of them
 * @request: of the tasks, as they are
 * @state: what they are used for
 * @model: as it should be
 * @dice: what happens
 * @step: the last operation, for the log
 */
struct zxp_request_pair {
	struct zxp_port *port[2];
	struct zxp_source *source;
	unsigned long epoch;
	struct zxp_picked picked;
	struct zxp_picked late[ZXP_LATE];
	unsigned int nr_late;
	struct zxp_request request[ZXP_ASKED_TASKS];
	enum zxp_slot_state state[ZXP_ASKED_TASKS];
	struct zxp_request_model model;
	struct rnd_state dice;
	struct {
		unsigned int what;
		unsigned int nr;
		unsigned int start;
		unsigned int end;
		int error;
	} step;
};

/* request_same.c */
bool zxp_same_source(const struct zxp_request_pair *pair);

#endif /* _ZXPAGER_KUNIT_REQUEST_PAIR_H */
