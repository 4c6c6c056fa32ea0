/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "paper.h"

/* "disks" or "nics" of a run's figures, and below each what it came to in the runs before. */
void run_print_devices(const Paper *paper, JsonObject *figures, const char *section);
/* Whether it is known of any disk how the times of its requests were spread. */
gboolean run_has_percentiles(JsonObject *figures);

/* "2026-11-23 05:06 UTC", to be freed; NULL: there is no such time. */
char *run_say_time(JsonObject *object, const char *name);
