/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of users and guests made fit for terminals, logs and paths. */

#include "hostler/text.h"

#include <string.h>

static void test_shown(void)
{
	static const struct {
		const char *text;
		const char *shown;
	} table[] = {
		{NULL, ""},
		{"", ""},
		{"web server", "web server"},
		{"Gästehaus 馬 🐴", "Gästehaus 馬 🐴"},
		{"%s%n$(id)`id`;\"'\\", "%s%n$(id)`id`;\"'\\"},
		{"a\tb\r\n\x1b[31mred\x7f", "a\\x09b\\x0d\\x0a\\x1b[31mred\\x7f"},
		{"\xc2\x80\xc2\x85\xc2\x9b", "\\u{0080}\\u{0085}\\u{009B}"},               /* C1 */
		{"\xe2\x80\x8e\xe2\x80\x8f", "\\u{200E}\\u{200F}"},                         /* LRM, RLM */
		{"\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae",
		 "\\u{202A}\\u{202B}\\u{202C}\\u{202D}\\u{202E}"},                        /* embeddings */
		{"\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", "\\u{2066}\\u{2067}\\u{2068}\\u{2069}"},
		{"\xd8\x9c", "\\u{061C}"},                                                  /* Arabic letter mark */
		{"\xef\xbb\xbf", "\\u{FEFF}"},
		{"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},                         /* line, paragraph */
		{"\xe2\x80\x8b\xc2\xad\xe2\x81\xa0", "\\u{200B}\\u{00AD}\\u{2060}"},        /* seen by nobody */
		{"\xf3\xa0\x81\x81", "\\u{E0041}"},                                         /* tag letter */
		{"\xef\xbf\xbe", "\\u{FFFE}"},                                              /* no character */
		{"a\xff" "b", "a\\xffb"},
		{"\xc3", "\\xc3"},
		{"\xe2\x82", "\\xe2\\x82"},
		{"\xc0\xaf", "\\xc0\\xaf"},                                                 /* overlong slash */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},                                        /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},                               /* beyond Unicode */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *shown = hostler_text_shown(table[i].text);

		g_assert_cmpstr(shown, ==, table[i].shown);
	}
}

static void test_cut(void)
{
	g_autofree char *fits = g_strnfill(HOSTLER_TEXT_SHOWN, 'x');
	g_autofree char *over = g_strnfill(HOSTLER_TEXT_SHOWN + 1, 'x');
	g_autofree char *shown_fits = hostler_text_shown(fits);
	g_autofree char *shown_over = hostler_text_shown(over);
	g_autofree char *escape = hostler_text_line("abcd\x1b", 6); /* would be 8 */
	g_autofree char *exact = hostler_text_line("abcd\x1b", 8);
	g_autofree char *nothing = hostler_text_line("a", 0);

	g_assert_cmpstr(shown_fits, ==, fits);
	g_assert_cmpint(g_utf8_strlen(shown_over, -1), ==, HOSTLER_TEXT_SHOWN);
	g_assert_true(g_str_has_suffix(shown_over, "x…"));
	g_assert_cmpstr(escape, ==, "abcd…");
	g_assert_cmpstr(exact, ==, "abcd\\x1b");
	g_assert_cmpstr(nothing, ==, "");
}

static gboolean is_bidi_or_break(gunichar c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
		(c >= 0x2066 && c <= 0x2069) || c == 0xfeff || (c >= 0x7f && c <= 0x9f);
}

static void check_line(const char *line, gsize max)
{
	g_assert_true(g_utf8_validate(line, -1, NULL));
	g_assert_cmpint(g_utf8_strlen(line, -1), <=, (glong)max);
	for (const char *c = line; *c != '\0'; c = g_utf8_next_char(c)) {
		g_assert_cmpuint(g_utf8_get_char(c), >=, 0x20);
		g_assert_false(is_bidi_or_break(g_utf8_get_char(c)));
	}
}

/* Bytes that are likely to be half a character. */
static char random_byte(GRand *random)
{
	static const char parts[] = "\xe2\x80\xae\xa8\xc2\x85\xf0\x9f\xff\xef\xbb\xbf\x1b\n\rA";

	if (g_rand_boolean(random))
		return parts[g_rand_int_range(random, 0, (gint32)sizeof(parts) - 1)];
	return (char)g_rand_int_range(random, 1, 256);
}

