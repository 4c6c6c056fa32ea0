/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* Members of an object that anybody may have written: one of another type is as
 * good as none. All are borrowed from the object, which may be NULL. */

const char *json_text(JsonObject *object, const char *name);                   /* or NULL */
double json_number(JsonObject *object, const char *name, double fallback);     /* finite */
JsonObject *json_part(JsonObject *object, const char *name);                   /* or NULL */
/* The objects in an array, in their order; never NULL. */
GPtrArray *json_items(JsonObject *object, const char *name);
