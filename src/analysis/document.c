// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Systems and task sets as people write them: YAML, JSON (which libyaml reads as YAML), or CSV with
 * a line of column names. docs/analysis.md has the keys.
 *
 * The document is a tree of typed keys that is four levels deep at most, and is read by level, so
 * that neither an alias that points at its own parent nor aliases of aliases can blow it up: the
 * number of tasks is what is bounded.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "analysis/number.h"

#define MOST_TASKS 200000 /* of all VMs together */
#define MOST_COLUMNS 16

struct reader {
	yaml_document_t doc;
	char *err;
	size_t errlen;
	bool failed;
	int64_t unit;
	struct an_system *sys;
	int all_tasks;
};

__attribute__((format(printf, 3, 4))) static int fail_at(struct reader *r, size_t line,
							 const char *fmt, ...)
{
	va_list args;
	int used;

	if (r->failed)
		return -EINVAL;
	r->failed = true;
	used = snprintf(r->err, r->errlen, "%zu: ", line);
	va_start(args, fmt);
	vsnprintf(r->err + used, r->errlen - (size_t)used, fmt, args);
	va_end(args);
	for (char *c = r->err; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 127)
			*c = '?';
	return -EINVAL;
}

static size_t line_of(const yaml_node_t *n)
{
	return n->start_mark.line + 1;
}

static const char *text_of(const yaml_node_t *n)
{
	return n->type == YAML_SCALAR_NODE &&
			       strlen((char *)n->data.scalar.value) == n->data.scalar.length ?
		       (const char *)n->data.scalar.value :
		       NULL;
}

/*
 * Digits with at most 9 decimals, as a fraction. Returns the first character after them, or NULL.
 */
static const char *parse_decimal(const char *p, an_wide *value, an_wide *scale)
{
	bool digits = false, point = false;

	*value = 0;
	*scale = 1;
	for (; (*p >= '0' && *p <= '9') || (*p == '.' && !point); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		digits = true;
		if (*value > AN_MAX_TIME * (an_wide)1000000000 || (point && *scale >= 1000000000))
			return NULL;
		*value = *value * 10 + (*p - '0');
		*scale *= point ? 10 : 1;
	}
	return digits ? p : NULL;
}

int an_parse_time(const char *text, int64_t unit, int64_t *ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	an_wide value, scale;
	const char *p = parse_decimal(text, &value, &scale);
	int64_t factor = 0;

	if (!p)
		return -EINVAL;
	if (!*p)
		factor = unit;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(p, units[i].name))
			factor = units[i].ns;
	value *= factor;
	if (!factor || value % scale || value / scale > AN_MAX_TIME)
		return -EINVAL;
	*ns = (int64_t)(value / scale);
	return 0;
}

static int read_time(struct reader *r, const yaml_node_t *n, const char *key, int64_t *out)
{
	const char *text = text_of(n);

	if (!text || an_parse_time(text, r->unit, out))
		return fail_at(
			r, line_of(n),
			"%s: a time is written as 10ms, 2.5us or 300 (whole ns, at most 10^15)",
			key);
	return 0;
}

static int read_count(struct reader *r, const yaml_node_t *n, const char *key, int64_t most,
		      int64_t *out)
{
	const char *text = text_of(n), *p = text;
	int64_t v = 0;

	for (; p && *p >= '0' && *p <= '9' && v <= most; p++)
		v = v * 10 + (*p - '0');
	if (!text || !*text || *p || v > most)
		return fail_at(r, line_of(n), "%s: a whole number from 0 to %lld is needed", key,
			       (long long)most);
	*out = v;
	return 0;
}

static int read_choice(struct reader *r, const yaml_node_t *n, const char *key,
		       const char *const *names, int nr, int *out)
{
	const char *text = text_of(n);
	char all[200] = "";

	for (int i = 0; i < nr; i++) {
		if (text && !strcmp(text, names[i])) {
			*out = i;
			return 0;
		}
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			 names[i]);
	}
	return fail_at(r, line_of(n), "%s: write one of %s", key, all);
}

static int read_name(struct reader *r, const yaml_node_t *n, char *out)
{
	const char *text = text_of(n);

	if (!text || !*text || strlen(text) >= AN_NAME_LEN)
		return fail_at(r, line_of(n), "name: a name has 1 to %d letters", AN_NAME_LEN - 1);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c == 127)
			return fail_at(r, line_of(n), "name: a name has no control characters");
	strcpy(out, text);
	return 0;
}

