/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which namespace a name is in: xmlns declarations, followed from the root. */

#include "core/scope.h"

#include <string.h>

#define MAX_BINDINGS 32 /* bounds the search for a prefix, which any element may cause */
#define XMLNS "xmlns"

typedef struct {
	char *prefix; /* "": the default namespace */
	char *uri;    /* "": taken back */
	guint depth;
} Binding;

static void clear_binding(gpointer data)
{
	Binding *binding = data;

	g_free(binding->prefix);
	g_free(binding->uri);
}

void hostler_scope_init(HostlerScope *scope)
{
	scope->bindings = g_array_new(FALSE, FALSE, sizeof(Binding));
	g_array_set_clear_func(scope->bindings, clear_binding);
}

void hostler_scope_clear(HostlerScope *scope)
{
	g_clear_pointer(&scope->bindings, g_array_unref);
}

gboolean hostler_scope_is_declaration(const char *attribute)
{
	return g_str_has_prefix(attribute, XMLNS) &&
		(attribute[strlen(XMLNS)] == '\0' || attribute[strlen(XMLNS)] == ':');
}

gboolean hostler_scope_enter(HostlerScope *scope, guint depth, const char **names, const char **values)
{
	for (gsize i = 0; names[i] != NULL; i++) {
		Binding binding = {.depth = depth};

		if (!hostler_scope_is_declaration(names[i]))
			continue;
		if (scope->bindings->len >= MAX_BINDINGS)
			return FALSE;
		binding.prefix = g_strdup(names[i][strlen(XMLNS)] == ':' ? names[i] + strlen(XMLNS) + 1 : "");
		binding.uri = g_strdup(values[i]);
		g_array_append_val(scope->bindings, binding);
	}
	return TRUE;
}

void hostler_scope_leave(HostlerScope *scope, guint depth)
{
	guint kept = scope->bindings->len;

	while (kept > 0 && g_array_index(scope->bindings, Binding, kept - 1).depth >= depth)
		kept--;
	if (kept < scope->bindings->len)
		g_array_set_size(scope->bindings, kept);
}

static const Binding *find_binding(const HostlerScope *scope, const char *prefix, gsize length)
{
	for (guint i = scope->bindings->len; i > 0; i--) {
		const Binding *binding = &g_array_index(scope->bindings, Binding, i - 1);

		if (strncmp(binding->prefix, prefix, length) == 0 && binding->prefix[length] == '\0')
			return binding;
	}
	return NULL;
}

HostlerScopedName hostler_scope_resolve(const HostlerScope *scope, const char *name)
{
	const char *colon = strchr(name, ':');
	const Binding *binding = find_binding(scope, name, colon != NULL ? (gsize)(colon - name) : 0);
	HostlerScopedName scoped = {.local = name, .prefixed = colon != NULL};

	/* A prefix that nobody declared is part of the name, as for libxml2. */
	if (binding == NULL || binding->uri[0] == '\0')
		return scoped;
	scoped.local = colon != NULL ? colon + 1 : name;
	scoped.uri = binding->uri;
	scoped.declared = binding->depth;
	return scoped;
}
