/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The XML namespaces in force at one place of a document. GMarkup knows none. */

typedef struct {
	GArray *bindings; /* Binding, the innermost last */
} HostlerScope;

typedef struct {
	const char *local; /* without a prefix that is bound, else the name as it stands */
	const char *uri;   /* NULL: in no namespace. Owned by the scope */
	gboolean prefixed;
	guint declared;    /* depth of the element that declared `uri`; 0: none did */
} HostlerScopedName;

void hostler_scope_init(HostlerScope *scope);
void hostler_scope_clear(HostlerScope *scope);

gboolean hostler_scope_is_declaration(const char *attribute);
/* Takes up the xmlns attributes of an element at `depth`. FALSE: more are in
 * force than any document needs. */
gboolean hostler_scope_enter(HostlerScope *scope, guint depth, const char **names, const char **values);
/* Forgets what elements at `depth` and below declared. */
void hostler_scope_leave(HostlerScope *scope, guint depth);

HostlerScopedName hostler_scope_resolve(const HostlerScope *scope, const char *name);