/* One key of a mapping: 0, or the reader has failed. -ENOENT: no such key. */
typedef int (*key_fn)(struct reader *r, const char *key, yaml_node_t *value, void *to);

static int each_key(struct reader *r, yaml_node_t *map, const char *what, key_fn fn, void *to)
{
	if (map->type != YAML_MAPPING_NODE)
		return fail_at(r, line_of(map), "%s: a mapping of keys is needed", what);
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		yaml_node_t *key = yaml_document_get_node(&r->doc, p->key);
		yaml_node_t *value = yaml_document_get_node(&r->doc, p->value);
		const char *text = text_of(key);
		int ret;

		if (!text)
			return fail_at(r, line_of(key), "%s: a key is a word", what);
		for (yaml_node_pair_t *q = map->data.mapping.pairs.start; q < p; q++) {
			const char *other = text_of(yaml_document_get_node(&r->doc, q->key));

			if (other && !strcmp(other, text))
				return fail_at(r, line_of(key), "%s: given twice", text);
		}
		ret = fn(r, text, value, to);
		if (ret == -ENOENT)
			return fail_at(r, line_of(key), "%s: there is no such key in %s", text,
				       what);
		if (ret)
			return ret;
	}
	return 0;
}

static int set_task(struct reader *r, const char *key, yaml_node_t *v, void *to)
{
	struct an_task *t = to;
	int64_t number = 0;
	int ret;

	if (!strcmp(key, "name"))
		return read_name(r, v, t->name);
	if (!strcmp(key, "cost") || !strcmp(key, "cost_ns"))
		return read_time(r, v, key, &t->cost);
	if (!strcmp(key, "period") || !strcmp(key, "period_ns"))
		return read_time(r, v, key, &t->period);
	if (!strcmp(key, "deadline") || !strcmp(key, "deadline_ns"))
		return read_time(r, v, key, &t->deadline);
	if (!strcmp(key, "jitter"))
		return read_time(r, v, key, &t->jitter);
	if (!strcmp(key, "blocking"))
		return read_time(r, v, key, &t->blocking);
	if (strcmp(key, "priority"))
		return -ENOENT;
	ret = read_count(r, v, key, 1000000, &number);
	t->priority = (int)number;
	return ret;
}

/* Room for one more task, which is taken when it is valid. */
static int add_task(struct reader *r, struct an_vm *vm, struct an_task t, size_t line)
{
	char why[160];

	if (++r->all_tasks > MOST_TASKS || vm->nr_tasks == AN_MAX_TASKS)
		return fail_at(r, line, "too many tasks: at most %d of a VM and %d in all",
			       AN_MAX_TASKS, MOST_TASKS);
	if (!t.deadline)
		t.deadline = t.period;
	if (!t.name[0])
		snprintf(t.name, sizeof(t.name), "t%d", vm->nr_tasks + 1);
	if (an_tasks_valid(&t, 1, why, sizeof(why)))
		return fail_at(r, line, "%s", why);
	if (!(vm->nr_tasks & (vm->nr_tasks - 1))) {
		size_t room = vm->nr_tasks ? 2 * (size_t)vm->nr_tasks : 1;
		struct an_task *bigger = realloc(vm->tasks, room * sizeof(t));

		if (!bigger)
			return fail_at(r, line, "no memory");
		vm->tasks = bigger;
	}
	vm->tasks[vm->nr_tasks++] = t;
	return 0;
}

static int read_tasks(struct reader *r, yaml_node_t *list, struct an_vm *vm)
{
	if (list->type != YAML_SEQUENCE_NODE)
		return fail_at(r, line_of(list), "tasks: a list of tasks is needed");
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		yaml_node_t *n = yaml_document_get_node(&r->doc, *i);
		struct an_task t = { 0 };

		if (each_key(r, n, "a task", set_task, &t) || add_task(r, vm, t, line_of(n)))
			return -EINVAL;
	}
	return 0;
}

