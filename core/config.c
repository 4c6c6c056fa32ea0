/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler.conf: key files, read line by line, because GKeyFile forgets on which
 * line a key was and lets the last of two win. */

#include "core/config.h"

#include <string.h>

#include "hostler/error.h"
#include "hostler/text.h"

typedef enum {
	KIND_NUMBER, /* a guint */
	KIND_TRUTH,  /* a gboolean */
	KIND_PATH,   /* char[HOSTLER_CONFIG_PATH_BYTES], empty unless it is set */
} Kind;

typedef struct {
	const char *group;
	const char *key;
	Kind kind;
	gsize offset;   /* in HostlerConfig */
	guint fallback; /* of a number or a truth, */
	guint min;      /* of a number alone */
	guint max;
} Option;

static const Option options[] = {
	{"hooks", "deadline", KIND_NUMBER, G_STRUCT_OFFSET(HostlerConfig, hook_deadline), 20, 5, 300},
	{"forward", "loopback", KIND_TRUTH, G_STRUCT_OFFSET(HostlerConfig, forward_loopback), FALSE, 0, 0},
	{"metrics", "interval", KIND_NUMBER, G_STRUCT_OFFSET(HostlerConfig, metrics_interval), 10, 1, 3600},
	{"metrics", "enabled", KIND_TRUTH, G_STRUCT_OFFSET(HostlerConfig, metrics_enabled), TRUE, 0, 0},
	{"metrics", "rtt", KIND_TRUTH, G_STRUCT_OFFSET(HostlerConfig, metrics_rtt), TRUE, 0, 0},
	{"metrics", "log_size", KIND_NUMBER, G_STRUCT_OFFSET(HostlerConfig, metrics_log_size), 16, 1, 1024},
	{"metrics", "prometheus", KIND_PATH, G_STRUCT_OFFSET(HostlerConfig, metrics_prometheus), 0, 0, 0},
};

typedef struct {
	HostlerConfig *config;
	const char *file;
	guint line;
	char *group;                        /* NULL before the first */
	guint seen[G_N_ELEMENTS(options)]; /* the line that set it; 0: none */
} Reader;

static gboolean fail(const Reader *reader, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean fail(const Reader *reader, GError **error, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CONFIG, "%s, line %u: %s", reader->file, reader->line,
		    message);
	return FALSE;
}

static void set_number(HostlerConfig *config, const Option *option, guint number)
{
	G_STRUCT_MEMBER(guint, config, option->offset) = number;
}

static void set_truth(HostlerConfig *config, const Option *option, gboolean truth)
{
	G_STRUCT_MEMBER(gboolean, config, option->offset) = truth;
}

static void set_path(HostlerConfig *config, const Option *option, const char *path)
{
	g_strlcpy(G_STRUCT_MEMBER_P(config, option->offset), path, HOSTLER_CONFIG_PATH_BYTES);
}

static void set_default(HostlerConfig *config, const Option *option)
{
	switch (option->kind) {
	case KIND_NUMBER:
		set_number(config, option, option->fallback);
		break;
	case KIND_TRUTH:
		set_truth(config, option, option->fallback != 0);
		break;
	case KIND_PATH:
		set_path(config, option, "");
		break;
	}
}

static void set_defaults(HostlerConfig *config)
{
	for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
		set_default(config, &options[i]);
}

/* "; did you mean …?" for a group, or for a key of `group`. */
static char *suggest(const char *word, const char *group)
{
	const char *names[G_N_ELEMENTS(options) + 1] = {NULL};
	const char *nearest;
	g_autofree char *all = NULL;
	gsize n = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
		if (group != NULL && g_str_equal(options[i].group, group))
			names[n++] = options[i].key;
		else if (group == NULL && (n == 0 || !g_str_equal(names[n - 1], options[i].group)))
			names[n++] = options[i].group;
	}
	nearest = hostler_text_nearest(word, names);
	if (nearest != NULL)
		return g_strdup_printf("did you mean '%s'?", nearest);
	all = g_strjoinv(", ", (char **)(gpointer)names);
	return g_strdup_printf("known here: %s", all);
}

static gboolean enter_group(Reader *reader, char *text, GError **error)
{
	gsize length = strlen(text);
	g_autofree char *shown = hostler_text_shown(text);
	g_autofree char *suggestion = NULL;

	if (text[length - 1] != ']')
		return fail(reader, error, "'%s' does not end with ']'", shown);
	text[length - 1] = '\0';
	for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
		if (!g_str_equal(options[i].group, text + 1))
			continue;
		g_free(reader->group);
		reader->group = g_strdup(text + 1);
		return TRUE;
	}
	suggestion = suggest(text + 1, NULL);
	return fail(reader, error, "unknown group '%s'; %s", shown, suggestion);
}

