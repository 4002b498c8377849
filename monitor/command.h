/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command table: a row holds a command's names, the schema of its
 * arguments, its help, examples, its handler and the schema of its result.
 * Parsing, completion, help and the JSON schemas are generated from it. One
 * file per family holds the rows (cmd_*.c).
 *
 *   line --> mon_parse() --> struct mon_call --> row->run() --> text in call->out, and fields
 *                                                               of it for programs (hv/fields.h)
 *
 * A wrong line gets its text again with a caret under the wrong word.
 */
#ifndef MONITOR_COMMAND_H
#define MONITOR_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/control.h"
#include "hv/error.h"
#include "hv/strbuf.h"

/* A longer line is refused. */
#define MON_LINE_MAX 1024
/* Arguments that a command may have. */
#define MON_ARGS_MAX 4
/* Units that one x command shows. */
#define MON_COUNT_MAX 65536

struct mon_session;
struct mon_call;
struct mon_arg_type;

/* /FMT of x, xp and print: 0 stands for "not given". */
struct mon_fmt {
	uint32_t count;
	char format; /* x d u o t a c s i f */
	char size;   /* b h w g */
};

struct mon_value {
	bool set;	     /* was given */
	uint64_t num;	     /* numbers, expressions, registers, vCPUs */
	uint64_t mask;	     /* of a condition: value & mask == num */
	const char *str;     /* words; lies in the call */
	const uint8_t *data; /* bytes; lies in the call */
	size_t len;
	struct mon_fmt fmt;
};

struct mon_arg {
	const char *name; /* "ADDR"; "-a" for a flag */
	const struct mon_arg_type *type;
	bool optional;
	uint64_t min, max; /* of numbers; both 0: any */
	const char *help;
};

/* What a member of a command's data is. */
enum mon_kind {
	MON_NUMBER,  /* 0 to 2^64-1 */
	MON_INTEGER, /* may be negative */
	MON_TEXT,
	MON_BOOL,
	MON_OBJECT, /* with the members `of` */
	MON_LIST,   /* of objects with the members `of`, or of what an unnamed row there is */
	MON_MAP,    /* an object whose members' names are data: values as in a list */
};
#define MON_OPTIONAL true
/*
 * The schema of what a command says as data (hv/fields.h): rows, the last of which has no name.
 * Every member is there in each answer unless it is optional.
 */
struct mon_field {
	const char *name; /* "" for what is in a list or a map and no object */
	enum mon_kind kind;
	bool optional;
	const char *help;
	const struct mon_field *of;
};
/* For commands that only do something; and for those that run or stop the guest: the run state
 * behind them, which is added to what their handler says. */
extern const struct mon_field mon_no_result[];
extern const struct mon_field mon_run_result[];
/* Items of lists that are plain numbers, and texts. */
extern const struct mon_field mon_numbers[];
extern const struct mon_field mon_texts[];

struct mon_command {
	const char *name;
	const char *aliases;	     /* "c|go", or NULL */
	const struct mon_arg *args;  /* ends with a row whose name is NULL; NULL: none */
	const char *help;	     /* one line */
	const char *detail;	     /* more for `help NAME`; may be NULL */
	const char *const *examples; /* lines that work; ends with NULL */
	const char *again; /* what an empty line does after it on a terminal; NULL: nothing */
	void (*run)(struct mon_call *call);
	const struct mon_field *result; /* beside run: what data it makes; never NULL there */
	/* Instead of run; beside it: what a word in full means, before it is taken for an argument.
	 * Ends with a row whose name is NULL. */
	const struct mon_command *sub;
};

/* A line that was understood: what a handler gets. */
struct mon_call {
	struct mon_session *session;
	struct machine *m;
	const struct mon_command *cmd;
	struct mon_value arg[MON_ARGS_MAX]; /* in the order of the schema */
	struct strbuf *out;
	struct error *err; /* where mon_error() leaves its sentence; NULL: in the output */
	bool failed;
	char store[2 * MON_LINE_MAX]; /* strings and bytes of the arguments */
	size_t stored;
};