static int set_vm(struct reader *r, const char *key, yaml_node_t *v, void *to)
{
	struct an_vm *vm = to;
	int64_t number = 0;
	int choice = 0, ret;

	if (!strcmp(key, "name"))
		return read_name(r, v, vm->name);
	if (!strcmp(key, "sched")) {
		ret = read_choice(r, v, key, an_guest_names, AN_GUEST_PDM + 1, &choice);
		vm->guest = (enum an_guest)choice;
		return ret;
	}
	if (!strcmp(key, "model")) {
		ret = read_choice(r, v, key, an_model_names, AN_MODEL_DMPR + 1, &choice);
		vm->model = (enum an_model)choice;
		return ret;
	}
	if (!strcmp(key, "vcpus")) {
		ret = read_count(r, v, key, AN_MAX_CPUS, &number);
		vm->max_vcpus = (int)number;
		return ret;
	}
	if (!strcmp(key, "period")) {
		ret = read_time(r, v, key, &vm->min_period);
		vm->max_period = vm->min_period;
		return ret;
	}
	if (!strcmp(key, "min_period"))
		return read_time(r, v, key, &vm->min_period);
	if (!strcmp(key, "max_period"))
		return read_time(r, v, key, &vm->max_period);
	if (!strcmp(key, "budget"))
		return read_time(r, v, key, &vm->given_budget);
	if (!strcmp(key, "deadline"))
		return read_time(r, v, key, &vm->given_deadline);
	if (!strcmp(key, "tasks"))
		return read_tasks(r, v, vm);
	return -ENOENT;
}

static struct an_vm *new_vm(struct reader *r)
{
	struct an_system *sys = r->sys;
	struct an_vm *vms = sys->nr_vms < AN_MAX_SERVERS ?
				    realloc(sys->vms, ((size_t)sys->nr_vms + 1) * sizeof(*vms)) :
				    NULL;

	if (!vms)
		return NULL;
	sys->vms = vms;
	vms[sys->nr_vms] = (struct an_vm){ 0 };
	return &vms[sys->nr_vms++];
}

/* What only makes sense together. */
static int check_vm(struct reader *r, const struct an_vm *vm, size_t line)
{
	if (!vm->nr_tasks && !vm->given_budget)
		return fail_at(r, line, "%s: a VM needs tasks, or a budget and a period", vm->name);
	if (vm->max_period && vm->min_period > vm->max_period)
		return fail_at(r, line, "%s: min_period is above max_period", vm->name);
	if (vm->given_deadline && !vm->given_budget)
		return fail_at(r, line, "%s: a deadline goes with a budget", vm->name);
	if (vm->given_budget && (!vm->min_period || vm->min_period != vm->max_period))
		return fail_at(r, line, "%s: a budget needs its period", vm->name);
	if (vm->given_budget > vm->min_period && vm->given_budget)
		return fail_at(r, line, "%s: the budget is above the period", vm->name);
	if (vm->given_deadline &&
	    (vm->given_deadline < vm->given_budget || vm->given_deadline > vm->min_period))
		return fail_at(r, line, "%s: the deadline lies between budget and period",
			       vm->name);
	if ((vm->model == AN_MODEL_MPR || vm->model == AN_MODEL_DMPR) && vm->guest != AN_GUEST_GEDF)
		return fail_at(r, line, "%s: model %s is for guests with sched gedf", vm->name,
			       an_model_names[vm->model]);
	if ((vm->model == AN_MODEL_PRM || vm->model == AN_MODEL_EDP) && vm->guest == AN_GUEST_GEDF)
		return fail_at(r, line, "%s: model %s is not for guests with sched gedf", vm->name,
			       an_model_names[vm->model]);
	return 0;
}

static int read_vms(struct reader *r, yaml_node_t *list)
{
	if (list->type != YAML_SEQUENCE_NODE)
		return fail_at(r, line_of(list), "vms: a list of VMs is needed");
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		yaml_node_t *n = yaml_document_get_node(&r->doc, *i);
		struct an_vm *vm = new_vm(r);

		if (!vm)
			return fail_at(r, line_of(n), "vms: more than %d VMs", AN_MAX_SERVERS);
		snprintf(vm->name, sizeof(vm->name), "vm%d", r->sys->nr_vms);
		if (each_key(r, n, "a VM", set_vm, vm) || check_vm(r, vm, line_of(n)))
			return -EINVAL;
	}
	return 0;
}

