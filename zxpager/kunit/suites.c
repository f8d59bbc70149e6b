// SPDX-License-Identifier: GPL-2.0
/*
 * The list of suites, what the random ones are told, and when they run.
 *
 * They run when the module is live, so that they can open the device. Where KUnit
 * would run them before module_init() they are kept from it, and run by a notifier
 * of our own.
 */
#include <linux/module.h>
#include <linux/random.h>

#include "kunit.h"

static ulong kunit_seed;
module_param(kunit_seed, ulong, 0444);
MODULE_PARM_DESC(kunit_seed, "seed of the random KUnit cases (default 0: any)");

/* What a slow kernel does of the million is still enough to be worth it. */
static ulong kunit_operations = IS_ENABLED(CONFIG_KASAN) ? 100000 : 1000000;
module_param(kunit_operations, ulong, 0444);
MODULE_PARM_DESC(kunit_operations,
		 "operations of the random KUnit cases, all together");

/* Dice whose seed is in the log. */
void zxp_kunit_dice(struct kunit *test, struct rnd_state *dice)
{
	u64 seed = kunit_seed ?: get_random_u32();

	kunit_info(test, "kunit_seed=%llu\n", seed);
	prandom_seed_state(dice, seed);
}

/* The part of all operations that one case is to do. */
unsigned long zxp_kunit_operations(unsigned int percent)
{
	return max(kunit_operations / 100 * percent, 1UL);
}

#if !ZXP_KUNIT_RUNS_EARLY

kunit_test_suites(&zxp_abi_suite, &zxp_port_suite, &zxp_post_suite,
		  &zxp_request_suite, &zxp_request_wait_suite, &zxp_request_end_suite,
		  &zxp_request_hint_suite, &zxp_request_random_suite,
		  &zxp_move_suite, &zxp_sync_suite, &zxp_sync_signal_suite,
		  &zxp_zero_suite, &zxp_zero_random_suite,
		  &zxp_layer_suite, &zxp_layer_before_suite, &zxp_layer_gather_suite,
		  &zxp_layer_sharers_suite, &zxp_layer_random_suite,
		  &zxp_vmo_suite, &zxp_vmo_close_suite, &zxp_vmo_dirty_suite,
		  &zxp_vmo_random_suite, &zxp_query_random_suite);

int zxp_kunit_init(void)
{
	return 0;
}

void zxp_kunit_exit(void)
{
}

#else

static struct kunit_suite *zxp_suites[] = {
	&zxp_abi_suite, &zxp_port_suite, &zxp_post_suite,
	&zxp_request_suite, &zxp_request_wait_suite, &zxp_request_end_suite,
	&zxp_request_hint_suite, &zxp_request_random_suite,
	&zxp_move_suite, &zxp_sync_suite, &zxp_sync_signal_suite,
	&zxp_zero_suite, &zxp_zero_random_suite,
	&zxp_layer_suite, &zxp_layer_before_suite, &zxp_layer_gather_suite,
	&zxp_layer_sharers_suite, &zxp_layer_random_suite,
	&zxp_vmo_suite, &zxp_vmo_close_suite, &zxp_vmo_dirty_suite,
	&zxp_vmo_random_suite, &zxp_query_random_suite,
};

static bool zxp_suites_ran;

/* Of the first suite, so it is not called if KUnit is disabled. */
static int zxp_kunit_announce(struct kunit_suite *suite)
{
	pr_info("KTAP version 1\n");
	pr_info("1..%zu\n", ARRAY_SIZE(zxp_suites));
	return 0;
}

static int zxp_kunit_notify(struct notifier_block *nb, unsigned long state,
			    void *module)
{
	if (module == THIS_MODULE && state == MODULE_STATE_LIVE) {
		zxp_suites[0]->suite_init = zxp_kunit_announce;
		zxp_suites_ran = true;
		__kunit_test_suites_init(zxp_suites, ARRAY_SIZE(zxp_suites));
	}
	return NOTIFY_DONE;
}

static struct notifier_block zxp_kunit_nb = {
	.notifier_call = zxp_kunit_notify,
};

int zxp_kunit_init(void)
{
	return register_module_notifier(&zxp_kunit_nb);
}

void zxp_kunit_exit(void)
{
	unregister_module_notifier(&zxp_kunit_nb);
	if (zxp_suites_ran)
		__kunit_test_suites_exit(zxp_suites, ARRAY_SIZE(zxp_suites));
}

#endif
