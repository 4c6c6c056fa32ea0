/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's answer for one VM becomes a sample, and totals, means and peaks follow
 * from samples. */
#include <string.h>

#include "qemu-helpers/metrics/sample.h"
#include "qemu-helpers/metrics/tally.h"

#define UUID "6f30cf5b-0000-4000-8000-000000000001"

typedef struct {
	virTypedParameterPtr params;
	int n, max;
} Answer;

static void add_count(Answer *answer, const char *field, unsigned long long value)
{
	g_assert_cmpint(virTypedParamsAddULLong(&answer->params, &answer->n, &answer->max, field, value), ==, 0);
}

static void add_text(Answer *answer, const char *field, const char *value)
{
	g_assert_cmpint(virTypedParamsAddString(&answer->params, &answer->n, &answer->max, field, value), ==, 0);
}

static void add_number(Answer *answer, const char *field, unsigned int value)
{
	g_assert_cmpint(virTypedParamsAddUInt(&answer->params, &answer->n, &answer->max, field, value), ==, 0);
}

static void answer_clear(Answer *answer)
{
	virTypedParamsFree(answer->params, answer->n);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static const Meter *find_meter(const Sample *sample, const MeterKind *kind, const char *target)
{
	for (guint i = 0; i < sample->meters->len; i++) {
		const Meter *meter = g_ptr_array_index(sample->meters, i);

		if (meter->kind == kind && g_str_equal(meter->target, target))
			return meter;
	}
	return NULL;
}

/* Twelve disks (a reader of the last digit would mix up 1 and 11), and an empty drive. */
static void test_answer(void)
{
	g_auto(Answer) answer = { 0 };
	g_autoptr(Sample) sample = NULL;
	const Meter *meter;

	add_number(&answer, "block.count", 13);
	for (guint i = 0; i < 12; i++) {
		g_autofree char *name = g_strdup_printf("block.%u.name", i);
		g_autofree char *bytes = g_strdup_printf("block.%u.rd.bytes", i);
		g_autofree char *times = g_strdup_printf("block.%u.rd.times", i);
		g_autofree char *target = g_strdup_printf("vd%c", 'a' + (int)i);

		add_text(&answer, name, target);
		add_count(&answer, bytes, 100 + i);
		add_count(&answer, times, 2000000000 + i);
	}
	add_text(&answer, "block.12.name", "sda");
	add_number(&answer, "net.count", 3);
	add_text(&answer, "net.0.name", "vnet0");
	add_text(&answer, "net.2.name", "macvtap0");
	sample = sample_from_libvirt(UUID, answer.params, answer.n, 5);
	g_assert_true(sample_has_disks(sample));
	g_assert_cmpint(sample->state, ==, -1);
	g_assert_cmpuint(sample->meters->len, ==, 12);
	g_assert_cmpuint(sample->targets->len, ==, 3);
	g_assert_cmpstr(g_ptr_array_index(sample->targets, 0), ==, "vnet0");
	g_assert_null(g_ptr_array_index(sample->targets, 1));
	g_assert_cmpstr(g_ptr_array_index(sample->targets, 2), ==, "macvtap0");
	meter = find_meter(sample, &meter_disk, "vdl");
	g_assert_cmpuint(meter->counts[0], ==, 111);
	g_assert_true(meter_knows(meter, 0));
	g_assert_false(meter_knows(meter, 3));
	g_assert_cmpuint(find_meter(sample, &meter_disk, "vdb")->counts[2], ==, 2000000001);
	g_assert_null(find_meter(sample, &meter_disk, "sda"));
}

/* What libvirt says with NOWAIT of a VM whose QEMU does not answer. */
static void test_no_answer(void)
{
	g_auto(Answer) answer = { 0 };
	g_autoptr(Sample) sample = NULL;

	add_number(&answer, "block.count", 1);
	add_text(&answer, "block.0.name", "vda");
	sample = sample_from_libvirt(UUID, answer.params, answer.n, 5);
	g_assert_false(sample_has_disks(sample));
}

static void add_state(Answer *answer, const char *field, int value)
{
	g_assert_cmpint(virTypedParamsAddInt(&answer->params, &answer->n, &answer->max, field, value), ==, 0);
}

/* Paused it is for many a reason. */
static void test_arriving(void)
{
	static const struct {
		int state, reason;
		gboolean arriving;
	} cases[] = {
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, TRUE },
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER, FALSE },
		{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED, FALSE },
		{ VIR_DOMAIN_SHUTDOWN, VIR_DOMAIN_SHUTDOWN_UNKNOWN, FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Answer) answer = { 0 };
		g_autoptr(Sample) sample = NULL;

		add_state(&answer, "state.state", cases[i].state);
		add_state(&answer, "state.reason", cases[i].reason);
		sample = sample_from_libvirt(UUID, answer.params, answer.n, 5);
		g_assert_cmpint(sample->state, ==, cases[i].state);
		g_assert_cmpint(sample->arriving, ==, cases[i].arriving);
	}
}

