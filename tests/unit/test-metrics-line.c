/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of the log: time, escaping, and reading it again. */
#include <math.h>
#include <string.h>

#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/line.h"

static void test_time(void)
{
	static const struct {
		gint64 microseconds;
		const char *text;
	} times[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ 1, "1970-01-01T00:00:00.000001Z" },
		{ G_GINT64_CONSTANT(1709210096789012), "2024-02-29T12:34:56.789012Z" },
		{ G_GINT64_CONSTANT(4102444799999999), "2099-12-31T23:59:59.999999Z" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
		g_autofree char *text = line_time(times[i].microseconds);

		g_assert_cmpstr(text, ==, times[i].text);
	}
}

static void assert_plain(const char *line)
{
	gsize length = strlen(line);

	g_assert_cmpuint(length, >, 1);
	g_assert_cmpint(line[length - 1], ==, '\n');
	for (gsize i = 0; i + 1 < length; i++)
		g_assert_true(g_ascii_isprint(line[i]));
}

/* Whatever a name is, the line is plain ASCII and gives it back. */
static void test_names(void)
{
	static const char *const names[] = {
		"web",
		"",
		" ",
		"a\tb\rc",
		"\"quoted\" \\ back",
		"x$(touch pwned); rm -rf %s%n",
		"\x1b[31mred\x7f",
		"\xe2\x80\xae reversed",
		"gr\xc3\xbc\xc3\x9f",
		"\xc2\x85 next line",
		"\xf0\x9f\x90\x8e horse \xf0\x9f\x8f\xa0",
		"</script>{}[]",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(JsonBuilder) builder = line_begin("start");
		g_autofree char *line = NULL;
		g_autoptr(JsonNode) node = NULL;

		json_add_text(builder, "vm", names[i]);
		line = line_end(builder);
		assert_plain(line);
		node = line_parse(line, strlen(line));
		g_assert_nonnull(node);
		g_assert_cmpstr(json_object_get_string_member(json_node_get_object(node), "vm"), ==, names[i]);
	}
}

/* Small and round ones were lines that nobody could parse. A text that looks like one stays. */
static void test_numbers(void)
{
	static const double numbers[] = { 0, 1e-8, 2e-8, 1e-7, 1e-5, 0.0001, 1.5e-9, -3e-10, 1e15, 1e17, 5e300, 3e-310 };
	static const char text[] = "1e-08.0,\\\"2e-08.0\\";

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		g_autoptr(JsonBuilder) builder = line_begin("sample");
		g_autofree char *line = NULL;
		g_autoptr(JsonNode) node = NULL;
		JsonObject *object;

		json_add_number(builder, "first", numbers[i]);
		json_add_text(builder, "text", text);
		json_add_number(builder, "last", numbers[i]);
		line = line_end(builder);
		g_assert_false(g_regex_match_simple("\\de[-+]\\d+\\.[^\"]*}", line, 0, 0));
		node = line_parse(line, strlen(line));
		g_assert_nonnull(node);
		object = json_node_get_object(node);
		g_assert_true(fabs(json_number(object, "first", 7) - numbers[i]) <= fabs(numbers[i]) * 1e-15);
		g_assert_true(fabs(json_number(object, "last", 7) - numbers[i]) <= fabs(numbers[i]) * 1e-15);
		g_assert_cmpstr(json_text(object, "text"), ==, text);
	}
}

static void test_head(void)
{
	g_autoptr(JsonBuilder) builder = line_begin("sample");
	g_autofree char *line = NULL;

	json_add_text(builder, "absent", NULL);
	json_add_count(builder, "big", G_MAXUINT64);
	line = line_end(builder);
	g_assert_true(g_regex_match_simple(
		"^{\"time\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z\",\"event\":\"sample\","
		"\"big\":9223372036854775807}\n$", line, G_REGEX_DOLLAR_ENDONLY, 0));
}

static void test_broken(void)
{
	static const char *const lines[] = { "", "{", "[1]", "7", "null", "{\"a\":1", "\xff\xfe", "{\"a\":}" };

	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(JsonNode) node = line_parse(lines[i], strlen(lines[i]));

		g_assert_null(node);
	}
}

static void test_deep(void)
{
	g_autofree char *deep = g_strnfill(100000, '[');
	g_autoptr(JsonNode) too_deep = line_parse(deep, strlen(deep));
	const char *brackets = "{\"a\":\"[[[[[[[[[[[[[[[[[[[\\\"[\"}";
	g_autoptr(JsonNode) quoted = line_parse(brackets, strlen(brackets));

	g_assert_null(too_deep);
	g_assert_nonnull(quoted);
}

static void test_time_back(void)
{
	g_autofree char *text = line_time(1767225599123456);

	g_assert_cmpint(line_read_time(text), ==, 1767225599123456);
	g_assert_cmpint(line_read_time("yesterday"), ==, 0);
	g_assert_cmpint(line_read_time(NULL), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metrics-line/time", test_time);
	g_test_add_func("/metrics-line/names", test_names);
	g_test_add_func("/metrics-line/numbers", test_numbers);
	g_test_add_func("/metrics-line/head", test_head);
	g_test_add_func("/metrics-line/broken", test_broken);
	g_test_add_func("/metrics-line/deep", test_deep);
	g_test_add_func("/metrics-line/time-back", test_time_back);
	return g_test_run();
}