static int set_host(struct reader *r, const char *key, yaml_node_t *v, void *to)
{
	static const char *const rules[] = { "edf", "rm", "dm", "fp" };
	static const char *const places[] = { "global", "partitioned" };
	static const char *const fits[] = { "first", "best", "worst" };
	static const char *const noyes[] = { "false", "true" };
	struct an_system *sys = to;
	int64_t number = 0;
	int choice = 0, ret;

	if (!strcmp(key, "pcpus")) {
		ret = read_count(r, v, key, AN_MAX_CPUS, &number);
		sys->host.cpus = (int)number;
	} else if (!strcmp(key, "sched")) {
		ret = read_choice(r, v, key, rules, 4, &choice);
		sys->host.rule = (enum an_rule)choice;
	} else if (!strcmp(key, "placement")) {
		ret = read_choice(r, v, key, places, 2, &choice);
		sys->host.partitioned = choice;
	} else if (!strcmp(key, "fit")) {
		ret = read_choice(r, v, key, fits, 3, &choice);
		sys->fit = (enum an_fit)choice;
	} else if (!strcmp(key, "server")) {
		ret = read_choice(r, v, key, an_server_kind_names, AN_NR_SERVER_KINDS, &choice);
		sys->kind = (enum an_server_kind)choice;
	} else if (!strcmp(key, "harmonic")) {
		ret = read_choice(r, v, key, noyes, 2, &choice);
		sys->harmonic = choice;
	} else if (!strcmp(key, "switch_cost")) {
		ret = read_time(r, v, key, &sys->host.switch_cost);
	} else if (!strcmp(key, "grain")) {
		ret = read_time(r, v, key, &sys->grain);
		if (!ret && !sys->grain)
			ret = fail_at(r, line_of(v), "grain: must be above 0");
	} else {
		ret = -ENOENT;
	}
	return ret;
}

static int set_top(struct reader *r, const char *key, yaml_node_t *v, void *to)
{
	struct an_vm *vm;

	(void)to;
	if (!strcmp(key, "host"))
		return each_key(r, v, "host", set_host, r->sys);
	if (!strcmp(key, "vms"))
		return read_vms(r, v);
	if (!strcmp(key, "tasks")) {
		vm = new_vm(r);
		if (!vm)
			return fail_at(r, line_of(v), "no memory");
		strcpy(vm->name, "tasks");
		if (read_tasks(r, v, vm))
			return -EINVAL;
		return check_vm(r, vm, line_of(v));
	}
	return !strcmp(key, "unit") || !strcmp(key, "name") ? 0 : -ENOENT;
}

/* The unit counts for the whole file, wherever it stands. */
static int find_unit(struct reader *r, yaml_node_t *root)
{
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
	     root->type == YAML_MAPPING_NODE && p < root->data.mapping.pairs.top; p++) {
		const char *key = text_of(yaml_document_get_node(&r->doc, p->key));
		yaml_node_t *v = yaml_document_get_node(&r->doc, p->value);

		if (!key || strcmp(key, "unit"))
			continue;
		if (!text_of(v) || an_parse_time(text_of(v), 0, &r->unit) || !r->unit)
			return fail_at(r, line_of(v), "unit: write a time, as 1us");
	}
	return 0;
}

static int read_yaml(struct reader *r, const char *text, size_t len)
{
	yaml_parser_t parser;
	yaml_node_t *root;
	int ret;

	if (!yaml_parser_initialize(&parser))
		return fail_at(r, 0, "no memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &r->doc)) {
		ret = fail_at(r, parser.problem_mark.line + 1, "%s",
			      parser.problem ? parser.problem : "this is no YAML");
		yaml_parser_delete(&parser);
		return ret;
	}
	root = yaml_document_get_root_node(&r->doc);
	if (!root)
		ret = fail_at(r, 1, "the file is empty");
	else if (find_unit(r, root))
		ret = -EINVAL;
	else
		ret = each_key(r, root, "a task-set file", set_top, NULL);
	if (!ret && !r->sys->nr_vms)
		ret = fail_at(r, 1, "the file has neither vms nor tasks");
	yaml_document_delete(&r->doc);
	yaml_parser_delete(&parser);
	return ret;
}

/* -- CSV ----------------------------------------------------------------------------------- */

static const char *const columns[] = { "vm",	      "set",	"name",	     "cost",
				       "cost_ns",     "period", "period_ns", "deadline",
				       "deadline_ns", "jitter", "blocking",  "priority" };
#define NR_COLUMNS ((int)(sizeof(columns) / sizeof(columns[0])))