static void test_nothing(void)
{
	g_autoptr(Sample) sample = sample_from_libvirt(UUID, NULL, 0, 5);

	g_assert_false(sample_has_disks(sample));
	g_assert_cmpuint(sample->meters->len, ==, 0);
}

/* A NIC is the kernel's to count. */
static void test_add_disks(void)
{
	g_autoptr(Sample) sample = sample_new(UUID, 5);
	g_autoptr(Sample) answer = sample_new(UUID, 6);

	g_ptr_array_add(answer->meters, meter_new(&meter_disk, "vda", 0));
	g_ptr_array_add(answer->meters, meter_new(&meter_nic, "vnet0", 0));
	answer->state = VIR_DOMAIN_PAUSED;
	sample_add_disks(sample, answer);
	g_assert_cmpuint(sample->meters->len, ==, 1);
	g_assert_true(meter_equals(g_ptr_array_index(sample->meters, 0), g_ptr_array_index(answer->meters, 0)));
	g_assert_cmpint(sample->state, ==, VIR_DOMAIN_PAUSED);
}

/* --- tallies --- */

#define READ_BYTES 0
#define READ_OPS 1
#define READ_TIME 2

static Meter *make_meter(guint64 bytes, guint64 ops, guint64 nanoseconds)
{
	Meter *meter = meter_new(&meter_disk, "vda", 0);

	meter->counts[READ_BYTES] = bytes;
	meter->counts[READ_OPS] = ops;
	meter->counts[READ_TIME] = nanoseconds;
	meter->known = 7;
	return meter;
}

static double near(double value)
{
	return value + 1e-9;
}

static void test_rates(void)
{
	g_autoptr(Tally) tally = tally_new(make_meter(1000, 10, 5), 10);

	tally_add(tally, make_meter(3000, 30, 10), 20, 1);
	tally_add(tally, make_meter(3000, 30, 10), 30, 1);
	tally_add(tally, make_meter(3500, 31, 20), 31, 1);
	g_assert_cmpuint(tally_total(tally, READ_BYTES), ==, 3500);
	g_assert_cmpfloat(tally->peak[READ_BYTES], <=, near(500));
	g_assert_cmpfloat(tally->peak[READ_BYTES], >=, 500);
	g_assert_cmpfloat(tally_mean(tally, READ_BYTES, 24), <=, near(500));
	g_assert_cmpfloat(tally_mean(tally, READ_BYTES, 24), >=, 500);
	g_assert_cmpfloat(tally_mean(tally, READ_BYTES, 31), <=, 0);
}

/* Two samples a moment apart are no measure of speed, but they count. */
static void test_too_close(void)
{
	g_autoptr(Tally) tally = tally_new(make_meter(0, 0, 0), 10);

	tally_add(tally, make_meter(1000000, 1, 1), 10.001, 1);
	g_assert_cmpfloat(tally->peak[READ_BYTES], <=, 0);
	g_assert_cmpuint(tally_total(tally, READ_BYTES), ==, 1000000);
}

/* A disk that was taken out and put in again begins at zero. */
static void test_reset(void)
{
	g_autoptr(Tally) tally = tally_new(make_meter(5000, 50, 0), 10);
	g_autoptr(Meter) same = make_meter(5000, 50, 0);

	g_assert_false(tally_is_reset_by(tally, same));
	tally_add(tally, make_meter(200, 2, 0), 20, 1);
	g_assert_cmpuint(tally_total(tally, READ_BYTES), ==, 5200);
	g_assert_cmpuint(tally_total(tally, READ_OPS), ==, 52);
	g_assert_cmpfloat(tally->peak[READ_BYTES], <=, near(20));
	tally_add(tally, make_meter(300, 3, 0), 30, 1);
	g_assert_cmpuint(tally_total(tally, READ_BYTES), ==, 5300);
}

static void test_missing_figure(void)
{
	g_autoptr(Tally) tally = tally_new(make_meter(5000, 50, 7), 10);
	Meter *poor = make_meter(5001, 0, 0);

	poor->known = 1;
	tally_add(tally, poor, 20, 1);
	g_assert_cmpuint(tally_total(tally, READ_OPS), ==, 50);
	tally_add(tally, make_meter(5002, 60, 8), 30, 1);
	g_assert_cmpuint(tally_total(tally, READ_OPS), ==, 60);
	g_assert_cmpfloat(tally->peak[READ_OPS], <=, near(1));
}

