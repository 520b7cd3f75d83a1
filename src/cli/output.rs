//! What people and programs are shown. A closed pipe is not an error: who stops reading has read enough.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// How a text is coloured on a terminal.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    Good,
    Bad,
    Warn,
    Quiet,
    Strong,
}

/// Writes a line to standard output.
pub(super) fn line(text: impl AsRef<str>) {
    let _closed_pipe = writeln!(io::stdout().lock(), "{}", text.as_ref());
}

/// Writes an error to standard error.
pub(super) fn error(text: &str) {
    let label = if io::stderr().is_terminal() { "\x1b[31merror\x1b[0m" } else { "error" };
    let _closed_pipe = writeln!(io::stderr().lock(), "{label}: {}", text.trim_end());
}

/// Writes a value as indented JSON to standard output.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A line on standard error that is written over again and again, if that is a terminal; else nothing at all.
pub(super) struct StatusLine {
    shown: bool,
    terminal: bool,
}

impl StatusLine {
    pub(super) fn new() -> Self {
        Self { shown: false, terminal: io::stderr().is_terminal() }
    }

    /// Shows this in the place of what was shown before.
    pub(super) fn show(&mut self, text: &str) {
        if self.terminal {
            let _closed_pipe = write!(io::stderr().lock(), "\r\x1b[K{text}");
            self.shown = true;
        }
    }

    /// Takes the line away, so that another can be written.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _closed_pipe = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Colours a text if standard output is a terminal and nobody objects (`NO_COLOR`).
pub(super) fn styled(style: Style, text: &str) -> String {
    let code = match style {
        Style::Good => "32",
        Style::Bad => "31",
        Style::Warn => "33",
        Style::Quiet => "2",
        Style::Strong => "1",
    };
    let wanted = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if wanted { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}
