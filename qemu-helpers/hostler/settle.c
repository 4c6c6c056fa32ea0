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

typedef struct {
	GPtrArray *left_alone; /* HostlerRecord, a claim: libvirt is about to release it */
	GPtrArray *not_back;   /* the same: the kernel holds it, or it could not be returned */
} Rest;

static void rest_clear(Rest *rest)
{
	g_ptr_array_unref(rest->left_alone);
	g_ptr_array_unref(rest->not_back);
}

static Rest find_rest(HostlerHost *host)
{
	g_autoptr(GPtrArray) claims = hostler_records_load(host, HOSTLER_RECORD_CLAIM);
	Rest rest = {
		.left_alone = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_record_free),
		.not_back = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_record_free),
	};

	while (claims->len > 0) {
		HostlerRecord *claim = g_ptr_array_steal_index(claims, 0);

		if (hostler_record_in_grace(host, claim))
			g_ptr_array_add(rest.left_alone, claim);
		else if (claim->phase == HOSTLER_PHASE_ENDED || claim->phase == HOSTLER_PHASE_STUCK)
			g_ptr_array_add(rest.not_back, claim);
		else
			hostler_record_free(claim);
	}
	return rest;
}

static void say_each(const Paper *paper, const GPtrArray *claims, const char *what)
{
	for (guint i = 0; i < claims->len; i++) {
		const HostlerRecord *claim = g_ptr_array_index(claims, i);
		g_autofree char *name = paper_text(claim->name);
		g_autofree char *text = g_strdup_printf("%s of VM '%s' %s\n", claim->key, name, what);

		paper_print(paper, INK_PLAIN, 0, text);
	}
}

static void say_rest(const Paper *paper, const Rest *rest)
{
	say_each(paper, rest->left_alone,
		 "goes back when libvirt has released it, or half a minute after the VM's end");
	say_each(paper, rest->not_back, "is not back; see why: hostler status");
}

static void add_keys(JsonBuilder *builder, const char *name, const GPtrArray *claims)
{
	json_builder_set_member_name(builder, name);
	json_builder_begin_array(builder);
	for (guint i = 0; i < claims->len; i++)
		json_builder_add_string_value(builder, ((const HostlerRecord *)g_ptr_array_index(claims, i))->key);
	json_builder_end_array(builder);
}

static void print_json(const Paper *paper, const Rest *rest)
{
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

	json_builder_begin_object(builder);
	json_add_truth(builder, "settled", rest->not_back->len == 0);
	add_keys(builder, "left_alone", rest->left_alone);
	add_keys(builder, "not_back", rest->not_back);
	json_builder_end_object(builder);
	paper_print_json(paper, builder);
}

int command_settle(HostlerHost *host, const Request *request, GError **error)
{
	Paper paper = paper_open();
	Rest rest;

	if (request->config_error != NULL)
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(request->config_error), NULL,
			    "%s; going on with the defaults", request->config_error->message);
	if (request->wait)
		settle_until_over(host);
	else
		settle_now(host);
	rest = find_rest(host);
	if (request->json)
		print_json(&paper, &rest);
	else
		say_rest(&paper, &rest);
	rest_clear(&rest);
	return EXIT_FINE;
}
