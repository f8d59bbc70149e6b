// SPDX-License-Identifier: MIT
/*
 * zx_object_wait_one() and zx_object_wait_many(): calls that wait for signals.
 */
#include <time.h>

#include "base.h"
#include "signals.h"
#include "table.h"

/* Locked.  Until something was seen; TIMED_OUT when @deadline is over. */
static zx_status_t sleep_until(struct zxi_waiter *waiter, zx_time_t deadline)
{
	const struct timespec until = {
		.tv_sec = deadline / ZX_SEC(1),
		.tv_nsec = deadline % ZX_SEC(1),
	};

	while (!waiter->woken) {
		if (deadline == ZX_TIME_INFINITE)
			zxi_table_wait(&waiter->cond, NULL);
		else if (deadline <= 0 || !zxi_table_wait(&waiter->cond, &until))
			break;
	}
	return waiter->woken ? ZX_OK : ZX_ERR_TIMED_OUT;
}

/* What is there now is seen though the time is over. */
static zx_status_t wait(struct zxi_observer *observers, size_t n, zx_time_t deadline)
{
	struct zxi_waiter waiter = {
		.cond = PTHREAD_COND_INITIALIZER, .thread = pthread_self(),
	};
	zx_status_t status = ZX_OK;
	zx_signals_t seen = 0;
	size_t begun;

	zxi_table_lock();
	for (begun = 0; begun < n && status == ZX_OK; begun++) {
		observers[begun].waiter = &waiter;
		status = zxi_observe(&observers[begun]);
	}
	if (status == ZX_OK)
		status = sleep_until(&waiter, deadline);
	for (size_t i = 0; i < begun; i++) {
		zxi_observe_end(&observers[i]);
		seen |= observers[i].observed;
	}
	/* The last look may have seen it. */
	if (status == ZX_ERR_TIMED_OUT && waiter.woken)
		status = ZX_OK;
	zxi_table_unlock();
	pthread_cond_destroy(&waiter.cond);
	return status == ZX_OK && (seen & ZX_SIGNAL_HANDLE_CLOSED) ? ZX_ERR_CANCELED :
								      status;
}

/* Whether a wait was begun with this status, so that there is something to tell. */
static bool was_begun(zx_status_t status)
{
	return status == ZX_OK || status == ZX_ERR_TIMED_OUT || status == ZX_ERR_CANCELED;
}

static __attribute__((__noinline__)) zx_status_t wait_for_one(zx_handle_t handle,
								zx_signals_t signals,
								zx_time_t deadline,
							zx_signals_t *observed)
{
	struct zxi_observer observer = { .handle = handle, .signals = signals };
	zx_status_t status = zxi_check_wait(handle), told = ZX_OK;

	if (status != ZX_OK)
		return status;
	status = wait(&observer, 1, deadline);
	if (was_begun(status) && observed)
		told = zxi_copy_out(observed, &observer.observed, sizeof(*observed));
	return told == ZX_OK ? status : told;
}

/* The signals of an object if that needs neither the lock nor the kernel. */
static ZXI_INLINE bool are_known(zx_handle_t handle, zx_signals_t *signals)
{
	struct zxi_slot *slot = zxi_fd_slot(handle);
	struct zxi_object *object;
	zx_obj_type_t type;
	bool known;

	if (!zxi_try_get_any(slot, handle, ZX_RIGHT_WAIT, &type))
		return false;
	object = slot->object;
	known = object && zxi_signals_own(object);
	if (known)
		*signals = object->signals;
	zxi_put_slot(slot, (int)zxi_fd_of(handle));
	return known;
}

zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals,
			       zx_time_t deadline, zx_signals_t *observed)
{
	zx_signals_t now;

	if (!zxi_is_beside(observed, sizeof(*observed)) || !are_known(handle, &now) ||
	    (!(now & signals) && deadline > 0))
		return wait_for_one(handle, signals, deadline, observed);
	*observed = now;
	return now & signals ? ZX_OK : ZX_ERR_TIMED_OUT;
}

zx_status_t zx_object_wait_many(zx_wait_item_t *items, size_t num_items,
				zx_time_t deadline)
{
	struct zxi_observer observers[ZX_WAIT_MANY_MAX_ITEMS];
	zx_wait_item_t item[ZX_WAIT_MANY_MAX_ITEMS];
	zx_status_t status, told = ZX_OK;

	if (!num_items) {
		zx_nanosleep(deadline);
		return ZX_ERR_TIMED_OUT;
	}
	if (num_items > ZX_WAIT_MANY_MAX_ITEMS)
		return ZX_ERR_OUT_OF_RANGE;
	status = zxi_copy_in(item, items, num_items * sizeof(item[0]));
	for (size_t i = 0; i < num_items && status == ZX_OK; i++) {
		observers[i] = (struct zxi_observer){
			.handle = item[i].handle, .signals = item[i].waitfor,
		};
		status = zxi_check_wait(item[i].handle);
	}
	if (status != ZX_OK)
		return status;
	status = wait(observers, num_items, deadline);
	if (was_begun(status)) {
		for (size_t i = 0; i < num_items; i++)
			item[i].pending = observers[i].observed;
		told = zxi_copy_out(items, item, num_items * sizeof(item[0]));
	}
	return told == ZX_OK ? status : told;
}