/* Where a line is wrong. */
struct mon_mistake {
	size_t pos, len; /* in the line */
	struct error err;
};

/* The kinds of arguments; arg.c. */
extern const struct mon_arg_type mon_arg_flag;
extern const struct mon_arg_type mon_arg_number;  /* an expression within min..max */
extern const struct mon_arg_type mon_arg_address; /* an expression */
extern const struct mon_arg_type mon_arg_if;	  /* the rest: if EXPR; the expression is in str */
extern const struct mon_arg_type mon_arg_until_stopped; /* these two words */
extern const struct mon_arg_type mon_arg_seconds;	/* "0.5": milliseconds in num */
extern const struct mon_arg_type mon_arg_text; /* the rest: an expression for later, in str */
extern const struct mon_arg_type
	mon_arg_format; /* /FMT, right behind the command or with a blank */
extern const struct mon_arg_type mon_arg_register; /* an index into arch_regs() */
extern const struct mon_arg_type mon_arg_vcpu;	   /* an index that exists */
/* A number, or `all` as 0; with `catch` in front, which is then in str, of a catchpoint. */
extern const struct mon_arg_type mon_arg_breakpoint;
extern const struct mon_arg_type mon_arg_catch_kind;  /* enum catch_kind, by its name */
extern const struct mon_arg_type mon_arg_catch_value; /* an expression, or a name of that kind */
extern const struct mon_arg_type mon_arg_setting;     /* a register, or a setting by its name */
extern const struct mon_arg_type mon_arg_setting_value;
extern const struct mon_arg_type mon_arg_word;	  /* any; symbols complete it */
extern const struct mon_arg_type mon_arg_keys;	  /* codes of keys in data, two bytes each */
extern const struct mon_arg_type mon_arg_device;  /* a device's name */
extern const struct mon_arg_type mon_arg_file;	  /* the rest: a file's name */
extern const struct mon_arg_type mon_arg_command; /* the rest: words of a command */
extern const struct mon_arg_type mon_arg_bytes;	  /* the rest: numbers to 255 and "strings" */

extern const struct mon_arg_type mon_arg_device_reg; /* "edu0.status", in str */
extern const struct mon_arg_type mon_arg_access;     /* r, w or rw: enum bp_kind */
extern const struct mon_arg_type mon_arg_condition;  /* the rest: if value & MASK == V */
extern const struct mon_arg_type mon_arg_trace_what; /* enum mon_trace_what */
extern const struct mon_arg_type mon_arg_fault;	     /* enum device_fault */
extern const struct mon_arg_type mon_arg_card;	     /* a network card or its network, in str */
extern const struct mon_arg_type mon_arg_on_off;     /* 1 or 0 */

extern const struct mon_arg_type mon_arg_log_topic; /* a number for mon_log_topic_name() */

enum mon_trace_what { MON_TRACE_ON, MON_TRACE_OFF, MON_TRACE_SHOW };

/* Something about the machine or this console that is on or off (arg_setting.c). */
struct mon_setting {
	const char *name;
	bool (*get)(const struct mon_session *s);
	void (*set)(struct mon_session *s, bool on);
};
/* What mon_value.str is when a mon_arg_setting names an MSR by its number. */
extern const char mon_msr[];
/* The one that a mon_arg_setting names; NULL when that is a register or an MSR. */
const struct mon_setting *mon_setting_of(const struct mon_value *value);

struct mon_arg_type {
	const char *what;    /* "an address": for "expected …" */
	bool rest;	     /* takes all that is left of the line */
	const char *keyword; /* begins with this word, which ends the argument before; or NULL */
	/*
	 * Understands [*pos, len) of the line and moves *pos. 0, or negative errno with
	 * the place and a sentence in @mistake.
	 */
	int (*parse)(struct mon_call *call, const struct mon_arg *arg, const char *line,
		     size_t *pos, size_t len, struct mon_value *value, struct mon_mistake *mistake);
	/* Offers words for what begins with @prefix; NULL: none. */
	void (*complete)(struct mon_session *s, const char *prefix,
			 void (*add)(void *opaque, const char *word), void *opaque);
};

