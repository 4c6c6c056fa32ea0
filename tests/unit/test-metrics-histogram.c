/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Latency histograms: from libvirt's answer (made up: no libvirt 12.1 was at hand),
 * through the log and back, added up over a run, and as percentiles. */
#include <math.h>

#include "metrics-stay.h"
#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/line.h"
#include "qemu-helpers/metrics/sample.h"
#include "qemu-helpers/metrics/tally.h"

#define READ_TIME 2
#define WRITE_TIME 5
#define FLUSH_TIME 7
#define PREFIX "block.0.latency_histogram."

typedef struct {
	virTypedParameterPtr params;
	int n, max;
} Answer;

static void add_count(Answer *answer, const char *field, unsigned long long value)
{
	g_assert_cmpint(virTypedParamsAddULLong(&answer->params, &answer->n, &answer->max, field, value), ==, 0);
}

static void add_bin(Answer *answer, const char *way, guint bin, guint64 start, guint64 value)
{
	g_autofree char *start_field = g_strdup_printf("%s.bin.%u.start", way, bin);
	g_autofree char *value_field = g_strdup_printf("%s.bin.%u.value", way, bin);

	add_count(answer, start_field, start);
	add_count(answer, value_field, value);
}

static void add_disk(Answer *answer)
{
	g_assert_cmpint(virTypedParamsAddString(&answer->params, &answer->n, &answer->max, "block.0.name", "vda"), ==, 0);
	add_count(answer, "block.0.rd.reqs", 3178);
	add_count(answer, "block.0.rd.times", 40000000);
}

static Meter *take_disk(Answer *answer)
{
	g_autoptr(Sample) sample = sample_from_libvirt(STAY_UUID, answer->params, answer->n, 5);

	virTypedParamsFree(answer->params, answer->n);
	*answer = (Answer){ 0 };
	g_assert_cmpuint(sample->meters->len, ==, 1);
	return g_ptr_array_steal_index(sample->meters, 0);
}

/* The example of libvirt's patch; and of zone_append, which no disk of ours has, nothing. */
static void add_example(Answer *answer, const char *way)
{
	static const guint64 counts[] = { 0, 0, 0, 1047, 2131, 0, 0, 0, 0 };
	g_autofree char *prefix = g_strconcat(PREFIX, way, NULL);
	g_autofree char *number = g_strconcat(prefix, ".bin.count", NULL);
	guint64 start = 0;

	add_count(answer, number, G_N_ELEMENTS(counts));
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		add_bin(answer, prefix, i, start, counts[i]);
		start = start == 0 ? 10 : start * 10;
	}
}

static void test_answer(void)
{
	Answer answer = { 0 };
	g_autoptr(Meter) meter = NULL;
	const Histogram *histogram;

	add_disk(&answer);
	add_example(&answer, "read");
	add_example(&answer, "zone_append");
	add_example(&answer, "flush");
	meter = take_disk(&answer);
	histogram = meter->histograms[READ_TIME];
	g_assert_cmpuint(histogram->n_bins, ==, 9);
	g_assert_cmpuint(histogram->starts[0], ==, 0);
	g_assert_cmpuint(histogram->starts[8], ==, 100000000);
	g_assert_cmpuint(histogram->counts[4], ==, 2131);
	g_assert_null(meter->histograms[WRITE_TIME]);
	g_assert_nonnull(meter->histograms[FLUSH_TIME]);
	g_assert_cmpuint(meter->counts[READ_TIME], ==, 40000000);
}