static int set_field(struct reader *r, size_t line, int column, const char *text, struct an_task *t,
		     char *vm)
{
	int64_t *times[] = {
		[3] = &t->cost,	    [4] = &t->cost,	[5] = &t->period, [6] = &t->period,
		[7] = &t->deadline, [8] = &t->deadline, [9] = &t->jitter, [10] = &t->blocking
	};
	int64_t number;

	if (column <= 2) {
		if (strlen(text) >= AN_NAME_LEN - 4)
			return fail_at(r, line, "%s: at most %d letters", columns[column],
				       AN_NAME_LEN - 5);
		if (column == 2)
			strcpy(t->name, text);
		else
			snprintf(vm, AN_NAME_LEN, "%s%s", column == 1 ? "set" : "", text);
		return 0;
	}
	if (column < 11) {
		if (an_parse_time(text, r->unit, times[column]))
			return fail_at(r, line, "%s: '%s' is no time (10ms, 2.5us, or whole ns)",
				       columns[column], text);
		return 0;
	}
	if (an_parse_time(text, 1, &number) || number > 1000000)
		return fail_at(r, line, "priority: a whole number from 0 to 1000000 is needed");
	t->priority = (int)number;
	return 0;
}

static struct an_vm *vm_of(struct reader *r, const char *name)
{
	struct an_vm *vm = r->sys->nr_vms ? &r->sys->vms[r->sys->nr_vms - 1] : NULL;

	if (vm && !strcmp(vm->name, name))
		return vm;
	for (int i = 0; i < r->sys->nr_vms; i++)
		if (!strcmp(r->sys->vms[i].name, name))
			return &r->sys->vms[i];
	vm = new_vm(r);
	if (vm)
		strcpy(vm->name, name);
	return vm;
}

static int read_line(struct reader *r, char *line, size_t number, int *which, int *nr)
{
	struct an_task t = { 0 };
	char vm_name[AN_NAME_LEN] = "tasks", *rest = line, *field;
	struct an_vm *vm;
	bool header = !*nr;
	int column = 0;

	while ((field = strsep(&rest, ","))) {
		while (*field == ' ')
			field++;
		if (header) {
			int i = 0;

			while (i < NR_COLUMNS && strcmp(field, columns[i]))
				i++;
			if (i == NR_COLUMNS || *nr == MOST_COLUMNS)
				return fail_at(r, number, "there is no column '%s'", field);
			which[(*nr)++] = i;
			continue;
		}
		if (column == *nr)
			return fail_at(r, number, "more fields than columns");
		if (*field && set_field(r, number, which[column], field, &t, vm_name))
			return -EINVAL;
		column++;
	}
	if (header)
		return 0;
	if (column < *nr)
		return fail_at(r, number, "fewer fields than columns");
	vm = vm_of(r, vm_name);
	return vm ? add_task(r, vm, t, number) : fail_at(r, number, "too many VMs");
}

static int read_csv(struct reader *r, const char *text, size_t len)
{
	char *copy = strndup(text, len), *rest = copy, *line;
	int which[MOST_COLUMNS], nr = 0, ret = copy ? 0 : fail_at(r, 0, "no memory");
	size_t number = 0;

	while (!ret && (line = strsep(&rest, "\n"))) {
		size_t end = strlen(line);

		number++;
		if (end && line[end - 1] == '\r')
			line[end - 1] = '\0';
		if (*line && *line != '#')
			ret = read_line(r, line, number, which, &nr);
	}
	free(copy);
	if (!ret && !r->sys->nr_vms)
		ret = fail_at(r, 1, "the file has no task");
	return ret;
}

/* The first line that says something is a list of column names. */
static bool is_csv(const char *text, size_t len)
{
	size_t i = 0, end;

	while (i < len && (text[i] == '#' || text[i] == '\n' || text[i] == '\r')) {
		while (i < len && text[i] != '\n')
			i++;
		i += i < len;
	}
	for (end = i; end < len && text[end] != '\n' && text[end] != ':'; end++)
		;
	return (end == len || text[end] == '\n') && memchr(text + i, ',', end - i) &&
	       text[i] != '{' && text[i] != '[';
}

struct an_system *an_document_read(const char *text, size_t len, char *err, size_t errlen)
{
	struct reader r = { .err = err, .errlen = errlen, .unit = 1 };
	int ret;

	r.sys = calloc(1, sizeof(*r.sys));
	if (!r.sys) {
		snprintf(err, errlen, "0: no memory");
		return NULL;
	}
	r.sys->grain = 1;
	r.sys->kind = AN_DEFERRABLE;
	if (memchr(text, '\0', len))
		ret = fail_at(&r, 1, "the file has zero bytes: it is no text");
	else
		ret = is_csv(text, len) ? read_csv(&r, text, len) : read_yaml(&r, text, len);
	if (!ret)
		return r.sys;
	an_system_free(r.sys);
	free(r.sys);
	return NULL;
}