/* All rows, family after family; NULL past the last. */
const struct mon_command *mon_command_at(size_t n);
/* The same for a table of subcommands, or for the whole table when @sub is NULL. */
const struct mon_command *mon_command_in(const struct mon_command *sub, size_t n);
/*
 * By name, alias or unique prefix. -ENOENT or -EINVAL (ambiguous) with a sentence that
 * lists the candidates.
 */
int mon_command_find(const struct mon_command *sub, const char *word, size_t len,
		     const struct mon_command **out, struct error *err);
/* Whether what follows @cmd in line[pos, len) goes on in cmd->sub, not with arguments. */
bool mon_command_goes_on(const struct mon_command *cmd, const char *line, size_t pos, size_t len);

/* Fills @call for @line. Reads registers that the line names; changes nothing. */
int mon_parse(struct mon_session *s, const char *line, struct mon_call *call,
	      struct mon_mistake *mistake);
/* The line again, a caret under the wrong word, and the sentence. */
void mon_mistake_print(const char *line, const struct mon_mistake *mistake, bool colour,
		       struct strbuf *out);
/*
 * Parses and runs one line for a program: what it says lands in @out, and what went wrong in @err,
 * with a negative errno.
 */
int mon_execute(struct mon_session *s, const char *line, struct strbuf *out, struct error *err);
/*
 * The same for a person: everything lands in @out. A line that belongs to a breakpoint's commands
 * (script.h) is kept instead, which mon_run_now() never does.
 */
void mon_run(struct mon_session *s, const char *line, struct strbuf *out);
void mon_run_now(struct mon_session *s, const char *line, struct strbuf *out);

/* "x/FMT [ADDR]" */
void mon_usage(const struct mon_command *parent, const struct mon_command *cmd, struct strbuf *out);
/* Offers what may stand at [start, end) of @line. */
void mon_complete(struct mon_session *s, const char *line, size_t start, size_t end,
		  void (*add)(void *opaque, const char *word), void *opaque);

/* "exits"; NULL past the last (cmd_log.c). */
const char *mon_log_topic_name(unsigned n);
/* `delete catch N`; 0: all of them (cmd_catch.c). */
void mon_delete_catch(struct mon_call *call, int id);
/* "error: …\n" in the call's output. */
void mon_error(struct mon_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The families. Each ends with a row whose name is NULL. */
extern const struct mon_command mon_help_commands[];
extern const struct mon_command mon_run_commands[];
extern const struct mon_command mon_info_commands[]; /* the row `info` */
extern const struct mon_command mon_info_subcommands[];
extern const struct mon_command mon_memory_commands[];
extern const struct mon_command mon_copy_commands[];
extern const struct mon_command mon_pages_commands[];
extern const struct mon_command mon_backtrace_commands[];
extern const struct mon_command mon_symbol_commands[];
extern const struct mon_command mon_breakpoint_commands[];
extern const struct mon_command mon_catch_commands[];
extern const struct mon_command mon_change_commands[];
extern const struct mon_command mon_trace_commands[];
extern const struct mon_command mon_log_commands[];
extern const struct mon_command mon_profile_commands[];
extern const struct mon_command mon_script_commands[];
extern const struct mon_command mon_inject_commands[];
extern const struct mon_command mon_link_commands[];
extern const struct mon_command mon_port_commands[];
extern const struct mon_command mon_balloon_commands[];
/* Below break and watch: what devices do (cmd_device.c). */
extern const struct mon_command mon_break_device_commands[];
extern const struct mon_command mon_watch_device_commands[];

#endif
