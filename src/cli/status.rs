//! `status`: the ledger, for people and programs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::environment::variable;
use super::exit_code::NO;
use super::output::{self, Style, styled};
use super::runtime::block_on;
use crate::clock::Clock;
use crate::config;
use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::ledger::SqliteLedger;
use crate::public::health::{LedgerFreshness, seconds_since};
use crate::public::{self, Handshake, PublicEnd};

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// One handshake, by its id.
    id: Option<HandshakeId>,
    /// Only those in this phase.
    #[arg(long, conflicts_with = "id")]
    phase: Option<Phase>,
    /// The ledger's file; else `PEERPACT_LEDGER` says where it is.
    #[arg(long)]
    ledger: Option<PathBuf>,
    /// As JSON, in the shape of `GET /api/handshakes`.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let path = match &args.ledger {
        Some(path) => path.clone(),
        None => config::ledger_from_env(variable)?,
    };
    block_on(show(args, SqliteLedger::reading(path)))
}

async fn show(args: &StatusArgs, ledger: SqliteLedger) -> anyhow::Result<ExitCode> {
    if let Some(id) = &args.id {
        let Some(handshake) = public::one(&ledger, id).await? else {
            output::error(&format!("handshake {id} is not in this ledger"));
            return Ok(ExitCode::from(NO));
        };
        if args.json {
            output::json(&handshake)?;
        } else {
            whole(&handshake);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let handshakes = public::many(&ledger, args.phase).await?;
    if args.json {
        output::json(&handshakes)?;
        return Ok(ExitCode::SUCCESS);
    }
    if handshakes.is_empty() {
        output::line("no handshakes");
    } else {
        handshakes.iter().for_each(brief);
    }
    let now = Clock::system().now();
    let fresh = LedgerFreshness::read(&ledger, now).await?;
    if !handshakes.is_empty() || fresh.last_sweep.is_some() {
        freshness(&fresh, now);
    }
    Ok(ExitCode::SUCCESS)
}

/// How old what was shown may be, and what could not be read.
fn freshness(fresh: &LedgerFreshness, now: OffsetDateTime) {
    let oldest = match (fresh.oldest_check(now), fresh.never_checked) {
        (Some(age), _) => format!("oldest check {} ago", ago(age)),
        (None, 0) => "nothing is open".to_owned(),
        (None, never) => format!("{never} of {} open handshakes never looked at with success", fresh.open),
    };
    let Some(sweep) = &fresh.last_sweep else {
        output::line(format!("{oldest}; no sweep is on record"));
        return;
    };
    let when = ago(seconds_since(sweep.at, now));
    if sweep.troubles.is_empty() {
        output::line(format!("{oldest}; the last sweep was {when} ago"));
        return;
    }
    let what = styled(Style::Bad, "could not look at everything:");
    output::line(format!("{oldest}; the last sweep, {when} ago, {what}"));
    for trouble in &sweep.troubles {
        output::line(format!("    {trouble}"));
        if let Some(fix) = &trouble.fix {
            output::line(format!("    {} {fix}", styled(Style::Warn, "fix:")));
        }
    }
}

fn ago(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn brief(handshake: &Handshake) {
    let (ours, theirs) = (short(&handshake.ours), short(&handshake.theirs));
    output::line(format!("{}  {}  {ours} <-> {theirs}", handshake.id, phase(handshake.phase)));
    if let Some(reason) = &handshake.reason {
        output::line(format!("    {}", reason.message));
    }
    if let Some(fix) = handshake.reason.as_ref().and_then(|reason| reason.fix.as_ref()) {
        output::line(format!("    {} {fix}", styled(Style::Warn, "fix:")));
    }
}

fn whole(handshake: &Handshake) {
    output::line(format!("{}  {}", handshake.id, phase(handshake.phase)));
    for (whose, end) in [("ours", &handshake.ours), ("theirs", &handshake.theirs)] {
        output::line(format!("  {whose:<9} {}", end.resource_id));
        let half = end.half.as_deref().and_then(|half| half.rsplit('/').next()).unwrap_or("none");
        let state = end.state.as_deref().unwrap_or("absent");
        let sync = end.sync_level.as_ref().map_or_else(String::new, |sync| format!(", {sync}"));
        output::line(format!("            half {half}: {state}{sync} (tenant {})", end.tenant_id));
    }
    output::line(format!("  agreement {}", handshake.agreement.as_deref().unwrap_or("none")));
    for reason in &handshake.reasons {
        output::line(format!("  {} {}", styled(Style::Strong, &reason.code.as_str()), reason.message));
        if let Some(fix) = &reason.fix {
            output::line(format!("    {} {fix}", styled(Style::Warn, "fix:")));
        }
    }
    output::line(format!("  checked   {}", handshake.checked_at.map_or_else(|| "never".to_owned(), moment)));
    output::line("  history");
    for line in &handshake.history {
        let cause = serde_json::to_string(&line.cause.kind).unwrap_or_default();
        let cause = styled(Style::Quiet, &format!("({} {})", cause.trim_matches('"'), line.cause.id));
        output::line(format!("    {}  {} {cause}", moment(line.at), line.what));
    }
}

fn phase(phase: Phase) -> String {
    let style = match phase {
        Phase::Connected => Style::Good,
        Phase::Refused | Phase::Blocked | Phase::Broken => Style::Bad,
        Phase::Waiting | Phase::Completing => Style::Warn,
        Phase::Closed => Style::Quiet,
    };
    styled(style, &format!("{:<10}", phase.to_string()))
}

/// `group/network`, which is what people call a network; the last two parts of any other id.
fn short(end: &PublicEnd) -> String {
    let parts: Vec<&str> = end.resource_id.split('/').collect();
    match parts.as_slice() {
        [.., group, "providers", _, _, name] => format!("{group}/{name}"),
        [.., collection, name] => format!("{collection}/{name}"),
        _ => end.resource_id.clone(),
    }
}

fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
