/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler settle: what hooks do in passing, in full. Also what a child does
 * that the kernel held on a device and that came back. */
#include "command.h"
#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/record.h"
#include "paper.h"
#include "qemu-helpers/json/ascii.h"
#include "settle-wait.h"

/* --- what is still to come --- */

static void say_left_alone(const Paper *paper, const GPtrArray *claims)
{
	for (guint i = 0; i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);
		g_autofree char *name = paper_text(claim->name);
		g_autofree char *text = NULL;

		text = g_strdup_printf("%s of VM '%s' goes back when libvirt has released it, or half a minute after "
				       "the VM's end\n", claim->key, name);
		paper_print(paper, INK_PLAIN, 0, text);
	}
}

static void print_json(const Paper *paper, const GPtrArray *claims)
{
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

	json_builder_begin_object(builder);
	json_add_truth(builder, "settled", TRUE);
	json_builder_set_member_name(builder, "left_alone");
	json_builder_begin_array(builder);
	for (guint i = 0; i < claims->len; i++)
		json_builder_add_string_value(builder, ((const HostlerRecord *)g_ptr_array_index(claims, i))->key);
	json_builder_end_array(builder);
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}

static GPtrArray *claims_in_grace(HostlerHost *host)
{
	GPtrArray *claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);

	for (guint i = claims->len; i > 0; i--) {
		if (!hostler_record_in_grace(host, g_ptr_array_index(claims, i - 1)))
			g_ptr_array_remove_index(claims, i - 1);
	}
	return claims;
}

int command_settle(HostlerHost *host, const Request *request, GError **error)
{
	g_autoptr(GPtrArray) left_alone = NULL;
	Paper paper = paper_open();

	if (request->config_error != NULL)
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(request->config_error), NULL,
			    "%s; going on with the defaults", request->config_error->message);
	if (request->wait)
		settle_until_over(host);
	else
		settle_now(host);
	left_alone = claims_in_grace(host);
	if (request->json)
		print_json(&paper, left_alone);
	else
		say_left_alone(&paper, left_alone);
	return EXIT_FINE;
}
