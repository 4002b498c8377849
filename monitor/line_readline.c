// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Lines edited with GNU readline, through its callback interface (readline manual, "Alternate
 * Interface").
 *
 * Its bytes come from the chardev (rl_getc_function), its output goes there (a stream made with
 * fopencookie), and it touches neither signals nor terminal modes. readline's state is one per
 * program, so one console at a time owns it.
 *
 * A line is executed outside of readline: the handler is removed when a line is complete
 * and installed again behind the command's output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "monitor/console.h"

#define CTRL_C 3
#define CTRL_G 7 /* gives a search up */

static struct console *owner;
static FILE *out_stream, *in_stream;
static const uint8_t *input;
static size_t input_len;
static bool installed;	 /* readline has the line */
static bool line_done;	 /* its handler was called */
static char *line_text;	 /* with this; NULL: end of file, Ctrl-D */
static bool interrupted; /* Ctrl-C on an empty line */

/* ---- streams ---- */

static ssize_t stream_write(void *cookie, const char *buf, size_t size)
{
	(void)cookie;
	if (owner)
		console_write(owner, buf, size);
	return (ssize_t)size;
}

static ssize_t stream_read(void *cookie, char *buf, size_t size)
{
	(void)cookie;
	(void)buf;
	(void)size;
	return 0;
}

/*
 * A key that begins a sequence of keys (Ctrl-X). readline 8.2 loses its way when one ends an
 * incremental search in callback mode: the next key calls through a null pointer.
 */
static bool begins_sequence(int byte)
{
	return byte != ESC && rl_get_keymap()[byte].type == ISKMAP;
}

/* readline asks for more than there is only in the middle of a key's bytes: that key is dropped. */
static int next_byte(FILE *stream)
{
	int byte;

	(void)stream;
	if (!input_len)
		return EOF;
	input_len--;
	byte = *input++;
	if (RL_ISSTATE(RL_STATE_ISEARCH) && begins_sequence(byte))
		return CTRL_G;
	return byte;
}

static int bytes_available(void)
{
	return input_len > 0;
}

/* ---- callbacks ---- */

static void on_line(char *line)
{
	line_done = true;
	line_text = line;
	rl_callback_handler_remove();
	installed = false;
}

static int on_ctrl_c(int count, int key)
{
	(void)count;
	(void)key;
	if (!rl_end) {
		interrupted = true;
		return 0;
	}
	/* A line of the history shares its undo list with the history: both have to forget it. */
	rl_free_line_state();
	rl_replace_line("", 1);
	rl_crlf();
	rl_on_new_line();
	rl_redisplay();
	return 0;
}

/* The terminal's modes are the chardev's; but readline echoes only when it is told that it may. */
static void no_prep(int meta)
{
	(void)meta;
	rl_tty_set_echoing(1);
}

static void no_deprep(void)
{
}

/* ---- completion ---- */

struct matches {
	char **words;
	size_t count, cap;
};

static void add_match(void *opaque, const char *word)
{
	struct matches *m = opaque;
	char **words;

	if (m->count == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 32;

		words = reallocarray(m->words, cap, sizeof(*words));
		if (!words)
			return;
		m->words = words;
		m->cap = cap;
	}
	m->words[m->count] = strdup(word);
	if (m->words[m->count])
		m->count++;
}

static struct matches found;
static size_t given;

/* readline takes and frees each word. */
static char *next_match(const char *text, int state)
{
	(void)text;
	if (!state)
		given = 0;
	return given < found.count ? found.words[given++] : NULL;
}

static char **complete(const char *text, int start, int end)
{
	char **list;

	rl_attempted_completion_over = 1;
	if (!owner || start < 0 || end < start)
		return NULL;
	found = (struct matches){ 0 };
	mon_complete(&owner->session, rl_line_buffer, (size_t)start, (size_t)end, add_match,
		     &found);
	list = found.count ? rl_completion_matches(text, next_match) : NULL;
	free(found.words);
	return list;
}

/* ---- the editor ---- */

