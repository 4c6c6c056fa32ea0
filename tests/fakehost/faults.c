/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to go wrong, when, and how. */
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hostler/error.h"

static const struct {
	const char *name;
	FakeEffect effect;
	int errnum;
} effects[] = {
	{ "hang", FAKE_EFFECT_HANG, 0 },
	{ "nothing", FAKE_EFFECT_NOTHING, 0 },
	{ "vanish", FAKE_EFFECT_VANISH, 0 },
	{ "caller dies", FAKE_EFFECT_CALLER_DIES, 0 },
	{ "vm starts", FAKE_EFFECT_VM_STARTS, 0 },
	{ "run dies", FAKE_EFFECT_RUN_DIES, 0 },
	{ "slow", FAKE_EFFECT_SLOW, 0 },
	{ "EACCES", FAKE_EFFECT_ERROR, EACCES },
	{ "EAGAIN", FAKE_EFFECT_ERROR, EAGAIN },
	{ "EBUSY", FAKE_EFFECT_ERROR, EBUSY },
	{ "EINVAL", FAKE_EFFECT_ERROR, EINVAL },
	{ "EIO", FAKE_EFFECT_ERROR, EIO },
	{ "ENODEV", FAKE_EFFECT_ERROR, ENODEV },
	{ "ENOENT", FAKE_EFFECT_ERROR, ENOENT },
	{ "ENOMEM", FAKE_EFFECT_ERROR, ENOMEM },
	{ "ENOTTY", FAKE_EFFECT_ERROR, ENOTTY },
	{ "EPERM", FAKE_EFFECT_ERROR, EPERM },
	{ "ERESTART", FAKE_EFFECT_ERROR, ERESTART },
};

/* How many words follow the door's name. */
static const struct {
	const char *door;
	guint words;
} doors[] = {
	{ "read", 2 }, { "write", 2 },	       { "link", 2 },  { "probe", 1 },	  { "config", 1 },
	{ "users", 1 }, { "config-write", 1 }, { "modprobe", 1 }, { "firewall", 0 }, { "suspend", 0 },
	{ "manager", 1 }, { "consoles", 1 }, { "console", 1 }, { "framebuffers", 1 }, { "framebuffer", 1 },
	{ "rmmod", 1 }, { "storage", 1 },
	{ "vfio-module", 1 }, { "on-vfio", 1 }, { "unbind-lock", 1 },
	{ "hot-reset", 1 },
};

FakeEffect fake_effect_parse(const char *text, int *errnum)
{
	for (gsize i = 0; i < G_N_ELEMENTS(effects); i++) {
		if (g_str_equal(effects[i].name, text)) {
			*errnum = effects[i].errnum;
			return effects[i].effect;
		}
	}
	return FAKE_EFFECT_NONE;
}

static int find_words(const char *door)
{
	for (gsize i = 0; door != NULL && i < G_N_ELEMENTS(doors); i++) {
		if (g_str_equal(doors[i].door, door))
			return (int)doors[i].words;
	}
	return -1;
}

static guint parse_count(const char *word, gboolean *always)
{
	*always = word != NULL && g_str_equal(word, "#*");
	if (word == NULL || word[0] != '#' || *always)
		return 1;
	return (guint)strtoul(word + 1, NULL, 10);
}

FakeFault *fake_fault_parse(const char *text, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	int n_words = find_words(words[0]);
	FakeFault *fault = g_new0(FakeFault, 1);
	g_autofree char *effect = NULL;
	guint rest = 1 + (guint)MAX(n_words, 0);

	if (n_words >= 0 && g_strv_length(words) > rest) {
		fault->door = g_strdup(words[0]);
		fault->subject = n_words > 0 ? g_strdup(words[1]) : NULL;
		fault->attribute = n_words > 1 ? g_strdup(words[2]) : NULL;
		fault->countdown = parse_count(words[rest], &fault->always);
		effect = g_strjoinv(" ", words + rest + (words[rest][0] == '#' ? 1 : 0));
		fault->effect = fake_effect_parse(effect, &fault->errnum);
	}
	if (fault->effect != FAKE_EFFECT_NONE && fault->countdown > 0)
		return fault;
	fake_fault_free(fault);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS, "no fault: %s", text);
	return NULL;
}

void fake_fault_free(FakeFault *fault)
{
	g_free(fault->door);
	g_free(fault->subject);
	g_free(fault->attribute);
	g_free(fault);
}

static gboolean is_of(const FakeFault *fault, const char *door, const char *subject, const char *attribute)
{
	return g_str_equal(fault->door, door) && g_strcmp0(fault->subject, subject) == 0 &&
	       (fault->attribute == NULL || g_strcmp0(fault->attribute, attribute) == 0);
}

static FakeEffect find_effect(FakeHost *fake, const char *door, const char *subject, const char *attribute,
			      int *errnum)
{
	for (guint i = 0; i < fake->faults->len; i++) {
		FakeFault *fault = g_ptr_array_index(fake->faults, i);
		FakeEffect effect = fault->effect;

		if (!is_of(fault, door, subject, attribute) || --fault->countdown > 0)
			continue;
		*errnum = fault->errnum;
		if (fault->always)
			fault->countdown = 1;
		else
			g_ptr_array_remove_index(fake->faults, i);
		return effect;
	}
	return FAKE_EFFECT_NONE;
}

FakeEffect fake_fault_meet(FakeHost *fake, const char *door, const char *subject, const char *attribute, int *errnum)
{
	FakeEffect effect = find_effect(fake, door, subject, attribute, errnum);

	fake->n_doors++;
	if (fake->fault_at != 0 && --fake->fault_at == 0) {
		effect = fake->effect_at;
		*errnum = fake->errnum_at;
	}
	if (effect == FAKE_EFFECT_CALLER_DIES) {
		fakehost_note(&fake->host, "libvirtd is killed");
		fakehost_caller_end(&fake->host);
		return FAKE_EFFECT_NONE;
	}
	if (effect == FAKE_EFFECT_VM_STARTS) {
		static const char *const no_devices[] = { NULL };

		fakehost_note(&fake->host, "a VM starts that has no hook");
		fakehost_qemu_start(&fake->host, "stranger", no_devices);
		return FAKE_EFFECT_NONE;
	}
	if (effect == FAKE_EFFECT_SLOW) {
		fake->now = MAX(fake->now, fake->host.deadline - G_USEC_PER_SEC);
		return FAKE_EFFECT_NONE;
	}
	if (effect == FAKE_EFFECT_RUN_DIES) {
		fakehost_note(&fake->host, "the run is killed");
		fake->killed = TRUE;
		fake_disk_keep(fake);
	}
	return effect;
}