static gboolean read_number(const Reader *reader, const Option *option, const char *text, GError **error)
{
	g_autofree char *shown = hostler_text_shown(text);
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, option->min, option->max, &number, NULL))
		return fail(reader, error, "%s=%s: write a number from %u to %u", option->key, shown, option->min,
			    option->max);
	set_number(reader->config, option, (guint)number);
	return TRUE;
}

static gboolean read_truth(const Reader *reader, const Option *option, const char *text, GError **error)
{
	g_autofree char *shown = hostler_text_shown(text);
	gboolean is_true = g_str_equal(text, "true");

	if (!is_true && !g_str_equal(text, "false"))
		return fail(reader, error, "%s=%s: write true or false", option->key, shown);
	set_truth(reader->config, option, is_true);
	return TRUE;
}

static gboolean read_path(const Reader *reader, const Option *option, const char *text, GError **error)
{
	g_autofree char *shown = hostler_text_shown(text);

	if ((*text != '/' && *text != '\0') || strlen(text) >= HOSTLER_CONFIG_PATH_BYTES)
		return fail(reader, error, "%s=%s: write an absolute path of less than %d bytes, or nothing",
			    option->key, shown, HOSTLER_CONFIG_PATH_BYTES);
	set_path(reader->config, option, text);
	return TRUE;
}

static gboolean read_value(const Reader *reader, const Option *option, const char *text, GError **error)
{
	switch (option->kind) {
	case KIND_NUMBER:
		return read_number(reader, option, text, error);
	case KIND_TRUTH:
		return read_truth(reader, option, text, error);
	case KIND_PATH:
		return read_path(reader, option, text, error);
	}
	return FALSE;
}

static gboolean read_key(Reader *reader, const char *key, const char *value, GError **error)
{
	g_autofree char *shown = hostler_text_shown(key);
	g_autofree char *suggestion = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
		if (!g_str_equal(options[i].group, reader->group) || !g_str_equal(options[i].key, key))
			continue;
		if (reader->seen[i] != 0)
			return fail(reader, error, "%s is set on line %u already; remove one of the two", key,
				    reader->seen[i]);
		reader->seen[i] = reader->line;
		return read_value(reader, &options[i], value, error);
	}
	suggestion = suggest(key, reader->group);
	return fail(reader, error, "unknown key '%s' in [%s]; %s", shown, reader->group, suggestion);
}

static gboolean read_line(Reader *reader, char *line, GError **error)
{
	char *text = g_strstrip(line);
	char *equals = strchr(text, '=');
	g_autofree char *shown = NULL;

	if (text[0] == '\0' || text[0] == '#')
		return TRUE;
	if (text[0] == '[')
		return enter_group(reader, text, error);
	shown = hostler_text_shown(text);
	if (equals == NULL)
		return fail(reader, error, "'%s' is neither [group] nor key=value; comments begin with #", shown);
	if (reader->group == NULL)
		return fail(reader, error, "'%s' stands before the first [group]", shown);
	*equals = '\0';
	return read_key(reader, g_strchomp(text), g_strchug(equals + 1), error);
}

gboolean hostler_config_from_text(HostlerConfig *config, const char *file, const char *text, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	Reader reader = {.config = config, .file = file};
	gboolean done = TRUE;

	while (done && lines[reader.line] != NULL) {
		char *line = lines[reader.line++];

		done = read_line(&reader, line, error);
	}
	g_free(reader.group);
	return done;
}

static gboolean read_file(HostlerConfig *config, const char *file, GError **error)
{
	GError *reading = NULL;
	g_autofree char *text = hostler_config_read(file, &reading);

	if (reading == NULL)
		return text == NULL || hostler_config_from_text(config, file, text, error);
	g_propagate_error(error, reading);
	return FALSE;
}

static gboolean read_files(HostlerConfig *config, const char *file, GError **error)
{
	g_autofree char *folder = g_strconcat(file, ".d", NULL);
	g_autoptr(GPtrArray) more = NULL;
	GError *listing = NULL;

	if (!read_file(config, file, error))
		return FALSE;
	more = hostler_config_list(folder, ".conf", &listing);
	if (listing != NULL) {
		g_propagate_error(error, listing);
		return FALSE;
	}
	for (guint i = 0; more != NULL && i < more->len; i++)
		if (!read_file(config, g_ptr_array_index(more, i), error))
			return FALSE;
	return TRUE;
}

gboolean hostler_config_load(HostlerConfig *config, const char *file, GError **error)
{
	set_defaults(config);
	if (read_files(config, file, error))
		return TRUE;
	set_defaults(config);
	return FALSE;
}
