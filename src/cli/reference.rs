//! The reference of the command line, `docs/reference/commands.md`, made from its definition. Only tests make it.

use std::cell::RefCell;
use std::fmt::Write as _;

use clap::builder::ValueRange;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, CommandFactory as _};

use super::Cli;
use super::exit_code::ABOUT_EXIT_CODES;
use crate::azure::AzureConfig;
use crate::config::{self, Config};
use crate::schemas::is_current_text;

const INTRODUCTION: &str = "\
# Commands

Made from the definition that the program reads its arguments by, and held to it by a test:
`PEERPACT_WRITE_GOLDEN=1 cargo test --lib` writes it.

";

const COMMON: &str = "\
Answers go to standard output, errors to standard error. Every command takes `--help`, and reads [`PEERPACT_LOG`](settings.md):
`serve` logs from `info` on, the others from `warn` on if it is not set. `demo` and `sandbox` are not in the program that is deployed.
`queue` and `request` read the settings of Azure only where the namespace is given without a key.
";

/// Which settings a command reads, as the environment is asked for them.
fn settings_of(command: &str) -> Vec<String> {
    let asked = RefCell::new(Vec::new());
    let lookup = |name: &str| {
        let mut asked = asked.borrow_mut();
        if !asked.iter().any(|known| known == name) {
            asked.push(name.to_owned());
        }
        None
    };
    let queues = || drop((config::service_bus_from_env(lookup), AzureConfig::from_env(lookup)));
    match command.split(' ').nth(1) {
        Some("serve") => drop(Config::from_env(lookup)),
        Some("status") => drop(config::ledger_from_env(lookup)),
        Some("explain") => drop((AzureConfig::from_env(lookup), config::agreements_from_env(lookup))),
        Some("agreements") => drop(config::agreements_from_env(lookup)),
        Some("queue") => queues(),
        Some("request") => {
            queues();
            drop(config::ledger_from_env(lookup));
        }
        _ => {}
    }
    asked.into_inner()
}

/// What a command says that it does not do without, when it is given these arguments and no others.
fn missing_with<T: AsRef<str>>(command: &Command, given: &[T]) -> Vec<String> {
    let line = [command.get_name()].into_iter().chain(given.iter().map(AsRef::as_ref));
    let error = command.clone().try_get_matches_from(line).err();
    match error.as_ref().and_then(|error| error.get(ContextKind::InvalidArg)) {
        Some(ContextValue::Strings(arguments)) => {
            // A group of which one is enough; the usage shows it.
            let single = arguments.iter().filter(|text| !text.starts_with("<-"));
            single.map(|text| bare(text)).collect()
        }
        _ => Vec::new(),
    }
}

/// An argument's name without the brackets that say whether it is required.
fn bare(argument: &str) -> String {
    let name = argument.split(' ').next().unwrap_or(argument);
    name.trim_matches(['<', '>', '[', ']']).to_owned()
}

fn sentence(text: &str) -> String {
    format!("{}.", text.trim().trim_end_matches('.'))
}

fn code<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<_> = texts.into_iter().map(|text| format!("`{}`", text.as_ref())).collect();
    texts.join(", ")
}

fn row(command: &Command, arg: &Arg) -> String {
    let mut says = sentence(&arg.get_help().expect("every argument is explained").to_string());
    let missing = missing_with::<&str>(command, &[]);
    let required = |arg: &Arg| arg.is_required_set() || missing.contains(&bare(&arg.to_string()));
    let others = command.get_arg_conflicts_with(arg).into_iter().map(|other| bare(&other.to_string()));
    match (required(arg), code(others).as_str()) {
        (true, "") if command.is_subcommand_negates_reqs_set() => says += " Required without a command.",
        (true, "") => says += " Required.",
        (true, others) => write!(says, " Required without {others}.").unwrap(),
        (false, "") => {}
        (false, others) => write!(says, " Not with {others}.").unwrap(),
    }
    let takes_value = arg.get_num_args().is_some_and(|count| count != ValueRange::EMPTY);
    let values = arg.get_possible_values();
    if takes_value && !values.is_empty() && !arg.is_hide_possible_values_set() {
        write!(says, " One of {}.", code(values.iter().map(clap::builder::PossibleValue::get_name))).unwrap();
    }
    let defaults = arg.get_default_values();
    if takes_value && !defaults.is_empty() {
        write!(says, " Default {}.", code(defaults.iter().map(|value| value.to_string_lossy()))).unwrap();
        let given = [bare(&arg.to_string()), defaults[0].to_string_lossy().into_owned()];
        let mut needs = missing_with(command, &given);
        needs.retain(|name| {
            !command.get_arguments().any(|arg| required(arg) && bare(&arg.to_string()) == *name)
        });
        if !needs.is_empty() {
            write!(says, " Only with {}.", code(needs)).unwrap();
        }
    }
    if let Some(variable) = arg.get_env() {
        write!(says, " Else `{}`.", variable.to_string_lossy()).unwrap();
    }
    format!("| `{}` | {} |\n", arg.to_string().replace('|', r"\|"), says.replace('|', r"\|"))
}

fn chapter(text: &mut String, command: &mut Command, depth: usize) {
    let name = command.get_bin_name().expect("a built command has one").to_owned();
    let usage = command.render_usage().to_string();
    let about = sentence(&command.get_about().expect("every command says what it is for").to_string());
    write!(text, "\n{} `{name}`\n\n{about}\n\n", "#".repeat(depth)).unwrap();
    for line in usage.trim_start_matches("Usage:").lines() {
        writeln!(text, "    {}", line.trim()).unwrap();
    }
    let shown = |arg: &&Arg| !matches!(arg.get_id().as_str(), "help" | "version");
    let rows: Vec<_> = command.get_arguments().filter(shown).map(|arg| row(command, arg)).collect();
    if !rows.is_empty() {
        write!(text, "\n| argument | |\n|---|---|\n{}", rows.concat()).unwrap();
    }
    if let Some(more) = command.get_after_help() {
        write!(text, "\n{}\n", sentence(&more.to_string())).unwrap();
    }
    let settings = settings_of(&name);
    if depth == 2 && !settings.is_empty() {
        write!(text, "\n[Settings](settings.md): {}.\n", code(settings)).unwrap();
    }
    for inner in command.get_subcommands_mut() {
        chapter(text, inner, depth + 1);
    }
}

#[test]
fn the_reference_of_commands_is_what_the_program_takes() {
    let mut program = Cli::command().term_width(usize::from(u16::MAX));
    program.build();
    let about = sentence(&program.get_about().expect("it says what it is for").to_string());
    let mut text = format!("{INTRODUCTION}{about}\n\n{ABOUT_EXIT_CODES}\n\n{COMMON}");
    for command in program.get_subcommands_mut() {
        chapter(&mut text, command, 2);
    }
    is_current_text("docs/reference/commands.md", &text);
}
