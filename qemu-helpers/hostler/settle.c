/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler settle: what every hook does at its end, by hand. Also what a child does
 * that the kernel held on a device and that came back. */
#include "command.h"
#include "core/lifecycle.h"
#include "hostler/error.h"
#include "hostler/log.h"
#include "paper.h"
#include "qemu-helpers/json/ascii.h"

int command_settle(HostlerHost *host, const Request *request, GError **error)
{
	Paper paper = paper_open();

	if (request->config_error != NULL)
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(request->config_error), NULL,
			    "%s; going on with the defaults", request->config_error->message);
	if (!hostler_lifecycle_settle(host, error))
		return EXIT_COULD_NOT;
	if (request->json) {
		g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

		json_builder_begin_object(builder);
		json_add_truth(builder, "settled", TRUE);
		json_builder_end_object(builder);
		paper_print_json(&paper, builder);
	}
	return EXIT_FINE;
}
