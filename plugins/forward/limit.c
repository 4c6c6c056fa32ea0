/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of elements: counters and limits. Pure. */
#include "plugins/forward/limit.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* As nft has it: so many may come at once before the rate counts. */
#define BURST 5

static const struct {
	char letter;
	guint64 seconds;
} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 60 * 60 }, { 'd', 24 * 60 * 60 } };

struct nftnl_expr *forward_counter_new(const ForwardElement *element)
{
	struct nftnl_expr *expr = nftnl_expr_alloc("counter");

	nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_PACKETS, element->connections);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_BYTES, element->bytes);
	return expr;
}

static guint64 unit_of(const char *rate)
{
	const char *slash = strchr(rate, '/');

	for (gsize i = 0; slash != NULL && i < G_N_ELEMENTS(units); i++) {
		if (slash[1] == units[i].letter)
			return units[i].seconds;
	}
	return 1;
}

struct nftnl_expr *forward_limit_new(const ForwardElement *element)
{
	struct nftnl_expr *expr = nftnl_expr_alloc("limit");

	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, g_ascii_strtoull(element->rate, NULL, 10));
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, unit_of(element->rate));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, BURST);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	return expr;
}

static void read_limit(struct nftnl_expr *expr, ForwardElement *element)
{
	guint64 unit = nftnl_expr_get_u64(expr, NFTNL_EXPR_LIMIT_UNIT);

	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		if (units[i].seconds == unit)
			g_snprintf(element->rate, sizeof(element->rate), "%" G_GUINT64_FORMAT "/%c",
				   nftnl_expr_get_u64(expr, NFTNL_EXPR_LIMIT_RATE), units[i].letter);
	}
}

int forward_limit_read(struct nftnl_expr *expr, void *data)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	ForwardElement *element = data;

	if (g_str_equal(name, "counter")) {
		element->connections = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_PACKETS);
		element->bytes = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_BYTES);
	} else if (g_str_equal(name, "limit")) {
		read_limit(expr, element);
	}
	return 0;
}