static void test_random(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(7);

	for (guint round = 0; round < 100000; round++) {
		char text[64];
		gsize length = (gsize)g_rand_int_range(random, 0, sizeof(text));
		gsize max = (gsize)g_rand_int_range(random, 0, 80);
		g_autofree char *line = NULL;
		g_autofree char *file = NULL;

		for (gsize i = 0; i < length; i++)
			text[i] = random_byte(random);
		text[length] = '\0';
		line = hostler_text_line(text, max);
		check_line(line, max);
		file = hostler_text_file_name(text, max);
		g_assert_cmpuint(strlen(file), <=, max);
		g_assert_cmpuint(strspn(file, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_+-.%"),
				==,
				 strlen(file));
		g_assert_false(g_str_has_prefix(file, ".") || g_str_has_suffix(file, "."));
	}
}

static void test_file_name(void)
{
	static const struct {
		const char *text;
		gsize max;
		const char *name;
	} table[] = {
		{NULL, 180, ""},
		{"web-1_a+b", 180, "web-1_a+b"},
		{"debian12.local", 180, "debian12.local"},
		{".hidden", 180, "%2Ehidden"},
		{"end.", 180, "end%2E"},
		{".", 180, "%2E"},
		{"..", 180, "%2E%2E"},
		{"a..b", 180, "a..b"},
		{"../../etc/passwd", 180, "%2E.%2F..%2Fetc%2Fpasswd"},
		{"a b%\n\xc3\xa4", 180, "a%20b%25%0A%C3%A4"},
		{"abc", 2, "ab"},
		{"ab cd", 4, "ab"},
		{"ab cd", 5, "ab%20"},
		{"a.b", 2, "a"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *name = hostler_text_file_name(table[i].text, table[i].max);

		g_assert_cmpstr(name, ==, table[i].name);
	}
}

static void test_uuid(void)
{
	static const char *const bad[] = {
		"", "c7a5fdbd-edaf-9455-926a-d65c16db180", "c7a5fdbd-edaf-9455-926a-d65c16db18090",
		"c7a5fdbdedaf9455926ad65c16db1809", "c7a5fdbd-edaf-9455-926a-d65c16db180g",
		"c7a5fdbd+edaf-9455-926a-d65c16db1809", "c7a5fdbde-daf-9455-926a-d65c16db1809",
		" c7a5fdbd-edaf-9455-926a-d65c16db180", "../../../../../../../../../../etc/passwd",
	};
	g_autofree char *canonical = hostler_text_uuid("C7A5FDBD-edaf-9455-926A-d65c16db1809");

	g_assert_cmpstr(canonical, ==, "c7a5fdbd-edaf-9455-926a-d65c16db1809");
	g_assert_null(hostler_text_uuid(NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_null(hostler_text_uuid(bad[i]));
}

static void test_bdf(void)
{
	static const char *const bad[] = {
		"", "0000:01:00", "0000:01:00.8", "0000:01:20.0", "0000:01:2f.0", "0000:0g:00.0", "0000:0A:00.0",
		"00000:01:00.0", "01:00.0", "0000-01:00.0", "0000:01:00:0", "0000:01:00.0 ", "x000:01:00.0",
		"7000:01:00.x",
	};

	g_assert_true(hostler_text_is_bdf("0000:00:00.0"));
	g_assert_true(hostler_text_is_bdf("ffff:ff:1f.7"));
	g_assert_false(hostler_text_is_bdf(NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(hostler_text_is_bdf(bad[i]));
}

static void test_mac(void)
{
	static const char *const bad[] = {
		"", ":::::", "52:54:00:12:34", "52:54:00:12:34:56:", ":52:54:00:12:34:56", "52:54:00:12:34:567",
		"52:54:00:12:34:+5", "52:54:00:12:34: 5", "52:54:00:12:34:0x", "0x52:54:00:12:34:5",
	};
	g_autofree char *canonical = hostler_text_mac("52:54:0:AB:c:1");

	g_assert_cmpstr(canonical, ==, "52:54:00:ab:0c:01");
	g_assert_null(hostler_text_mac(NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_null(hostler_text_mac(bad[i]));
}

static void test_nearest(void)
{
	static const char *const names[] = {"proto", "address", "source", "rate", "mac", NULL};
	static const struct {
		const char *word;
		const char *name;
	} table[] = {
		{"adress", "address"}, {"ADDRESS", "address"}, {"protocol", "proto"}, {"sorce", "source"},
		{"rte", "rate"}, {"prot", "proto"}, {"mca", "mac"}, {"colour", NULL}, {"", NULL}, {"x", NULL},
		{"a-word-that-is-far-too-long-to-be-a-typing-error", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		g_assert_cmpstr(hostler_text_nearest(table[i].word, names), ==, table[i].name);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/shown", test_shown);
	g_test_add_func("/text/cut", test_cut);
	g_test_add_func("/text/random", test_random);
	g_test_add_func("/text/file-name", test_file_name);
	g_test_add_func("/text/uuid", test_uuid);
	g_test_add_func("/text/bdf", test_bdf);
	g_test_add_func("/text/mac", test_mac);
	g_test_add_func("/text/nearest", test_nearest);
	return g_test_run();
}
