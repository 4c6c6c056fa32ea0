/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures as people say them, and a report in a line. */
#include <string.h>

#include "qemu-helpers/metrics/line.h"
#include "qemu-helpers/metrics/words.h"

static void assert_words(char *words, const char *expected)
{
	g_assert_cmpstr(words, ==, expected);
	g_free(words);
}

static void test_figures(void)
{
	assert_words(words_bytes(0), "0 B");
	assert_words(words_bytes(999), "999 B");
	assert_words(words_bytes(1250), "1.25 kB");
	assert_words(words_bytes(99960000), "100 MB");
	assert_words(words_bytes(999600000), "1 GB");
	assert_words(words_bytes(2.5e20), "250000 PB");
	assert_words(words_bytes(-1), "0 B");
	assert_words(words_count(12.34), "12.3");
	assert_words(words_count(0.5), "0.50");
	assert_words(words_count(1250000), "1.25M");
	assert_words(words_seconds(340e-6), "340 us");
	assert_words(words_seconds(0.00125), "1.25 ms");
	assert_words(words_seconds(30), "30 s");
	assert_words(words_duration(59.9), "59 s");
	assert_words(words_duration(8000), "2 h 13 min");
	assert_words(words_duration(200000), "2 d 7 h");
	assert_words(words_duration(-3), "0 s");
}

static void assert_report(const char *json, const char *expected)
{
	g_autoptr(JsonNode) node = line_parse(json, strlen(json));

	g_assert_nonnull(node);
	assert_words(words_report(json_node_get_object(node)), expected);
}

static void test_report(void)
{
	assert_report("{\"seconds\":125,\"reason\":\"shutdown\",\"gap_seconds\":3,\"unseen_seconds\":4.5,"
		      "\"disks\":[{\"target\":\"vda\",\"read_bytes\":5000000,\"write_bytes\":0,"
		      "\"peak_per_second\":{\"read_bytes\":2100000}}],\"nics\":[{\"target\":\"vnet0\",\"tx_bytes\":12}]}",
		      "ran for 2 min 5 s, ended: shutdown; vda: read 5 MB (at most 2.10 MB/s), wrote 0 B; vnet0: sent 12 B; "
		      "no samples for 3 s; not seen at the end: 4 s");
	assert_report("{\"seconds\":33.5,\"reason\":\"migration failed\",\"unseen_seconds\":2,"
		      "\"nics\":[{\"target\":\"vnet0\",\"tx_bytes\":0}]}",
		      "never ran here: its migration to this host failed after 33 s");
	assert_report("{}", "ran for 0 s");
	assert_report("{\"seconds\":\"long\",\"reason\":\"\\u202e\\u001b[31m\",\"disks\":[7,{},{\"target\":[]}],\"nics\":{}}",
		      "ran for 0 s, ended: \\u{202E}\\x1b[31m; (no name): no figures; (no name): no figures");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metrics-words/figures", test_figures);
	g_test_add_func("/metrics-words/report", test_report);
	return g_test_run();
}