/* Two disks, of which the first has none; numbers that are told as 32 bits; bins backwards. */
static void test_order(void)
{
	Answer answer = { 0 };
	g_autoptr(Sample) sample = NULL;
	const Meter *second;

	add_disk(&answer);
	virTypedParamsAddString(&answer.params, &answer.n, &answer.max, "block.1.name", "vdb");
	add_count(&answer, "block.1.wr.reqs", 1);
	add_bin(&answer, "block.1.latency_histogram.write", 1, 1000, 7);
	add_bin(&answer, "block.1.latency_histogram.write", 0, 0, 5);
	virTypedParamsAddUInt(&answer.params, &answer.n, &answer.max, "block.1.latency_histogram.write.bin.count", 2);
	sample = sample_from_libvirt(STAY_UUID, answer.params, answer.n, 5);
	virTypedParamsFree(answer.params, answer.n);
	g_assert_cmpuint(sample->meters->len, ==, 2);
	second = g_ptr_array_index(sample->meters, 1);
	g_assert_null(((Meter *)g_ptr_array_index(sample->meters, 0))->histograms[WRITE_TIME]);
	g_assert_cmpuint(second->histograms[WRITE_TIME]->n_bins, ==, 2);
	g_assert_cmpuint(second->histograms[WRITE_TIME]->counts[1], ==, 7);
}

/* --- answers that are none --- */

typedef struct {
	const char *name;
	const char *field; /* one more than two bins, 0 and 1000 ns, with `value` */
	guint64 value;
	guint64 n_bins; /* of the answer; 0: not told */
	guint64 second; /* start of the second bin */
	guint64 count;
	gboolean sound;
} Hostile;

static const Hostile hostile[] = {
	{ "sound", NULL, 0, 2, 1000, 1, TRUE },
	{ "unknown fields are somebody else's", "read.bin.0.median", 7, 2, 1000, 1, TRUE },
	{ "unknown ways, too", "reads.bin.0.start", 7, 2, 1000, 1, TRUE },
	{ "and what is no bin", "read.bins.0.start", 7, 2, 1000, 1, TRUE },
	{ "no number", "read.bin.", 7, 2, 1000, 1, TRUE },
	{ "nothing after the way", "read.", 7, 2, 1000, 1, TRUE },
	{ "not told how many", NULL, 0, 0, 1000, 1, FALSE },
	{ "fewer than told", NULL, 0, 3, 1000, 1, FALSE },
	{ "more than told", NULL, 0, 1, 1000, 1, FALSE },
	{ "too many", NULL, 0, 65, 1000, 1, FALSE },
	{ "far too many", NULL, 0, G_MAXUINT64, 1000, 1, FALSE },
	{ "told twice", "read.bin.count", 2, 2, 1000, 1, FALSE },
	{ "told of none", "read.bin.count", 0, 0, 1000, 1, FALSE },
	{ "a bin twice", "read.bin.01.start", 2000, 2, 1000, 1, FALSE },
	{ "a bin too far", "read.bin.64.start", 2000, 2, 1000, 1, FALSE },
	{ "a bin beyond all numbers", "read.bin.99999999999999999999999.value", 1, 2, 1000, 1, FALSE },
	{ "half a bin", "read.bin.2.start", 2000, 3, 1000, 1, FALSE },
	{ "the same start", NULL, 0, 2, 0, 1, FALSE },
	{ "an endless start", NULL, 0, 2, G_MAXUINT64, 1, FALSE },
	{ "endless requests", NULL, 0, 2, 1000, G_MAXUINT64, FALSE },
};

static void test_hostile(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(hostile); i++) {
		const Hostile *h = &hostile[i];
		Answer answer = { 0 };
		g_autoptr(Meter) meter = NULL;

		add_disk(&answer);
		if (h->n_bins > 0)
			add_count(&answer, PREFIX "read.bin.count", h->n_bins);
		add_bin(&answer, PREFIX "read", 0, 0, h->count);
		add_bin(&answer, PREFIX "read", 1, h->second, h->count);
		if (h->field != NULL) {
			g_autofree char *field = g_strconcat(PREFIX, h->field, NULL);

			add_count(&answer, field, h->value);
		}
		meter = take_disk(&answer);
		if ((meter->histograms[READ_TIME] != NULL) != h->sound)
			g_error("%s", h->name);
		g_assert_cmpuint(meter->counts[READ_TIME], ==, 40000000);
	}
}