/* --- to the log and back --- */

static void test_round_trip(void)
{
	g_autoptr(Meter) meter = make_meter(G_MAXINT64, 3, 123456789012345678);
	g_autoptr(JsonBuilder) builder = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	g_autoptr(Meter) again = NULL;
	JsonObject *object;

	json_builder_begin_object(builder);
	json_builder_set_member_name(builder, "target");
	json_builder_add_string_value(builder, "vda");
	meter_to_json(meter, builder);
	json_builder_end_object(builder);
	root = json_builder_get_root(builder);
	object = json_node_get_object(root);
	g_assert_false(json_object_has_member(object, "write_bytes"));
	again = meter_from_json(&meter_disk, object, 0);
	g_assert_cmpuint(again->known, ==, meter->known);
	g_assert_cmpuint(again->counts[READ_BYTES], ==, G_MAXINT64);
	g_assert_cmpuint(again->counts[READ_OPS], ==, 3);
	g_assert_cmpuint(again->counts[READ_TIME] / 1000, ==, meter->counts[READ_TIME] / 1000);
}

static void assert_near(double value, double expected)
{
	g_assert_cmpfloat(value, <=, near(expected));
	g_assert_cmpfloat(value, >=, expected - 1e-9);
}

static void test_rtt(void)
{
	g_autoptr(Meter) meter = meter_new(&meter_nic, "vnet0", 0);
	g_autoptr(JsonBuilder) builder = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	Rtt none, again;

	meter->rtt.sent = 4;
	meter->rtt.lost = 1;
	rtt_answer(&meter->rtt, 0.5);
	rtt_answer(&meter->rtt, 0.25);
	rtt_answer(&meter->rtt, 0.75);
	json_builder_begin_object(builder);
	meter_to_json(meter, builder);
	json_builder_end_object(builder);
	root = json_builder_get_root(builder);
	again = rtt_from_json(json_node_get_object(root));
	g_assert_cmpuint(again.sent, ==, 4);
	g_assert_cmpuint(again.lost, ==, 1);
	g_assert_cmpuint(again.answered, ==, 3);
	assert_near(again.min, 0.25);
	assert_near(again.max, 0.75);
	assert_near(again.sum, 1.5);
	none = rtt_from_json(json_object_get_object_member(json_node_get_object(root), "rtt_seconds"));
	g_assert_cmpuint(none.sent, ==, 0);
	rtt_add(&none, &again);
	assert_near(none.min, 0.25);
}

/* As somebody may have written it into a log. */
static void test_rtt_made_up(void)
{
	static const char *const texts[] = {
		"{\"rtt_seconds\":{\"sent\":1e300,\"lost\":-7,\"mean\":1e300,\"min\":\"x\",\"max\":{}}}",
		"{\"rtt_seconds\":{\"sent\":\"many\",\"lost\":1e300,\"mean\":[]}}",
		"{\"rtt_seconds\":7}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(JsonNode) node = json_from_string(texts[i], NULL);
		Rtt rtt = rtt_from_json(json_node_get_object(node));

		g_assert_cmpuint(rtt.sent, <=, 1000000000);
		g_assert_cmpuint(rtt.lost, <=, 1000000000);
		g_assert_true(rtt.sum >= 0 && rtt.sum <= 1e18);
		assert_near(rtt.min, 0);
		assert_near(rtt.max, 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(virInitialize(), ==, 0);
	g_test_add_func("/metrics-sample/answer", test_answer);
	g_test_add_func("/metrics-sample/no-answer", test_no_answer);
	g_test_add_func("/metrics-sample/arriving", test_arriving);
	g_test_add_func("/metrics-sample/nothing", test_nothing);
	g_test_add_func("/metrics-sample/add-disks", test_add_disks);
	g_test_add_func("/metrics-sample/rates", test_rates);
	g_test_add_func("/metrics-sample/too-close", test_too_close);
	g_test_add_func("/metrics-sample/reset", test_reset);
	g_test_add_func("/metrics-sample/missing-figure", test_missing_figure);
	g_test_add_func("/metrics-sample/round-trip", test_round_trip);
	g_test_add_func("/metrics-sample/rtt", test_rtt);
	g_test_add_func("/metrics-sample/rtt-made-up", test_rtt_made_up);
	return g_test_run();
}
