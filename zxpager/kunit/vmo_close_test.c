// SPDX-License-Identifier: GPL-2.0
/*
 * A pager, a port, a VMO and its mapping are closed, in all orders.
 */
#include <linux/file.h>
#include <linux/module.h>

#include "world.h"

/* Numbers of files in the world. */
enum { VMO, PORT };

struct zxp_order {
	const char *name;
	/* The same, with a client that waits for the daemon. */
	bool waits;
};

/* P: pager, p: port, V: the descriptor of the VMO, M: its mapping. */
static const struct zxp_order zxp_orders[] = {
	{ "PpVM" }, { "PpMV" }, { "PVpM" }, { "PVMp" }, { "PMpV" }, { "PMVp" },
	{ "pPVM" }, { "pPMV" }, { "pVPM" }, { "pVMP" }, { "pMPV" }, { "pMVP" },
	{ "VPpM" }, { "VPMp" }, { "VpPM" }, { "VpMP" }, { "VMPp" }, { "VMpP" },
	{ "MPpV" }, { "MPVp" }, { "MpPV" }, { "MpVP" }, { "MVPp" }, { "MVpP" },
	{ "PpVM, waiting", true }, { "pPVM, waiting", true },
	{ "VPpM, waiting", true }, { "VpPM, waiting", true },
};

static void zxp_order_name(const struct zxp_order *order, char *desc)
{
	strscpy(desc, order->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zxp_order, zxp_orders, zxp_order_name);

/* The next one is closed. */
static void zxp_close_one(struct zxp_world *w, char which)
{
	switch (which) {
	case 'P':
		zxp_world_close_pager(w);
		break;
	case 'p':
		zxp_world_close(w, PORT);
		break;
	case 'V':
		zxp_world_close(w, VMO);
		break;
	case 'M':
		zxp_world_unmap(w, 0);
		break;
	}
}

/* What is mapped and has content can be read, whatever else is closed. */
static void zxp_close_check(struct kunit *test)
{
	struct zxp_world *w = test->priv;
	u8 byte;

	if (!w->map[0])
		return;
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 0, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0x11);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 1, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0x22);
	/* What is missing is out of reach when nobody can answer any more. */
	if (!w->pager)
		KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 3, NULL),
				(long)-EFAULT);
}

/*
 * COMPLETE comes with the end of the VMO, as long as there is somebody to tell; it has
 * been read from the port when that is so.
 */
static bool zxp_close_completes(struct kunit *test)
{
	struct zxp_world *w = test->priv;

	if (!w->pager || !w->file[PORT] || w->file[VMO] || w->map[0])
		return false;
	return zxp_world_next_is(test, w->file[PORT], ZXP_PACKET_COMPLETE, 0, 0);
}

/* Was there somebody to tell when the VMO went? */
static bool zxp_order_completes(const char *order)
{
	const char *vmo = max(strchr(order, 'V'), strchr(order, 'M'));

	return strchr(order, 'P') > vmo && strchr(order, 'p') > vmo;
}

static void zxp_closes_in_any_order(struct kunit *test)
{
	const struct zxp_order *order = test->param_value;
	struct zxp_client *client = NULL;
	struct zxp_world *w = test->priv;
	bool completed = false;
	u8 byte = 0x22;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, zxp_world_create_port(w, PORT), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_create(w, VMO, 0, 0, PORT, 4), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_map(w, 0, VMO, 4), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, VMO, 0, 2, 0x11), 0);
	KUNIT_ASSERT_EQ(test, zxp_client_do(test, PWRITE, VMO, 1, &byte), 0L);
	if (order->waits) {
		client = zxp_client_start(test, LOAD, 0, 3, 0);
		KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, VMO, 1));
	}

	for (i = 0; i < 4; i++) {
		zxp_close_one(w, order->name[i]);
		/* A waiter has nothing to wait for without the pager. */
		if (client && order->name[i] == 'P') {
			KUNIT_EXPECT_EQ(test, zxp_client_end(test, client),
					(long)-EFAULT);
			client = NULL;
		}
		if (!client)
			zxp_close_check(test);
		completed |= zxp_close_completes(test);
	}
	KUNIT_EXPECT_EQ(test, completed, zxp_order_completes(order->name));
}

static void zxp_close_two_vmos_of_a_port(struct kunit *test)
{
	struct zxp_world *w = test->priv;

	KUNIT_ASSERT_EQ(test, zxp_world_create_port(w, PORT), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_create(w, VMO, 0, 0, PORT, 4), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_create(w, 2, 0, 0, PORT, 4), 0);
	zxp_world_close(w, 2);
	KUNIT_EXPECT_TRUE(test, zxp_world_next_is(test, w->file[PORT],
						  ZXP_PACKET_COMPLETE, 0, 0));
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->file[PORT]));
	/* An unread COMPLETE is withdrawn when its pager closes. */
	zxp_world_detach(w, VMO);
	zxp_world_close_pager(w);
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->file[PORT]));
}

/* A port closes with packets in it; the VMO goes on being answered. */
static void zxp_close_a_port_with_packets(struct kunit *test)
{
	struct zxp_world *w = test->priv;
	struct zxp_client *client;

	KUNIT_ASSERT_EQ(test, zxp_world_create_port(w, PORT), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_create(w, VMO, 0, 0, PORT, 4), 0);
	client = zxp_client_start(test, PREAD, VMO, 2, 0);
	KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, VMO, 1));
	zxp_world_close(w, PORT);
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, VMO, 0, 4, 0x55), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), 0L);
	KUNIT_EXPECT_EQ(test, client->byte, (u8)0x55);
}

#ifdef CONFIG_MODULE_UNLOAD
/* Whatever is made holds the module, and only as long as it is there. */
static void zxp_close_gives_the_module_back(struct kunit *test)
{
	struct zxp_world *w = test->priv;
	int before;

	zxp_world_close_pager(w);
	flush_delayed_fput();
	before = module_refcount(THIS_MODULE);
	KUNIT_ASSERT_EQ(test, zxp_world_open_pager(w), 0);
	KUNIT_EXPECT_GT(test, module_refcount(THIS_MODULE), before);
	KUNIT_ASSERT_EQ(test, zxp_world_create_port(w, PORT), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_create(w, VMO, 0, 0, PORT, 4), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_map(w, 0, VMO, 4), 0);
	zxp_world_close_pager(w);
	zxp_world_close(w, PORT);
	zxp_world_close(w, VMO);
	KUNIT_EXPECT_GT(test, module_refcount(THIS_MODULE), before);
	zxp_world_unmap(w, 0);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_poll(module_refcount(THIS_MODULE) ==
					       before));
}
#endif

static struct kunit_case zxp_vmo_close_cases[] = {
	KUNIT_CASE_PARAM(zxp_closes_in_any_order, zxp_order_gen_params),
	KUNIT_CASE(zxp_close_two_vmos_of_a_port),
	KUNIT_CASE(zxp_close_a_port_with_packets),
#ifdef CONFIG_MODULE_UNLOAD
	KUNIT_CASE(zxp_close_gives_the_module_back),
#endif
	{}
};

struct kunit_suite zxp_vmo_close_suite = {
	.name = "zxpager_vmo_close",
	.suite_init = zxp_world_suite_init,
	.suite_exit = zxp_world_suite_exit,
	.init = zxp_world_init,
	.exit = zxp_world_exit,
	.test_cases = zxp_vmo_close_cases,
};