/* As many as there is room for, and a value of the wrong type. */
static void test_bounds(void)
{
	Answer answer = { 0 };
	g_autoptr(Meter) full = NULL;
	g_autoptr(Meter) other = NULL;

	add_disk(&answer);
	add_count(&answer, PREFIX "read.bin.count", HISTOGRAM_MOST_BINS);
	for (guint i = 0; i < HISTOGRAM_MOST_BINS; i++)
		add_bin(&answer, PREFIX "read", i, i * 1000, i);
	full = take_disk(&answer);
	g_assert_cmpuint(full->histograms[READ_TIME]->n_bins, ==, HISTOGRAM_MOST_BINS);
	g_assert_cmpuint(full->histograms[READ_TIME]->counts[63], ==, 63);
	add_disk(&answer);
	add_count(&answer, PREFIX "read.bin.count", 1);
	add_count(&answer, PREFIX "read.bin.0.start", 0);
	virTypedParamsAddLLong(&answer.params, &answer.n, &answer.max, PREFIX "read.bin.0.value", -1);
	other = take_disk(&answer);
	g_assert_null(other->histograms[READ_TIME]);
}

/* --- a run --- */

/* Bins from 0, 1 ms and 10 ms on; `first` is where the second one starts. */
static Histogram *make_bins(guint64 first, guint64 a, guint64 b, guint64 c)
{
	Histogram *histogram = g_new0(Histogram, 1);

	*histogram = (Histogram){ 3, { 0, first, 10000000 }, { a, b, c } };
	return histogram;
}

static Meter *make_meter(guint64 ops, Histogram *histogram)
{
	Meter *meter = meter_new(&meter_disk, "vda", 0);

	meter_learn(meter, 1, ops);
	meter_learn(meter, READ_TIME, ops * 1000);
	meter->histograms[READ_TIME] = histogram;
	return meter;
}

static void assert_run(const Tally *tally, guint64 a, guint64 b, guint64 c)
{
	g_autofree Histogram *histogram = tally_histogram(tally, READ_TIME);

	g_assert_cmpuint(histogram->counts[0], ==, a);
	g_assert_cmpuint(histogram->counts[1], ==, b);
	g_assert_cmpuint(histogram->counts[2], ==, c);
}

static void test_run(void)
{
	g_autoptr(Tally) tally = tally_new(make_meter(1, make_bins(1000000, 1, 0, 0)), 10);

	tally_add(tally, make_meter(10, make_bins(1000000, 5, 4, 1)), 20, 1);
	assert_run(tally, 5, 4, 1);
	/* It was not told for once. */
	tally_add(tally, make_meter(11, NULL), 30, 1);
	assert_run(tally, 5, 4, 1);
	/* It was begun again, the counters were not. */
	tally_add(tally, make_meter(12, make_bins(1000000, 1, 0, 0)), 40, 1);
	assert_run(tally, 6, 4, 1);
	/* The disk was taken out and put in again; at first nobody tells. */
	tally_add(tally, make_meter(2, NULL), 50, 1);
	assert_run(tally, 6, 4, 1);
	tally_add(tally, make_meter(3, make_bins(1000000, 2, 1, 0)), 60, 1);
	assert_run(tally, 8, 5, 1);
	/* Other bins: from there on anew. */
	tally_add(tally, make_meter(4, make_bins(2000000, 0, 0, 3)), 70, 1);
	assert_run(tally, 0, 0, 3);
	tally_add(tally, make_meter(1, make_bins(2000000, 0, 1, 0)), 80, 1);
	assert_run(tally, 0, 1, 3);
}

/* Other bins for a while: what was counted before them stays forgotten. */
static void test_there_and_back(void)
{
	g_autoptr(Tally) tally = tally_new(make_meter(1, make_bins(1000000, 5, 0, 0)), 10);

	tally_add(tally, make_meter(2, make_bins(1000000, 1, 0, 0)), 20, 1);
	assert_run(tally, 6, 0, 0);
	tally_add(tally, make_meter(3, make_bins(2000000, 1, 1, 1)), 30, 1);
	assert_run(tally, 1, 1, 1);
	tally_add(tally, make_meter(4, make_bins(1000000, 2, 2, 2)), 40, 1);
	assert_run(tally, 2, 2, 2);
}