static bool setup(void)
{
	static const cookie_io_functions_t writer = { .write = stream_write };
	static const cookie_io_functions_t reader = { .read = stream_read };
	static bool done;

	if (done)
		return true;
	out_stream = fopencookie(NULL, "w", writer);
	in_stream = fopencookie(NULL, "r", reader);
	if (!out_stream || !in_stream)
		return false;
	rl_readline_name = "vitrine";
	rl_instream = in_stream;
	rl_outstream = out_stream;
	rl_getc_function = next_byte;
	rl_input_available_hook = bytes_available;
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0;
	rl_prep_term_function = no_prep;
	rl_deprep_term_function = no_deprep;
	rl_attempted_completion_function = complete;
	rl_completer_word_break_characters = " \t()+*/%&|^~<>=!";
	rl_initialize();
	/* What would ask the person a question and wait for the answer, or beep at stderr. */
	rl_completion_query_items = -1;
	rl_variable_bind("page-completions", "off");
	rl_variable_bind("bell-style", "none");
	rl_bind_key(CTRL_C, on_ctrl_c);
	/*
	 * M-C-j is too easily typed: readline 8.2's vi mode loops for ever on `e` before a byte
	 * that is no UTF-8. Who wants that mode has it from an inputrc.
	 */
	rl_unbind_function_in_map(rl_vi_editing_mode, emacs_meta_keymap);
	using_history();
	history_load();
	done = true;
	return true;
}

static bool edit_open(struct console *c)
{
	if (owner || !setup())
		return false;
	owner = c;
	return true;
}

static void edit_close(struct console *c)
{
	(void)c;
	if (installed) {
		/* The next console does not begin inside this one's search. */
		rl_callback_sigcleanup();
		/* … nor with its undo list. */
		rl_free_line_state();
		rl_callback_handler_remove();
		installed = false;
	}
	fflush(out_stream);
	owner = NULL;
}

static void edit_prompt(struct console *c, const char *prompt)
{
	unsigned cols, rows;

	if (installed) {
		rl_clear_visible_line();
		rl_set_prompt(prompt);
		rl_on_new_line();
		rl_redisplay();
	} else {
		if (c->cd) {
			chardev_winsize(c->cd, &cols, &rows);
			rl_set_screen_size((int)rows, (int)cols);
		}
		installed = true;
		rl_callback_handler_install(prompt, on_line);
	}
	fflush(out_stream);
}

static void edit_redraw(struct console *c)
{
	const char *prompt = console_prompt(c);

	if (!installed) {
		edit_prompt(c, prompt);
		return;
	}
	rl_set_prompt(prompt);
	rl_on_new_line();
	rl_redisplay();
	fflush(out_stream);
}

static void edit_tell(struct console *c, const char *text)
{
	if (installed)
		rl_clear_visible_line();
	fflush(out_stream);
	console_write(c, text, strlen(text));
	if (installed)
		edit_redraw(c);
}

static void take_line(struct console *c)
{
	char *line = line_text;

	line_done = false;
	line_text = NULL;
	fflush(out_stream);
	if (!line) {
		static const char hint[] = "\n`quit` ends vitrine and its guest\n";

		console_write(c, hint, sizeof(hint) - 1);
		c->editor->prompt(c, console_prompt(c));
		return;
	}
	if (strlen(line) > MON_LINE_MAX) {
		static const char refused[] = "error: this line is too long\n";

		console_write(c, refused, sizeof(refused) - 1);
		line[0] = '\0';
		c->session.again = NULL;
	}
	console_line(c, line);
	free(line);
}

static void edit_input(struct console *c, const uint8_t *data, size_t len)
{
	input = data;
	input_len = len;
	while (input_len && !c->closing && installed) {
		rl_callback_read_char();
		if (interrupted) {
			interrupted = false;
			console_interrupt(c);
		}
		if (line_done)
			take_line(c);
	}
	input_len = 0;
	fflush(out_stream);
}

const struct line_editor line_readline = {
	.open = edit_open,
	.close = edit_close,
	.input = edit_input,
	.prompt = edit_prompt,
	.redraw = edit_redraw,
	.tell = edit_tell,
};