/* Bins that change while nobody tells. */
static void test_other_bins_later(void)
{
	g_autoptr(Tally) tally = tally_new(make_meter(9, make_bins(1000000, 5, 4, 0)), 10);

	tally_add(tally, make_meter(1, NULL), 20, 1);
	assert_run(tally, 5, 4, 0);
	tally_add(tally, make_meter(2, make_bins(5000, 2, 0, 0)), 30, 1);
	assert_run(tally, 2, 0, 0);
}

/* Whoever begins in the middle learns what was counted before from the log. */
static void test_learn(void)
{
	g_autoptr(Tally) tally = tally_new(make_meter(2, make_bins(1000000, 2, 0, 0)), 30);
	g_autoptr(Tally) past = tally_new(make_meter(9, make_bins(1000000, 5, 4, 0)), 10);
	g_autoptr(Tally) other = tally_new(make_meter(9, make_bins(7, 5, 4, 0)), 10);

	tally_add(other, make_meter(2, make_bins(7, 2, 0, 0)), 30, 1);
	tally_learn(tally, other);
	assert_run(tally, 2, 0, 0);
	tally_add(past, make_meter(2, make_bins(1000000, 2, 0, 0)), 30, 1);
	tally_learn(tally, past);
	assert_run(tally, 7, 4, 0);
	tally_learn(tally, past);
	assert_run(tally, 7, 4, 0);
}

/* A disk that is still is not asked again, unless its histogram moved: failed requests do that. */
static void test_equal(void)
{
	g_autoptr(Meter) one = make_meter(1, make_bins(1000000, 1, 0, 0));
	g_autoptr(Meter) same = meter_copy(one);
	g_autoptr(Meter) more = make_meter(1, make_bins(1000000, 1, 1, 0));
	g_autoptr(Meter) none = make_meter(1, NULL);

	g_assert_true(meter_equals(one, same));
	g_assert_false(meter_equals(one, more));
	g_assert_false(meter_equals(one, none));
}

/* --- percentiles --- */

/* 100 requests, one by one past the edge. */
static void test_percentiles(void)
{
	g_autofree Histogram *histogram = make_bins(1000000, 50, 49, 1);
	g_autofree Histogram *empty = make_bins(1000000, 0, 0, 0);
	g_autofree Histogram *most = make_bins(1000000, HISTOGRAM_MOST, HISTOGRAM_MOST, HISTOGRAM_MOST);

	g_assert_cmpuint(histogram_find(histogram, 50), ==, 0);
	g_assert_cmpuint(histogram_find(histogram, 51), ==, 1);
	g_assert_cmpuint(histogram_find(histogram, 99), ==, 1);
	g_assert_cmpuint(histogram_find(histogram, 100), ==, 2);
	g_assert_cmpuint(histogram_find(empty, 50), ==, 3);
	g_assert_cmpuint(histogram_find(most, 50), ==, 1);
	histogram_add(most, most);
	g_assert_cmpuint(histogram_total(most), ==, 3 * (guint64)HISTOGRAM_MOST);
}

static void assert_near(double value, double expected)
{
	g_assert_cmpfloat(fabs(value - expected), <, 1e-12);
}

static JsonNode *show(const Tally *tally)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();

	json_builder_begin_object(builder);
	tally_to_json(tally, 0, builder);
	json_builder_end_object(builder);
	return json_builder_get_root(builder);
}

static void test_report(void)
{
	g_autoptr(Tally) tally = tally_new(make_meter(100, make_bins(1000000, 50, 45, 5)), 10);
	g_autoptr(Tally) still = tally_new(make_meter(0, make_bins(1000000, 0, 0, 0)), 10);
	g_autoptr(Tally) untold = tally_new(make_meter(5, NULL), 10);
	g_autoptr(JsonNode) told = show(tally), nothing = show(still), none = show(untold);
	JsonObject *spread = json_part(json_part(json_node_get_object(told), "percentile_latency_seconds"), "read");
	g_autofree Histogram *again = histogram_from_json(json_node_get_object(told), "read_latency");

	assert_near(json_number(spread, "p50", -1), 0.001);
	assert_near(json_number(spread, "p95", -1), 0.01);
	assert_near(json_number(spread, "p99", -1), -1);
	assert_near(json_number(spread, "over", -1), 0.01);
	g_assert_true(histogram_equals(again, tally->last->histograms[READ_TIME]));
	g_assert_true(json_object_has_member(json_node_get_object(nothing), "read_latency"));
	g_assert_false(json_object_has_member(json_node_get_object(nothing), "percentile_latency_seconds"));
	g_assert_false(json_object_has_member(json_node_get_object(none), "read_latency"));
	g_assert_false(json_object_has_member(json_node_get_object(none), "percentile_latency_seconds"));
}

/* --- the log --- */

static void test_round_trip(void)
{
	g_autofree Histogram *histogram = make_bins(4294967295, 1, G_GUINT64_CONSTANT(999999999999999), 0);
	g_autoptr(Meter) meter = make_meter(1, histogram_copy(histogram));
	g_autoptr(JsonBuilder) builder = line_begin("sample");
	g_autofree char *line = NULL;
	g_autoptr(JsonNode) node = NULL;
	g_autofree Histogram *again = NULL;

	histogram->starts[2] = HISTOGRAM_MOST;
	meter->histograms[READ_TIME]->starts[2] = HISTOGRAM_MOST;
	meter_to_json(meter, builder);
	line = line_end(builder);
	node = line_parse(line, strlen(line));
	again = histogram_from_json(json_node_get_object(node), "read_latency");
	g_assert_nonnull(again);
	g_assert_true(histogram_equals(again, histogram));
}

/* As somebody may have written it into a log. */
static void test_made_up(void)
{
	static const char *const texts[] = {
		"7", "[]", "{}", "{\"start_seconds\":[],\"count\":[]}", "{\"start_seconds\":[0],\"count\":[]}",
		"{\"start_seconds\":[0,1],\"count\":[1]}", "{\"start_seconds\":[0],\"count\":7}",
		"{\"start_seconds\":[0],\"count\":[-1]}", "{\"start_seconds\":[0],\"count\":[\"1\"]}",
		"{\"start_seconds\":[null],\"count\":[1]}", "{\"start_seconds\":[[0]],\"count\":[1]}",
		"{\"start_seconds\":[1e300],\"count\":[1]}", "{\"start_seconds\":[0],\"count\":[1e300]}",
		"{\"start_seconds\":[1,0.5],\"count\":[1,1]}", "{\"start_seconds\":[0,1e-12],\"count\":[1,1]}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *text = g_strdup_printf("{\"read_latency\":%s}", texts[i]);
		g_autoptr(JsonNode) node = json_from_string(text, NULL);

		g_assert_nonnull(node);
		if (histogram_from_json(json_node_get_object(node), "read_latency") != NULL)
			g_error("%s", texts[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(virInitialize(), ==, 0);
	g_test_add_func("/metrics-histogram/answer", test_answer);
	g_test_add_func("/metrics-histogram/order", test_order);
	g_test_add_func("/metrics-histogram/hostile", test_hostile);
	g_test_add_func("/metrics-histogram/bounds", test_bounds);
	g_test_add_func("/metrics-histogram/run", test_run);
	g_test_add_func("/metrics-histogram/there-and-back", test_there_and_back);
	g_test_add_func("/metrics-histogram/other-bins-later", test_other_bins_later);
	g_test_add_func("/metrics-histogram/learn", test_learn);
	g_test_add_func("/metrics-histogram/equal", test_equal);
	g_test_add_func("/metrics-histogram/percentiles", test_percentiles);
	g_test_add_func("/metrics-histogram/report", test_report);
	g_test_add_func("/metrics-histogram/round-trip", test_round_trip);
	g_test_add_func("/metrics-histogram/made-up", test_made_up);
	return g_test_run();
}
